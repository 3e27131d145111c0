//! What a run does with tests that cannot be judged, and how its results are told.

mod support;

use support::Project;

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
    let lines: Vec<serde_json::Value> =
        output.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let reasons: Vec<&str> = lines.iter().filter_map(|line| line["reason"].as_str()).collect();
    assert_eq!(reasons, ["compiler-message", "memcheck-report", "memcheck-summary"]);
    assert_eq!(lines[0]["message"]["spans"][0]["line_start"], 4);
    assert_eq!(lines[1]["word"], "FAIL");
    assert_eq!(lines[1]["report"]["test"]["name"], "inner");
    assert_eq!(lines[1]["report"]["test"]["binary"], "json");
    assert_eq!(lines[1]["report"]["test"]["line"], 4);
    assert_eq!(lines[2]["counts"]["FAIL"], 1);
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
