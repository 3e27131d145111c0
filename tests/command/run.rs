//! A run: its exit code, a line for each test, the details, the summary.

use super::project_with_nested_test;
use crate::support::{Output, Project, redact};

/// A test for each status; its name says how it ends.
const STATUSES: &str = r#"
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

/// The results without the growth of the footprint, which is a page or two on some machines.
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
fn every_end_has_its_status_and_its_error() {
    let project = Project::new("every-end").file("src/lib.rs", STATUSES);
    let output = project.memcheck(&["-j", "1", "--iterations", "496"]).code(100);
    let stdout = output.redacted();
    let (lines, details) = stdout.split_once("\n\n").expect("details follow the lines");
    let statuses: Vec<String> = lines
        .lines()
        .map(|line| line.split("  ").map(str::trim).filter(|part| !part.is_empty()))
        .map(|mut parts| {
            parts.next().unwrap_or_default().to_owned() + " " + parts.next().unwrap_or_default()
        })
        .collect();
    insta::assert_snapshot!(statuses.join("\n"), @"
    SKIP [ T.TTs] every-end later
    CRASH [ T.TTs] every-end aborts
    EXIT [ T.TTs] every-end exits
    TIMEOUT [ T.TTs] every-end hangs
    LEAK [ T.TTs] every-end leaks
    FAIL [ T.TTs] every-end panics
    PASS [ T.TTs] every-end passes
    ");
    for headline in [
        "error[heap-growth]: 1 B in 1 block survives every iteration",
        "error[failed]: the test panicked in iteration 1: on purpose",
        "error[crashed]: the process was terminated by SIGABRT in iteration 1",
        "error[exited]: the process exited with status 0 in iteration 1",
        "error[timed-out]: the test was still running after 1 s in iteration 1",
    ] {
        assert!(details.contains(headline), "{headline} is missing in\n{details}");
    }
    // Failed tests are listed again below the summary.
    let (_, end) = stdout.rsplit_once("────────────\n").unwrap();
    let (summary, failures) = end.split_once('\n').unwrap();
    insta::assert_snapshot!(summary, @"     Summary [   T.TTs] 6 tests run: 1 passed, 1 skipped, 1 leaked, 1 failed, 1 crashed, 1 exited, 1 timed out");
    let mut failures: Vec<&str> = failures.lines().collect();
    failures.sort_unstable_by_key(|line| line.trim_start());
    assert_eq!(
        failures,
        [
            "       CRASH every-end aborts",
            "        EXIT every-end exits",
            "        FAIL every-end panics",
            "        LEAK every-end leaks",
            "     TIMEOUT every-end hangs",
        ]
    );
}

#[test]
fn a_run_without_failures_exits_0() {
    let project = Project::new("clean").file("src/lib.rs", STATUSES);
    let output = project.memcheck(&["passes", "--iterations", "496"]).code(0);
    insta::assert_snapshot!(without_resident(&output), @"
            PASS [   T.TTs] clean passes  heap +0 B/iter · resident <size> · allocates 64 B in 1 block · 496 iterations
    ────────────
         Summary [   T.TTs] 1 test run: 1 passed, 6 filtered out
    ");
    // Filters, ignored tests and arguments after `--` work as under `cargo test`.
    let output = project.memcheck(&["-v", "--", "later", "--include-ignored", "--exact"]).code(0);
    assert!(output.stdout.contains("PASS") && output.stdout.contains("clean later"));
    assert!(output.stdout.contains("would have seen ≥ 1 block per"), "{}", output.stdout);
}

#[test]
fn an_inconclusive_test_fails_unless_inconclusive_is_warn() {
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
fn fail_fast_reports_that_tests_did_not_run() {
    let project = Project::new("fast").file("src/lib.rs", STATUSES);
    let output = project.memcheck(&["-j", "1", "--fail-fast", "s", "--skip", "hangs"]).code(100);
    assert!(output.stdout.contains("not run"), "{}", output.stdout);
}

#[test]
fn the_short_format_is_one_line_per_test_with_its_location() {
    let project = Project::new("short").file("src/lib.rs", STATUSES);
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
fn no_run_lists_executables_as_cargo_test_does() {
    let project = Project::new("built").without_library().file("tests/it.rs", "");
    let shown = |output: Output| {
        let lines = output.stderr.lines().filter(|line| line.contains("Executable"));
        redact(&lines.collect::<Vec<_>>().join("\n"))
    };
    let listed = shown(project.memcheck(&["--no-run"]).code(0));
    assert_eq!(
        listed,
        "  Executable unittests src/lib.rs (<target>/debug/deps/built-<hash>)\n  \
         Executable tests/it.rs (<target>/debug/deps/it-<hash>)"
    );
    assert_eq!(listed, shown(project.cargo_test(&["--no-run"]).code(0)));
    assert_eq!(shown(project.memcheck(&["--no-run", "-q"]).code(0)), "");
}

#[test]
fn a_closed_stdout_keeps_the_exit_code() {
    let project = project_with_nested_test("closed-pipe");
    let mut command = project.memcheck_command(&[]);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(100));
}

#[test]
fn a_full_stdout_is_an_error_and_exits_1() {
    let project = project_with_nested_test("full-disk");
    let mut command = project.memcheck_command(&[]);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = command.stdout(full).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("cannot write the results to standard output"), "{stderr}");
}
