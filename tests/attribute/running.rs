//! Ways of running: once and unjudged, groups that never run at the same time, output shown.

use crate::support::Project;

#[test]
fn once_serial_and_shown_output() {
    let project = Project::new("running").file(
        "src/lib.rs",
        r#"
        #![cfg(test)]
        use memcheck::memcheck;

        /// Two at the same time cannot both have the file.
        fn alone() {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("taken");
            std::fs::File::create_new(&path).expect("somebody else runs");
            std::thread::sleep(std::time::Duration::from_millis(2));
            std::fs::remove_file(&path).unwrap();
        }

        #[memcheck(serial = "file", iterations = 200)]
        fn one() { alone() }

        #[memcheck(serial = "file", iterations = 200)]
        fn two() { alone() }

        #[memcheck(iterations = 100)]
        fn says_hello() { println!("hello from the body"); }

        #[memcheck]
        fn leaks() { std::mem::forget(std::hint::black_box(Box::new(0u8))); }
        "#,
    );
    let output = project.memcheck(&["-j", "4", "--skip", "leaks"]).code(0);
    assert!(!output.stdout.contains("hello from the body"), "{}", output.stdout);

    let output = project.memcheck(&["says_hello", "--", "--nocapture"]).code(0);
    assert!(output.stdout.contains("hello from the body"), "{}", output.stdout);

    // Unjudged: the leak passes, and it is said that nothing was checked.
    project.cargo_test(&["leaks"]).code(101);
    let project = project.env("MEMCHECK", "once");
    // Also where libtest captures what a test that passes prints.
    let output = project.cargo_test(&["leaks"]).code(0);
    let said = "memcheck: leaks NOT CHECKED, its body runs once (MEMCHECK=once)";
    assert!(output.stderr.contains(said), "{}", output.stderr);
    let project = project.env("MEMCHECK", "twice");
    let said =
        "the environment variable MEMCHECK=\"twice\" cannot be used: it can only be \"once\"";
    let output = project.cargo_test(&["leaks"]).code(101);
    assert!(output.stdout.contains(said), "{}", output.stdout);
    assert!(project.memcheck(&[]).code(2).error().contains(said));
}
