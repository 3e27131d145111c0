//! Tests that exist already: an annotated module, and `memcheck::test`. `cargo test` runs them once, as
//! before; `cargo memcheck` judges them.

use crate::support::Project;

const TESTS: &str = r#"
#![cfg(test)]
use std::hint::black_box;

fn leak() { Box::leak(black_box(Box::new([1u8; 24]))); }

mod imported {
    use memcheck::test;
    use super::leak;

    #[test]
    fn clean() {}

    #[test]
    fn leaks() { leak() }

    #[test]
    #[should_panic(expected = "on purpose")]
    fn panics() { panic!("on purpose") }

    #[test]
    #[ignore = "slow"]
    fn ignored() {}

    #[test]
    fn result() -> Result<(), std::num::ParseIntError> { "1".parse::<u8>().map(drop) }

    #[test]
    async fn asynchronous() { tokio::task::yield_now().await }
}

#[memcheck::memcheck]
mod annotated {
    use super::leak;

    #[test]
    fn leaks() { leak() }

    #[memcheck::test(iterations = 500)]
    fn leaks_by_path() { leak() }
}

#[memcheck::memcheck]
mod only_panics {
    #[test]
    #[should_panic]
    fn panics() { panic!() }
}

#[memcheck::memcheck(iterations = 500)]
fn dedicated() {}
"#;

const SAID: &str = "run once here, without a verdict";

#[test]
fn tests_that_exist_already_run_once_under_cargo_test_and_are_judged_by_cargo_memcheck() {
    let project = Project::new("bulk").library_features(&["tokio"]).file("src/lib.rs", TESTS);
    let output = project.cargo_test(&[]).code(0);
    assert!(output.stdout.contains("9 passed; 0 failed; 1 ignored"), "{}", output.stdout);
    assert_eq!(output.stderr.matches(SAID).count(), 1, "{}", output.stderr);

    let output = project.memcheck(&[]).code(100);
    for (status, test) in [
        ("PASS", "imported::clean"),
        ("LEAK", "imported::leaks"),
        ("SKIP", "imported::ignored"),
        ("PASS", "imported::result"),
        ("PASS", "imported::asynchronous"),
        ("LEAK", "annotated::leaks"),
        ("LEAK", "annotated::leaks_by_path"),
        ("PASS", "dedicated"),
    ] {
        let line = output.stdout.lines().find(|line| line.contains(&format!("bulk {test} ")));
        let line = line.unwrap_or_else(|| panic!("{test}: {}", output.stdout));
        assert!(line.trim_start().starts_with(status), "{line}");
    }
    assert!(!output.stdout.contains("panics") && !output.stderr.contains(SAID));

    // A dedicated test is judged there, too.
    let dedicated = project.cargo_test(&["dedicated", "--", "--nocapture"]).code(0);
    assert!(dedicated.stdout.contains("PASS") && !dedicated.stderr.contains(SAID));

    for (name, value) in [("MEMCHECK", "judge"), ("MEMCHECK_REPORT_DIR", "reports")] {
        let mut command = project.cargo("test", &["leaks"]);
        let output = crate::support::run(command.env(name, value)).code(101);
        assert!(output.stdout.contains("0 passed; 3 failed"), "{name} {}", output.stdout);
        assert!(!output.stderr.contains(SAID), "{}", output.stderr);
    }
    let mut command = project.cargo("test", &["clean"]);
    let output = crate::support::run(command.env("MEMCHECK", "twice")).code(101);
    assert!(output.stdout.contains("or \"judge\""), "{}", output.stdout);
}
