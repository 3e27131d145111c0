//! `--prove`: leaks that the tool plants in passing tests are detected. If they were not, `--prove`
//! would fail.

use crate::support::{Output, Project, root};
use serde_json::Value;

const SOURCE: &str = r#"
#![cfg(test)]
use std::hint::black_box;
use memcheck::memcheck;

#[memcheck]
fn clean() { black_box(vec![1u8; 100]); }

#[memcheck(heap = "32 B", fds = 2)]
fn may_grow_a_little() { black_box(vec![1u8; 100]); }

#[memcheck]
fn leaks() { black_box(Box::leak(Box::new([0u8; 16]))); }

#[memcheck(known_leak = "issue 3", iterations = 500)]
fn is_known() { black_box(Box::leak(Box::new([0u8; 16]))); }
"#;

/// The lines of the JSON output.
fn lines(output: &Output) -> Vec<Value> {
    output
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("one object a line"))
        .collect()
}

/// Kind and result of each trial of a test.
fn trials(lines: &[Value], test: &str) -> Option<Vec<(String, String)>> {
    let report = lines.iter().map(|line| &line["report"]).find(|of| of["test"]["name"] == test)?;
    let trials = report["proof"]["trials"].as_array()?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Some(trials.iter().map(|trial| (text(&trial["kind"]), text(&trial["result"]))).collect())
}

const KINDS: [&str; 6] = ["rust-block", "c-block", "page", "fd", "thread", "growing-vec"];

fn all(result: &str) -> Vec<(String, String)> {
    KINDS.iter().map(|kind| (kind.to_string(), result.to_owned())).collect()
}

#[test]
fn every_kind_of_planted_leak_is_detected() {
    let project = Project::new("proven").file("src/lib.rs", SOURCE);
    let output = project.memcheck(&["--prove", "--message-format", "json"]).code(100);
    let lines = lines(&output);
    assert_eq!(trials(&lines, "clean"), Some(all("proven")), "{}", output.stdout);
    assert_eq!(trials(&lines, "may_grow_a_little"), Some(all("proven")), "{}", output.stdout);
    // A test that does not pass is not proven.
    assert_eq!(trials(&lines, "leaks"), None);
    assert_eq!(trials(&lines, "is_known"), None);
    let summary = &lines.last().expect("a summary")["proofs"];
    let expected = serde_json::json!({ "proven": 2, "unproven": 0, "not-passed": 2 });
    assert_eq!(*summary, expected);

    let output = project.memcheck(&["--prove", "--exact", "clean"]).code(0);
    assert!(output.stdout.contains("       Proof 1 proven\n"), "{}", output.stdout);
    assert!(!output.stdout.contains("Rust block"), "{}", output.stdout);
}

#[test]
fn prove_fails_when_growth_is_not_detected() {
    let project = Project::new("unproven").file("src/lib.rs", SOURCE);
    let project = project.env("MEMCHECK_INTERNAL_TEST_BLIND", "1");
    if cfg!(not(debug_assertions)) {
        // A release build of the tool ignores the variable.
        project.memcheck(&["--exact", "leaks"]).code(100);
        return;
    }
    // The leak passes; only the warning says that detection is switched off.
    let silent = project.memcheck(&["--exact", "leaks"]).code(0);
    assert!(silent.stdout.contains("warning[blind]"), "{}", silent.stdout);

    let output =
        project.memcheck(&["--prove", "--exact", "clean", "--message-format", "json"]).code(100);
    assert_eq!(trials(&lines(&output), "clean"), Some(all("unproven")), "{}", output.stdout);

    let output = project.memcheck(&["--prove", "--exact", "clean"]).code(100);
    assert!(output.stdout.contains("       Proof 0 proven, 1 unproven\n"), "{}", output.stdout);
    let headline =
        "error[unproven]: memcheck missed a planted leak of 1 Rust block of 1 B in every";
    assert!(output.stdout.contains(headline), "{}", output.stdout);
}

#[test]
fn without_the_c_heap_a_c_block_is_not_provable() {
    let project = Project::new("c_heap_off").file(
        "Cargo.toml",
        format!(
            "[package]\nname = \"c_heap_off\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
             [dev-dependencies]\nmemcheck-lib = {{ path = {:?}, default-features = false, features = [\"global-allocator\"] }}\n",
            root().join("memcheck-lib")
        ),
    );
    let project = project.file("src/lib.rs", SOURCE);
    let output = project.memcheck(&["--prove", "-v", "--exact", "clean"]).code(0);
    let expected = "; not provable: C block (the C heap is not counted)\n";
    assert!(output.stdout.contains(expected), "{}", output.stdout);
}
