//! `--report`, `--junit` and `--markdown`: their content, and files that cannot be written.

use super::{STATUSES, elsewhere, expected, read, statuses, validated};
use crate::support::Project;
use roxmltree::Document;
use serde_json::Value;

#[test]
fn a_run_writes_a_valid_report_junit_and_markdown() {
    let project = Project::new("files").file("src/lib.rs", STATUSES);
    let output = project
        .memcheck(&[
            "--report=report.json",
            "--junit=junit.xml",
            "--markdown=comment.md",
            "--skip=nothing",
        ])
        .code(100);
    assert!(output.stdout.contains("Summary"), "{}", output.stdout);
    assert!(!output.stderr.contains("::error"), "{}", output.stderr);

    let document = validated(&read(project.path().join("report.json")));
    assert_eq!(statuses(&document), expected());
    assert_eq!(document["summary"]["counts"]["SKIP"], 1);
    let test = |name: &str| {
        let tests = document["tests"].as_array().unwrap();
        tests.iter().find(|test| test["report"]["test"]["name"] == name).unwrap()
    };
    let leak = test("leaks");
    assert_eq!(leak["reasons"][0]["code"], "heap-growth");
    let report = &leak["report"];
    assert_eq!(report["test"]["binary"], "files");
    assert_eq!(report["conditions"]["profile"], "debug");
    assert_eq!(report["conditions"]["rust_heap_counted"], true);
    for known in ["kernel", "architecture", "cpus", "page_size"] {
        assert!(!report["conditions"][known].is_null(), "{known}: {}", report["conditions"]);
    }
    // There is a checkpoint for each reading.
    let heap = &report["metrics"][0];
    assert_eq!(heap["metric"], "heap-bytes");
    let shape = |lists: &Value| -> Vec<usize> {
        lists.as_array().unwrap().iter().map(|list| list.as_array().unwrap().len()).collect()
    };
    assert_eq!(shape(&report["checkpoints"]), shape(&heap["windows"]));
    let last = report["checkpoints"].as_array().unwrap().last().unwrap();
    assert_eq!(last.as_array().unwrap().last(), Some(&report["iterations"]));

    let junit = read(project.path().join("junit.xml"));
    let junit = Document::parse(&junit).unwrap();
    let tagged = |tag: &str| -> Vec<&str> {
        let cases = junit.descendants().filter(|node| node.has_tag_name("testcase"));
        let mut names: Vec<&str> = cases
            .filter(|case| case.children().any(|node| node.has_tag_name(tag)))
            .filter_map(|case| case.attribute("name"))
            .collect();
        names.sort_unstable();
        names
    };
    assert_eq!(tagged("failure"), ["aborts", "exits", "leaks", "over", "panics"]);
    assert_eq!(tagged("skipped"), ["later"]);
    assert_eq!(junit.root_element().attribute("tests"), Some("8"));

    let comment = read(project.path().join("comment.md"));
    assert!(comment.starts_with("### memcheck: 5 of 7 tests did not pass"), "{comment}");
    assert!(comment.contains("| **LEAK** | `files leaks` | 1 B in 1 block survives"), "{comment}");
    assert!(comment.contains("| KNOWN | `files known` | issue &#60;7&#62; |"), "{comment}");
    assert!(!comment.contains("files passes"), "{comment}");

    // `cargo memcheck report` prints the same lines and exits with the same code.
    let again = elsewhere(project.path(), &["report", "report.json"]).code(100);
    assert_eq!(again.stdout, output.stdout);
    let again = ["report", "report.json", "--report=again.json", "--junit=again.xml"];
    elsewhere(project.path(), &again).code(100);
    assert_eq!(validated(&read(project.path().join("again.json"))), document);
    let junit = |name: &str| read(project.path().join(name));
    assert_eq!(junit("again.xml"), junit("junit.xml"));
}

#[test]
fn an_unwritable_output_is_an_error_and_keeps_the_verdict() {
    let project = Project::new("unwritten").file("src/lib.rs", STATUSES);
    for (flag, path) in [
        // A full disk.
        ("--report", "/dev/full"),
        ("--junit", "/dev/full"),
        // A folder that not even root may write to.
        ("--markdown", "/sys/comment.md"),
    ] {
        let argument = format!("{flag}={path}");
        let output = project.memcheck(&["passes", &argument]).code(1);
        assert!(output.stdout.contains("1 test run: 1 passed"), "{}", output.stdout);
        let said = format!("cannot write the results to `{path}` ({flag})");
        assert!(output.error().contains(&said), "{}", output.stderr);
        let output = project.memcheck(&["panics", &argument]).code(100);
        assert!(output.error().contains(&said), "{}", output.stderr);
    }
    // One failure does not prevent the other file.
    project.memcheck(&["passes", "--report=/dev/full", "--junit=junit.xml"]).code(1);
    Document::parse(&read(project.path().join("junit.xml"))).unwrap();
    // No temporary file is left.
    let names: Vec<_> = std::fs::read_dir(project.path()).unwrap().collect();
    assert!(
        names.iter().all(|name| {
            !name.as_ref().unwrap().file_name().to_string_lossy().ends_with(".new")
        })
    );

    // An invalid path is rejected before the build.
    let output = project.memcheck(&["--report=junit.xml/report.json"]).code(2);
    assert!(output.stdout.is_empty() && !output.stderr.contains("Compiling"), "{}", output.stderr);
    insta::assert_snapshot!(output.error(), @r"
    error: cannot write `junit.xml/report.json` (--report): `junit.xml` is not a folder
      help: choose a file in a folder; cargo memcheck creates missing folders
    ");
    let output = project.memcheck(&["--report=-", "--junit=-"]).code(2);
    insta::assert_snapshot!(output.error(), @r"
    error: --report and --junit write to the same file: `-`
      help: choose a different file for each
    ");
}

#[test]
fn a_report_on_stdout_moves_the_results_to_stderr() {
    let project = Project::new("stdout").file("src/lib.rs", STATUSES);
    let output = project.memcheck(&["passes", "--report", "-"]).code(0);
    assert_eq!(statuses(&validated(&output.stdout)).len(), 1);
    assert!(output.stderr.contains("Summary"), "{}", output.stderr);
}
