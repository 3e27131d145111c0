//! What a run says is said again by `cargo memcheck report`, to the letter and with the same exit
//! code: from the text of a test to what CI reads.

use super::{elsewhere, read, validated, words};
use crate::support::{Output, Project, root};

/// As many different ends as a quick run can have.
const RICH: &str = r#"
#![cfg(test)]
use std::hint::black_box;
use memcheck::memcheck;

fn theirs() { black_box(Box::leak(Box::new([0u8; 8]))); }

#[memcheck(iterations = 496)]
fn passes() { black_box(vec![0u8; 64]); }
#[memcheck(iterations = 496)]
fn leaks() { std::mem::forget(black_box(Box::new(0u8))); }
#[memcheck(iterations = 496)]
fn is_hidden() { theirs(); }
#[memcheck(iterations = 496)]
fn is_hidden_in_part() { theirs(); std::mem::forget(black_box(Box::new([0u8; 24]))); }
#[memcheck(iterations = 496, known_leak = "issue 7")]
fn known() { std::mem::forget(black_box(Box::new(0u8))); }
#[memcheck(iterations = 496, known_leak = "issue 8")]
fn known_no_more() {}
#[memcheck(iterations = 496, allocations = 1)]
fn over() { black_box((Box::new(0u8), Box::new(0u8))); }
#[memcheck(time = "1ms")]
fn unsure() { std::thread::sleep(std::time::Duration::from_millis(5)); }
#[memcheck]
fn panics() { println!("\x1b[31mred\x1b[0m"); panic!("on \x1b[1mpurpose\x1b[0m"); }
#[memcheck]
fn aborts() { println!("last words"); std::process::abort(); }
#[memcheck(iterations = 496)]
async fn has_tasks() { tokio::task::yield_now().await; }
#[memcheck]
#[ignore]
fn later() {}
"#;

const SUPPRESSED: &str =
    "[[suppress]]\nfunction = \"*::theirs\"\nreason = \"https://example.org/issues/1\"\n";

/// The same files written by a run and from its document.
fn files(start: &str) -> [String; 3] {
    [("report", "json"), ("junit", "xml"), ("markdown", "md")]
        .map(|(flag, end)| format!("--{flag}={start}.{end}"))
}

/// Runs, and tells it again with the `same` flags; gives what the run said.
fn told_twice(project: &Project, asked: &[&str], same: &[&str]) -> Output {
    let arguments = |start: &str| files(start).map(String::from);
    let (first, second) = (arguments("first"), arguments("second"));
    fn all<'a>(parts: &[&[&'a str]], files: &'a [String; 3]) -> Vec<&'a str> {
        parts.concat().into_iter().chain(files.iter().map(String::as_str)).collect()
    }
    let run = project.memcheck(&all(&[asked, same], &first));
    let again = project.memcheck(&all(&[&["report", "first.json"], same], &second));
    assert_eq!(again.stdout, run.stdout);
    assert_eq!(again.status, run.status, "{}", run.stdout);
    let read = |name: &str| std::fs::read_to_string(project.path().join(name)).unwrap();
    for end in ["json", "xml", "md"] {
        assert_eq!(read(&format!("second.{end}")), read(&format!("first.{end}")), "{end}");
    }
    run
}

#[test]
fn a_rich_run_is_told_to_the_letter() {
    let project = Project::new("rich")
        .library_features(&["tokio"])
        .manifest_extra("tokio = { version = \"1.40\", features = [\"rt\"] }\n")
        .file("src/lib.rs", RICH)
        .file(".config/memcheck.toml", SUPPRESSED);
    let run = told_twice(&project, &[], &["-v", "--backtrace=full"]).code(100);
    for said in [
        "LEAK",
        "KNOWN",
        "LIMIT",
        "CRASH",
        "(suppressed: ",
        "would have seen",
        "(https://example.org/issues/1)",
        "1 skipped",
        // Where what survives was allocated, with the line.
        "^ 1 B in 1 block per iteration, allocated here",
    ] {
        assert!(run.stdout.contains(said), "no {said:?}:\n{}", run.stdout);
    }
    // What was coloured for a terminal is plain, and no part of its colours is left.
    assert!(run.stdout.contains("     red\n"), "{}", run.stdout);
    assert!(!run.stdout.contains("31m") && !run.stdout.contains("[0m"), "{}", run.stdout);
    let comment = std::fs::read_to_string(project.path().join("first.md")).unwrap();
    assert!(!comment.contains("31m") && comment.contains("on purpose"), "{comment}");

    // From a folder below, and with the document of another run in which the same tests are.
    let mut below =
        project.memcheck_command(&["report", "../first.json", "-v", "--backtrace=full"]);
    below.current_dir(project.path().join("src"));
    assert_eq!(crate::support::run(&mut below).code(100).stdout, run.stdout);
    let both = project.memcheck(&["report", "first.json", "second.json", "first.json"]).code(100);
    assert!(both.stdout.contains(" 22 tests run: "), "{}", both.stdout);
    assert_eq!(both.stdout.matches("LEAK [").count(), 2 * run.stdout.matches("LEAK [").count());
}

