//! `cargo memcheck report` repeats the output of a run exactly, with the same exit code and files.

use super::{elsewhere, read, statuses, validated};
use crate::support::{Output, Project, root};

/// As many different results as a quick run can have.
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

/// Flags for the files that the run and the report write.
fn files(start: &str) -> [String; 3] {
    [("report", "json"), ("junit", "xml"), ("markdown", "md")]
        .map(|(flag, end)| format!("--{flag}={start}.{end}"))
}

/// Runs, repeats the run from its report with the `same` flags, and returns the output of the run.
fn run_and_repeat(project: &Project, asked: &[&str], same: &[&str]) -> Output {
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
fn report_repeats_the_output_and_exit_code_of_the_run() {
    let project = Project::new("rich")
        .library_features(&["tokio"])
        .file("src/lib.rs", RICH)
        .file(".config/memcheck.toml", SUPPRESSED);
    let run = run_and_repeat(&project, &[], &["-v", "--backtrace=full"]).code(100);
    for said in [
        "LEAK",
        "KNOWN",
        "LIMIT",
        "CRASH",
        "(suppressed: ",
        "would have seen",
        "(https://example.org/issues/1)",
        "1 skipped",
        // The line at which the surviving blocks are allocated.
        "^ 1 B in 1 block per iteration, allocated here",
    ] {
        assert!(run.stdout.contains(said), "no {said:?}:\n{}", run.stdout);
    }
    // Colour codes in the output of a test are removed.
    assert!(run.stdout.contains("     red\n"), "{}", run.stdout);
    assert!(!run.stdout.contains("31m") && !run.stdout.contains("[0m"), "{}", run.stdout);
    let comment = std::fs::read_to_string(project.path().join("first.md")).unwrap();
    assert!(!comment.contains("31m") && comment.contains("on purpose"), "{comment}");

    // From a folder below, and merged with the report of another run of the same tests.
    let mut below =
        project.memcheck_command(&["report", "../first.json", "-v", "--backtrace=full"]);
    below.current_dir(project.path().join("src"));
    assert_eq!(crate::support::run(&mut below).code(100).stdout, run.stdout);
    let both = project.memcheck(&["report", "first.json", "second.json", "first.json"]).code(100);
    assert!(both.stdout.contains(" 22 tests run: "), "{}", both.stdout);
    assert_eq!(both.stdout.matches("LEAK [").count(), 2 * run.stdout.matches("LEAK [").count());
}

#[test]
fn report_repeats_proofs_and_their_exit_code() {
    let project = Project::new("proofs").file(
        "src/lib.rs",
        RICH.replace("async fn", "fn").replace("tokio::task::yield_now().await;", ""),
    );
    let run =
        run_and_repeat(&project, &["--prove", "--exact", "passes", "over"], &["-v"]).code(100);
    assert!(run.stdout.contains("Proof 1 proven, 1 not PASS, so not proven"), "{}", run.stdout);
    // No test passed, so no test has a proof.
    let run = run_and_repeat(&project, &["--prove", "--exact", "over"], &[]).code(100);
    assert!(run.stdout.contains("Proof 0 proven, 1 not PASS"), "{}", run.stdout);

    if cfg!(debug_assertions) {
        let project = project.env("MEMCHECK_INTERNAL_TEST_BLIND", "1");
        let run = run_and_repeat(&project, &["--prove", "--exact", "passes"], &[]).code(100);
        assert!(run.stdout.contains("Proof 0 proven, 1 unproven"), "{}", run.stdout);
        let comment = std::fs::read_to_string(project.path().join("first.md")).unwrap();
        assert!(comment.contains("1 of 1 test did not pass"), "{comment}");
        assert!(comment.contains("| **UNPROVEN** | `proofs passes` |"), "{comment}");
    }
}

#[test]
fn a_broken_or_foreign_report_is_rejected() {
    let project = Project::new("refused").without_library();
    let folder = project.path();
    project.write("broken/a.json", "{\"version\": 1, \"tests\"");
    project.write("foreign/a.json", "{\"version\": 9, \"tool\": \"7.0.0\", \"tests\": []}");
    project.write("empty/notes.txt", "");
    insta::assert_snapshot!(elsewhere(folder, &["report", "broken"]).code(2).error(), @r"
    error: cannot use the report `broken/a.json`: it is not a complete memcheck report: the text ends within a value at line 1 column 23
      help: write it again; if it is not a report, remove it from the folder
    ");
    let foreign = elsewhere(folder, &["report", "foreign/a.json"]).code(2).error();
    let foreign = foreign.replace(env!("CARGO_PKG_VERSION"), "<version>");
    insta::assert_snapshot!(foreign, @r"
    error: cannot use the report `foreign/a.json`: memcheck 7.0.0 wrote it with layout version 9; memcheck <version> reads layout versions 1 to 2
      help: read it with cargo-memcheck of that version, or write it again with this one
    ");
    insta::assert_snapshot!(elsewhere(folder, &["report", "empty"]).code(4).error(), @r"
    error: there are no test results in `empty`
      help: set MEMCHECK_REPORT_DIR to an absolute path for `cargo test`: tests run in the folder of their package
    ");
    insta::assert_snapshot!(elsewhere(folder, &["report", "nowhere"]).code(2).error(), @r"
    error: cannot read the report `nowhere`: No such file or directory (os error 2)
      help: name files that `cargo memcheck --report FILE` or MEMCHECK_REPORT_DIR wrote, or folders with such files
    ");
}

/// Reports of earlier versions can be read as long as the version of their layout is the same.
#[test]
fn stored_reports_of_earlier_versions_can_be_read() {
    let samples = root().join("tests/fixtures/reports");
    let mut seen = 0;
    for file in std::fs::read_dir(&samples).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let document = match name.starts_with("report-1-") {
            true => serde_json::from_str(&read(&path)).unwrap(),
            false => validated(&read(&path)),
        };
        let path = path.to_string_lossy();
        // Each test has the status that it had.
        let output = elsewhere(&samples, &["report", &path, "--report=-"]);
        assert_eq!(statuses(&validated(&output.stdout)), statuses(&document), "{name}");
        let code = if name.contains("passed") { 0 } else { 100 };
        output.code(code);
        seen += 1;
    }
    assert!(seen >= 4, "only {seen} samples");
}
