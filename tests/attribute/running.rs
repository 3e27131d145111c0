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
