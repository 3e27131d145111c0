//! The compile errors of the attribute. Read each message as a user: it must be enough to fix the line.
//! `TRYBUILD=overwrite` writes the messages again.

use std::path::Path;
use std::process::Command;

#[test]
fn invalid_attributes_have_the_expected_errors() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/compile_errors/*.rs");
    if cfg!(not(feature = "tokio")) {
        cases.compile_fail("tests/compile_errors/without_tokio/*.rs");
    }
    if cfg!(not(feature = "insta")) {
        cases.compile_fail("tests/compile_errors/without_insta/*.rs");
    }
}

/// Errors of a test build: in other builds the compiler removes the tests first. The wording is the
/// compiler's, so the test compares only the line and a part of the message.
#[test]
fn invalid_tests_have_errors_at_their_lines() {
    let folder = tempfile::tempdir().unwrap();
    let library = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = format!(
        "[package]\nname = \"refused\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n\
         [dev-dependencies]\nmemcheck-lib = {{ path = {library:?} }}\n"
    );
    std::fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    // The versions that are downloaded already.
    std::fs::copy(library.join("../Cargo.lock"), folder.path().join("Cargo.lock")).unwrap();
    std::fs::create_dir(folder.path().join("src")).unwrap();
    let source = include_str!("compile_errors/test_build/refused.rs");
    std::fs::write(folder.path().join("src/lib.rs"), source).unwrap();

    let output = Command::new(env!("CARGO"))
        .args(["check", "--tests", "--message-format=short", "--color=never", "--offline"])
        .current_dir(folder.path())
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("refused"))
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{told}");

    let mut expected = 0;
    for (index, line) in source.lines().enumerate() {
        let Some((code, gist)) = line.split_once("//~ ") else { continue };
        expected += 1;
        let place = format!("src/lib.rs:{}:", index + 1);
        let found = told.lines().any(|told| told.starts_with(&place) && told.contains(gist));
        assert!(found, "nothing at {place} ({code}) tells {gist:?}:\n{told}");
    }
    let errors = told.lines().filter(|line| line.starts_with("src/lib.rs:")).count();
    assert_eq!(errors, expected, "{told}");
}
