//! Ways of running: serial groups, and `MEMCHECK=once`, which runs the body without a verdict.

use std::sync::LazyLock;

use crate::support::{Output, Project, run};

static PROJECT: LazyLock<Project> = LazyLock::new(|| {
    Project::new("running").file(
        "src/lib.rs",
        r#"
        #![cfg(test)]
        use memcheck::memcheck;

        /// Fails if another test has the file at the same time.
        fn alone() {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("taken");
            std::fs::File::create_new(&path).expect("another test runs");
            std::thread::sleep(std::time::Duration::from_millis(2));
            std::fs::remove_file(&path).unwrap();
        }

        #[memcheck(serial = "file", iterations = 200)]
        fn one() { alone() }

        #[memcheck(serial = "file", iterations = 200)]
        fn two() { alone() }

        #[memcheck(iterations = 100)]
        fn other() {}

        #[memcheck]
        fn leaks() { std::mem::forget(std::hint::black_box(Box::new(0u8))); }
        "#,
    )
});

#[test]
fn tests_of_a_serial_group_never_run_at_the_same_time() {
    PROJECT.memcheck(&["-j", "4", "--skip", "leaks"]).code(0);
}

#[test]
fn memcheck_once_runs_the_body_once_without_a_verdict() {
    let leaks = |value: Option<&str>| -> Output {
        let mut command = PROJECT.cargo("test", &["leaks"]);
        run(command.envs(value.map(|value| ("MEMCHECK", value))))
    };
    leaks(None).code(101);
    // Visible although libtest captures the output of passing tests.
    let said = "memcheck: leaks NOT CHECKED, its body runs once (MEMCHECK=once)";
    let output = leaks(Some("once")).code(0);
    assert!(output.stderr.contains(said), "{}", output.stderr);
    // Any other value is an error, in a test and in the tool.
    let said = "the environment variable MEMCHECK=\"twice\" is invalid: expected \"once\"";
    let output = leaks(Some("twice")).code(101);
    assert!(output.stdout.contains(said), "{}", output.stdout);
    let output = run(PROJECT.memcheck_command(&[]).env("MEMCHECK", "twice")).code(2);
    assert!(output.error().contains(said), "{}", output.stderr);
}

const SKIPPED: &str = r#"
#![cfg(test)]
use std::hint::black_box;

#[memcheck::memcheck]
mod of_module {
    use super::*;

    #[memcheck::memcheck(skip = "100 %, once\nonly: é")]
    fn in_a_module() { Box::leak(black_box(Box::new(1))); }

    #[test]
    fn judged() {}
}

#[memcheck::memcheck(skip = "issue 1")]
fn fails() { panic!("the body ran") }

#[memcheck::memcheck]
#[ignore = "takes an hour, or two"]
fn ignored() {}

#[memcheck::memcheck]
#[cfg_attr(all(), ignore = "not here")]
fn ignored_here() {}

#[memcheck::memcheck]
fn by_the_file() { Box::leak(black_box(Box::new(1))); }
"#;

const SKIPPED_FILE: &str = r#"
[[profile.default.overrides]]
test = "by_the_file"
skip = "a known problem of the dependency"
"#;

#[test]
fn a_skipped_test_is_not_judged_and_its_reason_is_shown() {
    let project = Project::new("skipped")
        .file("src/lib.rs", SKIPPED)
        .file(".config/memcheck.toml", SKIPPED_FILE);
    let output = project.memcheck(&["--report", "report.json", "--junit", "junit.xml"]).code(0);
    for (test, reason) in [
        ("of_module::in_a_module", "100 %, once only: é"),
        ("fails", "issue 1"),
        ("ignored", "takes an hour, or two"),
        ("ignored_here", "not here"),
        ("by_the_file", "a known problem of the dependency"),
    ] {
        let line = format!("SKIP [   0.00s] skipped {test}  ({reason})\n");
        assert!(output.stdout.contains(&line), "{line}{}", output.stdout);
    }
    assert!(output.stdout.contains("PASS"), "{}", output.stdout);
    let json = std::fs::read_to_string(project.path().join("report.json")).unwrap();
    assert!(json.contains(r#"{"kind":"skipped","reason":"issue 1"}"#), "{json}");
    let junit = std::fs::read_to_string(project.path().join("junit.xml")).unwrap();
    assert!(junit.contains(r#"<skipped message="issue 1""#), "{junit}");
    let list = project.memcheck(&["list"]).code(0).stdout;
    assert!(list.contains("fails (skipped: issue 1)\n"), "{list}");
    assert!(list.contains("ignored (ignored: takes an hour, or two)\n"), "{list}");

    // An ordinary test: it runs once, and fails if its body fails.
    let output = project.cargo_test(&["--", "--test-threads=1"]).code(101);
    for result in ["in_a_module ... ok", "fails ... FAILED", "ignored ... ignored"] {
        assert!(output.stdout.contains(result), "{}", output.stdout);
    }
    assert!(output.stdout.contains("the body ran"), "{}", output.stdout);
    assert!(!output.stderr.contains("NOT CHECKED"), "{}", output.stderr);
}

#[test]
fn a_skip_without_a_reason_is_an_error() {
    let project = Project::new("skip_without_reason")
        .file("src/lib.rs", "#[cfg(test)] #[memcheck::memcheck(skip = \" \")] fn f() {}");
    let output = project.memcheck(&[]).code(101);
    assert!(output.stderr.contains("invalid value for `skip`"), "{}", output.stderr);
    let file = SKIPPED_FILE.replace("a known problem of the dependency", "");
    let project = project.file("src/lib.rs", "").file(".config/memcheck.toml", file);
    let output = project.memcheck(&[]).code(2);
    assert!(output.stderr.contains("skip"), "{}", output.stderr);
}
