//! `--message-format=json`: one object per line, those of the compiler first.

use super::project_with_nested_test;
use crate::support::Project;

#[test]
fn json_output_is_one_object_per_line() {
    let output = project_with_nested_test("json").memcheck(&["--message-format", "json"]).code(100);
    let mut lines: Vec<serde_json::Value> =
        output.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // The messages of cargo come first.
    let built = lines.iter().position(|line| line["reason"] == "build-finished").unwrap();
    lines.drain(..=built);
    let reasons: Vec<&str> = lines.iter().filter_map(|line| line["reason"].as_str()).collect();
    assert_eq!(reasons, ["compiler-message", "memcheck-report", "memcheck-summary"]);
    assert_eq!(lines[0]["message"]["spans"][0]["line_start"], 4);
    assert_eq!(lines[1]["status"], "FAIL");
    assert_eq!(lines[1]["report"]["test"]["name"], "inner");
    assert_eq!(lines[1]["report"]["test"]["binary"], "json");
    assert_eq!(lines[1]["report"]["test"]["line"], 4);
    assert_eq!(lines[2]["counts"]["FAIL"], 1);
}

/// An editor that runs this instead of `cargo check` needs each message of the compiler once.
#[test]
fn json_output_has_the_compiler_messages_once() {
    let project = Project::new("warns").without_library().file("src/lib.rs", "fn unused() {}\n");
    let output = project.memcheck(&["--message-format=json"]).code(4);
    assert_eq!(codes(&output.stdout), ["dead_code", "dead_code"]);
    assert!(!output.stderr.contains("is never used"), "{}", output.stderr);

    project.write("src/lib.rs", "fn broken() -> u8 { missing }\n");
    let output = project.memcheck(&["--message-format=json"]).code(101);
    assert!(codes(&output.stdout).contains(&"E0425".to_owned()), "{}", output.stdout);
    assert!(output.stdout.contains(r#"{"reason":"build-finished","success":false}"#));
    assert!(!output.stderr.contains("cannot find value"), "{}", output.stderr);
    // With `--report=-` only the report goes to standard output.
    let output = project.memcheck(&["--message-format=json", "--report=-"]).code(101);
    assert!(output.stdout.is_empty() && output.stderr.contains("build-finished"));
}

/// The codes of the compiler's messages, read by the `cargo_metadata` crate.
fn codes(stdout: &str) -> Vec<String> {
    use cargo_metadata::Message;
    let messages = Message::parse_stream(stdout.as_bytes()).map(Result::unwrap);
    let mut codes = Vec::new();
    for message in messages {
        match message {
            Message::CompilerMessage(message) => {
                codes.extend(message.message.code.map(|code| code.code));
            }
            Message::TextLine(line) => panic!("no message: {line}"),
            _ => {}
        }
    }
    codes
}
