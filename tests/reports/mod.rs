//! Results as files: the JSON report, JUnit, Markdown, GitHub, and `cargo memcheck report`.

mod escaping;
mod files;
mod records;
mod report_command;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{Output, clean, root, run};

/// A test for each status that a quick test can have; its name says how it ends.
const STATUSES: &str = r#"
#![cfg(test)]
use memcheck::memcheck;

#[memcheck(iterations = 496)]
fn passes() { std::hint::black_box(vec![0u8; 64]); }
#[memcheck(iterations = 496)]
fn leaks() { std::mem::forget(std::hint::black_box(Box::new(0u8))); }
#[memcheck(iterations = 496, known_leak = "issue <7>")]
fn known() { std::mem::forget(std::hint::black_box(Box::new(0u8))); }
#[memcheck(iterations = 496, allocations = 1)]
fn over() { std::hint::black_box((Box::new(0u8), Box::new(0u8))); }
#[memcheck]
fn panics() { panic!("on purpose"); }
#[memcheck]
fn aborts() { std::process::abort(); }
#[memcheck]
fn exits() { std::process::exit(0); }
#[memcheck]
#[ignore]
fn later() {}
"#;

/// The status of each test of [`STATUSES`] that runs.
const RAN: [(&str, &str); 7] = [
    ("aborts", "CRASH"),
    ("exits", "EXIT"),
    ("known", "KNOWN"),
    ("leaks", "LEAK"),
    ("over", "LIMIT"),
    ("panics", "FAIL"),
    ("passes", "PASS"),
];

fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Checks a report against the published schema.
#[track_caller]
fn validated(text: &str) -> Value {
    let schema: Value =
        serde_json::from_str(&read(root().join("docs/src/reference/report.schema.json"))).unwrap();
    let document: Value = serde_json::from_str(text).unwrap();
    let validator = jsonschema::draft202012::new(&schema).expect("the schema is one");
    let errors: Vec<String> = validator
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .take(5)
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    document
}

/// The status of each test of a report that ran, by name.
fn statuses(document: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let tests = document["tests"].as_array().expect("the tests");
    // Version 1 of the layout called the status a word.
    let status = |test: &Value| text(test.get("status").unwrap_or(&test["word"]));
    let ran = tests.iter().filter(|test| status(test) != "SKIP");
    ran.map(|test| (text(&test["report"]["test"]["name"]), status(test))).collect()
}

fn expected() -> BTreeMap<String, String> {
    RAN.into_iter().map(|(name, word)| (name.to_owned(), word.to_owned())).collect()
}

/// Runs `cargo memcheck ARGUMENTS` in a folder, which may be outside any project.
fn elsewhere(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-memcheck"));
    command.arg("memcheck").args(arguments).current_dir(folder);
    clean(&mut command);
    run(&mut command)
}