#[test]
fn proofs_are_told_and_gate() {
    let project = Project::new("proofs").file(
        "src/lib.rs",
        RICH.replace("async fn", "fn").replace("tokio::task::yield_now().await;", ""),
    );
    let run = told_twice(&project, &["--prove", "--exact", "passes", "over"], &["-v"]).code(100);
    assert!(run.stdout.contains("Proof 1 proven, 1 not PASS, so not proven"), "{}", run.stdout);
    // Of which nothing passed, so that no test has a proof.
    let run = told_twice(&project, &["--prove", "--exact", "over"], &[]).code(100);
    assert!(run.stdout.contains("Proof 0 proven, 1 not PASS"), "{}", run.stdout);

    if cfg!(debug_assertions) {
        let project = project.env("MEMCHECK_INTERNAL_TEST_BLIND", "1");
        let run = told_twice(&project, &["--prove", "--exact", "passes"], &[]).code(100);
        assert!(run.stdout.contains("Proof 0 proven, 1 unproven"), "{}", run.stdout);
        let comment = std::fs::read_to_string(project.path().join("first.md")).unwrap();
        assert!(comment.contains("1 of 1 test did not pass"), "{comment}");
        assert!(comment.contains("| **UNPROVEN** | `proofs passes` |"), "{comment}");
    }
}

#[test]
fn a_report_that_is_none_is_refused() {
    let project = Project::new("refused").without_library();
    let folder = project.path();
    project.write("broken/a.json", "{\"version\": 1, \"tests\"");
    project.write("foreign/a.json", "{\"version\": 2, \"tool\": \"7.0.0\", \"tests\": []}");
    project.write("empty/notes.txt", "");
    insta::assert_snapshot!(elsewhere(folder, &["report", "broken"]).code(2).error(), @r"
    error: the report `broken/a.json` is refused: it is no report of memcheck, or not all of one: EOF while parsing an object at line 1 column 22
      help: make it again, or, if it is something else, take it out of the folder
    ");
    let foreign = elsewhere(folder, &["report", "foreign/a.json"]).code(2).error();
    let foreign = foreign.replace(env!("CARGO_PKG_VERSION"), "<version>");
    insta::assert_snapshot!(foreign, @r"
    error: the report `foreign/a.json` is refused: it has version 2 of the layout, written by memcheck 7.0.0; this is memcheck <version>, which reads version 1
      help: read it with the cargo-memcheck of that version, or make it again with this one
    ");
    insta::assert_snapshot!(elsewhere(folder, &["report", "empty"]).code(4).error(), @r"
    error: there is no result of a test in `empty`
      help: was MEMCHECK_REPORT_DIR set for `cargo test`, to an absolute path? Tests run in the folder of their package
    ");
    insta::assert_snapshot!(elsewhere(folder, &["report", "nowhere"]).code(2).error(), @r"
    error: the report `nowhere` cannot be read: No such file or directory (os error 2)
      help: name files that `cargo memcheck --report FILE` or MEMCHECK_REPORT_DIR made, or folders of such files
    ");
}

/// Documents of earlier versions can be read for as long as their version of the layout is the same.
#[test]
fn documents_that_were_stored_can_be_read() {
    let samples = root().join("tests/fixtures/reports");
    let mut seen = 0;
    for file in std::fs::read_dir(&samples).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let document = validated(&read(&path));
        let path = path.to_string_lossy();
        // The words are those that its tests had.
        let output = elsewhere(&samples, &["report", &path, "--report=-"]);
        assert_eq!(words(&validated(&output.stdout)), words(&document), "{name}");
        let code = if name.contains("passed") { 0 } else { 100 };
        output.code(code);
        seen += 1;
    }
    assert!(seen >= 2, "only {seen} samples");
}
