//! What a run does with tests that cannot be judged, and how its results are told.

use crate::support::{Output, Project, redact};

/// A project whose only annotated test can never run, because it is inside of a function.
fn nested(name: &str) -> Project {
    Project::new(name).file(
        "src/lib.rs",
        "#![cfg(test)]\n#[test]\nfn outer() {\n    #[memcheck::memcheck]\n    fn inner() {}\n}\n",
    )
}

#[test]
fn a_test_that_libtest_cannot_reach_is_a_failure_that_says_so() {
    let output = nested("nested").memcheck(&[]).code(100);
    let why = "the test harness does not know `inner`, so it can never run: a test inside of a \
               function is out of its reach";
    assert!(output.stdout.contains(why), "{}", output.stdout);
}

#[test]
fn json_is_one_object_to_a_line() {
    let output = nested("json").memcheck(&["--message-format", "json"]).code(100);
    let mut lines: Vec<serde_json::Value> =
        output.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // Those of cargo come first.
    let built = lines.iter().position(|line| line["reason"] == "build-finished").unwrap();
    lines.drain(..=built);
    let reasons: Vec<&str> = lines.iter().filter_map(|line| line["reason"].as_str()).collect();
    assert_eq!(reasons, ["compiler-message", "memcheck-report", "memcheck-summary"]);
    assert_eq!(lines[0]["message"]["spans"][0]["line_start"], 4);
    assert_eq!(lines[1]["status"], "FAIL");
    assert_eq!(lines[1]["report"]["test"]["name"], "inner");
    assert_eq!(lines[1]["report"]["test"]["binary"], "json");
    assert_eq!(lines[1]["report"]["test"]["line"], 4);
    assert_eq!(lines[2]["counts"]["FAIL"], 1);
}

/// An editor that runs this in the place of `cargo check` must see what the compiler says, once.
#[test]
fn json_has_what_the_compiler_says() {
    let project = Project::new("warns").without_library().file("src/lib.rs", "fn unused() {}\n");
    let output = project.memcheck(&["--message-format=json"]).code(4);
    assert_eq!(codes(&output.stdout), ["dead_code", "dead_code"]);
    assert!(!output.stderr.contains("is never used"), "{}", output.stderr);

    project.write("src/lib.rs", "fn broken() -> u8 { missing }\n");
    let output = project.memcheck(&["--message-format=json"]).code(101);
    assert!(codes(&output.stdout).contains(&"E0425".to_owned()), "{}", output.stdout);
    assert!(output.stdout.contains(r#"{"reason":"build-finished","success":false}"#));
    assert!(!output.stderr.contains("cannot find value"), "{}", output.stderr);
    // A document on standard output has that for itself.
    let output = project.memcheck(&["--message-format=json", "--report=-"]).code(101);
    assert!(output.stdout.is_empty() && output.stderr.contains("build-finished"));
}

/// The codes of the compiler's messages, as cargo's own parser reads them.
fn codes(stdout: &str) -> Vec<String> {
    use cargo_metadata::Message;
    let messages = Message::parse_stream(stdout.as_bytes()).map(Result::unwrap);
    let mut codes = Vec::new();
    for message in messages {
        match message {
            Message::CompilerMessage(message) => {
                codes.extend(message.message.code.map(|code| code.code));
            }
            Message::TextLine(line) => panic!("no message: {line}"),
            _ => {}
        }
    }
    codes
}

#[test]
fn what_is_built_is_told_as_cargo_does() {
    let project = Project::new("built").without_library().file("tests/it.rs", "");
    let shown = |output: Output| {
        let lines = output.stderr.lines().filter(|line| line.contains("Executable"));
        redact(&lines.collect::<Vec<_>>().join("\n"))
    };
    let told = shown(project.memcheck(&["--no-run"]).code(0));
    assert_eq!(
        told,
        "  Executable unittests src/lib.rs (<target>/debug/deps/built-<hash>)\n  \
         Executable tests/it.rs (<target>/debug/deps/it-<hash>)"
    );
    assert_eq!(told, shown(project.cargo_test(&["--no-run"]).code(0)));
    assert_eq!(shown(project.memcheck(&["--no-run", "-q"]).code(0)), "");
}

#[test]
fn a_reader_that_goes_away_changes_nothing_about_the_result() {
    let project = nested("closed-pipe");
    let mut command = project.memcheck_command(&[]);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(100));
}

#[test]
fn a_full_disk_is_told_and_the_summary_is_not_lost_in_silence() {
    let project = nested("full-disk");
    let mut command = project.memcheck_command(&[]);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = command.stdout(full).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("the results could not be written to standard output"), "{stderr}");
}
