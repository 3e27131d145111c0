//! What a run does with tests that end in every way, and how it tells.

use std::process::{Command, Stdio};

use crate::support::processes::{is_running, until};
use crate::support::{Output, Project};

/// One test for each word, each stating its truth in its name.
const WORDS: &str = r#"
#![cfg(test)]
use memcheck::memcheck;

#[memcheck]
fn passes() { std::hint::black_box(vec![0u8; 64]); }
#[memcheck]
fn leaks() { std::mem::forget(std::hint::black_box(Box::new(0u8))); }
#[memcheck]
fn panics() { panic!("on purpose"); }
#[memcheck]
fn aborts() { std::process::abort(); }
#[memcheck]
fn exits() { std::process::exit(0); }
#[memcheck(timeout = "1s")]
fn hangs() { std::thread::sleep(std::time::Duration::from_secs(3600)); }
#[memcheck]
#[ignore]
fn later() {}
"#;

/// The results without the growth of the footprint, which on some machines is a page or two.
fn without_resident(output: &Output) -> String {
    let text = output.redacted();
    let mut parts = text.split("resident ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("resident <size>");
        out.push_str(&part[part.find(" ·").unwrap_or(0)..]);
    }
    out
}

#[test]
fn every_end_has_its_word() {
    let project = Project::new("words").file("src/lib.rs", WORDS);
    let output = project.memcheck(&["-j", "1", "--iterations", "496"]).code(100);
    let stdout = output.redacted();
    let (lines, details) = stdout.split_once("\n\n").expect("details follow the lines");
    let words: Vec<String> = lines
        .lines()
        .map(|line| line.split("  ").map(str::trim).filter(|part| !part.is_empty()))
        .map(|mut parts| {
            parts.next().unwrap_or_default().to_owned() + " " + parts.next().unwrap_or_default()
        })
        .collect();
    insta::assert_snapshot!(words.join("\n"), @"
    SKIP [ T.TTs] words later
    CRASH [ T.TTs] words aborts
    EXIT [ T.TTs] words exits
    TIMEOUT [ T.TTs] words hangs
    LEAK [ T.TTs] words leaks
    FAIL [ T.TTs] words panics
    PASS [ T.TTs] words passes
    ");
    for headline in [
        "error[heap-growth]: 1 B in 1 block survives every iteration",
        "error[failed]: the test panicked in iteration 1: on purpose",
        "error[crashed]: ended by SIGABRT in iteration 1",
        "error[exited]: the process exited with status 0 in iteration 1",
        "error[timed-out]: still not finished after 1 s in iteration 1",
    ] {
        assert!(details.contains(headline), "{headline} is missing in\n{details}");
    }
    // What failed is named once more below the summary.
    let (_, end) = stdout.rsplit_once("────────────\n").unwrap();
    let (summary, failures) = end.split_once('\n').unwrap();
    insta::assert_snapshot!(summary, @"     Summary [   T.TTs] 6 tests run: 1 passed, 1 skipped, 1 leaked, 1 failed, 1 crashed, 1 exited, 1 timed out");
    let mut failures: Vec<&str> = failures.lines().collect();
    failures.sort_unstable_by_key(|line| line.trim_start());
    assert_eq!(
        failures,
        [
            "       CRASH words aborts",
            "        EXIT words exits",
            "        FAIL words panics",
            "        LEAK words leaks",
            "     TIMEOUT words hangs",
        ]
    );
}

#[test]
fn a_clean_run_succeeds() {
    let project = Project::new("clean").file("src/lib.rs", WORDS);
    let output = project.memcheck(&["passes", "--iterations", "496"]).code(0);
    insta::assert_snapshot!(without_resident(&output), @"
            PASS [   T.TTs] clean passes  heap +0 B/iter · resident <size> · allocates 64 B in 1 block · 496 iterations
    ────────────
         Summary [   T.TTs] 1 test run: 1 passed, 6 filtered out
    ");
    // Filters, ignored tests and arguments after `--` as under `cargo test`.
    let output = project.memcheck(&["-v", "--", "later", "--include-ignored", "--exact"]).code(0);
    assert!(output.stdout.contains("PASS") && output.stdout.contains("clean later"));
    assert!(output.stdout.contains("would have seen ≥ 1 block per"), "{}", output.stdout);
}

#[test]
fn flags_outrank_the_attribute() {
    let project = Project::new("flags").file("src/lib.rs", WORDS);
    project.memcheck(&["leaks"]).code(100);
    project.memcheck(&["leaks", "--heap", "1 KiB", "--iterations", "496"]).code(0);
    let output = project.memcheck(&["hangs", "--timeout", "100ms"]).code(100);
    assert!(output.stdout.contains("still not finished after 0.1 s"), "{}", output.stdout);
}

#[test]
fn an_inconclusive_test_passes_by_request_only() {
    let project = Project::new("unsure").file(
        "src/lib.rs",
        "#[cfg(test)]\n#[memcheck::memcheck]\n\
         fn slow() { std::thread::sleep(std::time::Duration::from_millis(100)); }\n",
    );
    let slow = ["--time", "300ms", "--warmup", "1"];
    let output = project.memcheck(&slow).code(100);
    assert!(output.stdout.contains("UNSURE"), "{}", output.stdout);
    assert!(output.stdout.contains("1 inconclusive"), "{}", output.stdout);
    project.memcheck(&[&slow[..], &["--inconclusive", "warn"]].concat()).code(0);
}

#[test]
fn output_of_the_test_is_shown_on_request() {
    let project = Project::new("shown").file(
        "src/lib.rs",
        "#[cfg(test)]\n#[memcheck::memcheck(iterations = 16, warmup = 1)]\n\
         fn talks() { println!(\"hello from the body\"); }\n",
    );
    let hello = |output: &Output| {
        output.stdout.contains("hello from the body")
            || output.stderr.contains("hello from the body")
    };
    assert!(!hello(&project.memcheck(&[])));
    assert!(hello(&project.memcheck(&["--no-capture"])));
    assert!(hello(&project.memcheck(&["--", "--nocapture"])));
}

#[test]
fn fail_fast_leaves_tests_out_and_says_so() {
    let project = Project::new("fast").file("src/lib.rs", WORDS);
    let output = project.memcheck(&["-j", "1", "--fail-fast", "s", "--skip", "hangs"]).code(100);
    assert!(output.stdout.contains("not run"), "{}", output.stdout);
}

#[test]
fn the_short_form_is_a_line_for_each_test_with_its_place() {
    let project = Project::new("short").file("src/lib.rs", WORDS);
    let output = project
        .memcheck(&["--message-format=short", "--iterations=496", "passes", "panics", "-j1"])
        .code(100);
    insta::assert_snapshot!(without_resident(&output), @"
    src/lib.rs:9:1: FAIL [   T.TTs] short panics
    src/lib.rs:5:1: PASS [   T.TTs] short passes  heap +0 B/iter · resident <size> · allocates 64 B in 1 block · 496 iterations
    Summary [   T.TTs] 2 tests run: 1 passed, 1 failed, 5 filtered out
    ");
}

#[test]
fn a_signal_ends_the_run_and_leaves_nothing_behind() {
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let name = format!("signal-{}", signal.to_lowercase());
        let project = Project::new(&name).file(
            "src/lib.rs",
            "#[cfg(test)]\n#[memcheck::memcheck]\nfn hangs() {\n\
             \x20   let child = std::process::Command::new(\"sleep\").arg(\"3600\").spawn().unwrap();\n\
             \x20   let pids = format!(\"{} {}\", std::process::id(), child.id());\n\
             \x20   std::fs::write(\"new\", pids).unwrap();\n\
             \x20   std::fs::rename(\"new\", \"pids\").unwrap();\n\
             \x20   std::thread::sleep(std::time::Duration::from_secs(3600));\n}\n",
        );
        let mut command = project.memcheck_command(&[]);
        let tool = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let pids = project.path().join("pids");
        until("the body runs", || pids.exists());
        let pids = std::fs::read_to_string(pids).unwrap();
        let status = Command::new("kill").args(["-s", signal, &tool.id().to_string()]).status();
        assert!(status.unwrap().success());
        let output = tool.wait_with_output().unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(code), "{stdout}");
        // What is known is told.
        assert!(stdout.contains("Interrupted") && stdout.contains("Summary"), "{stdout}");
        for pid in pids.split(' ') {
            until(&format!("{pid} ends after {signal}"), || !is_running(pid));
        }
    }
}

/// `nohup` starts its command with SIGHUP ignored: it goes on when the terminal is closed.
#[test]
fn a_signal_that_is_ignored_stays_ignored() {
    let project = Project::new("nohup").file(
        "src/lib.rs",
        "#[cfg(test)]\n#[memcheck::memcheck]\nfn hangs() {\n\
         \x20   std::fs::write(\"runs\", \"\").unwrap();\n\
         \x20   std::thread::sleep(std::time::Duration::from_secs(3600));\n}\n",
    );
    let tool = project.memcheck_command(&[]);
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' HUP; exec \"$@\"", "sh"]).arg(tool.get_program());
    command.args(tool.get_args()).current_dir(project.path());
    for (name, value) in tool.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let tool = command.spawn().unwrap();
    let runs = project.path().join("runs");
    until("the body runs", || runs.exists());
    for signal in ["HUP", "TERM"] {
        let status = Command::new("kill").args(["-s", signal, &tool.id().to_string()]).status();
        assert!(status.unwrap().success());
    }
    // A second signal that is heard would have ended the tool before it tells what it knows.
    let output = tool.wait_with_output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(143), "{stdout}");
    assert!(stdout.contains("Summary"), "{stdout}");
}
