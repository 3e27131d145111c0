//! Results as files: the document of a run, records of tests under `cargo test` and nextest that
//! are put together again, JUnit, Markdown, and what GitHub is told.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{Output, Project, clean, root, run};
use roxmltree::Document;
use serde_json::Value;

/// One test for each word that a quick test can have, each stating its truth in its name.
const WORDS: &str = r#"
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

/// Words of [`WORDS`], those that ran.
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

/// Checks a document against the published schema, with a validator that others wrote.
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

/// The word of each test in a document that ran: by its name.
fn words(document: &Value) -> BTreeMap<String, String> {
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

/// `cargo memcheck ARGUMENTS` in a folder without any project.
fn elsewhere(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-memcheck"));
    command.arg("memcheck").args(arguments).current_dir(folder);
    clean(&mut command);
    run(&mut command)
}

#[test]
fn a_run_leaves_a_document_and_what_other_tools_read() {
    let project = Project::new("files").file("src/lib.rs", WORDS);
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
    assert_eq!(words(&document), expected());
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
    // Every reading has its place in the run.
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

    // Read back, it is the same run: the same lines, the same code.
    let again = elsewhere(project.path(), &["report", "report.json"]).code(100);
    assert_eq!(again.stdout, output.stdout);
    let again = ["report", "report.json", "--report=again.json", "--junit=again.xml"];
    elsewhere(project.path(), &again).code(100);
    assert_eq!(validated(&read(project.path().join("again.json"))), document);
    let junit = |name: &str| read(project.path().join(name));
    assert_eq!(junit("again.xml"), junit("junit.xml"));
}

#[test]
fn tests_leave_records_that_gate_as_the_tool_does() {
    let project = Project::new("records")
        .file("src/lib.rs", WORDS)
        .file("src/main.rs", "fn main() {}\n#[cfg(test)]\n#[memcheck::memcheck(iterations = 496)]\nfn in_main() {}\n")
        .file("tests/end-to-end.rs", "#[memcheck::memcheck(iterations = 496)]\nfn in_tests() {}\n")
        .env("MEMCHECK_REPORT_DIR", "unused-by-the-tool");
    let tool = project.memcheck(&["--report=tool.json"]).code(100);
    assert!(tool.stdout.contains("9 tests run"), "{}", tool.stdout);
    assert!(!project.path().join("unused-by-the-tool").exists());
    let by_id = |document: &Value| -> BTreeMap<String, Value> {
        let tests = document["tests"].as_array().unwrap();
        let ran = tests.iter().filter(|test| test["status"] != "SKIP");
        ran.map(|test| {
            let id = &test["report"]["test"];
            (format!("{} {}", id["binary"], id["name"]), test["status"].clone())
        })
        .collect()
    };
    let expected = by_id(&validated(&read(project.path().join("tool.json"))));

    let folder = |name: &str| project.path().join("of").join(name);
    let told = |name: &str| {
        let path = folder(name);
        let merged = elsewhere(&path, &["report", ".", "--report=../merged.json"]).code(100);
        assert!(merged.stdout.contains("9 tests run"), "{}", merged.stdout);
        assert!(merged.stdout.contains("error[heap-growth]: 1 B in 1 block"), "{}", merged.stdout);
        for file in std::fs::read_dir(&path).unwrap() {
            let record = validated(&read(file.unwrap().path()));
            assert_eq!(record["tests"].as_array().unwrap().len(), 1);
        }
        by_id(&validated(&read(path.join("../merged.json"))))
    };
    let with = |mut command: Command, name: &str| {
        command.env("MEMCHECK_REPORT_DIR", folder(name));
        run(&mut command)
    };
    with(project.cargo("test", &["--no-fail-fast"]), "cargo-test").code(101);
    assert_eq!(told("cargo-test"), expected);
    // Nextest may not be there; `told` needs something to read then.
    if project.nextest(&["--no-run"]).is_some() {
        with(project.cargo("nextest", &["run", "--no-fail-fast"]), "nextest").code(100);
        assert_eq!(told("nextest"), expected);
    }

    // Those that passed, alone.
    with(project.cargo("test", &["in_"]), "passed").code(0);
    elsewhere(&folder("passed"), &["report", "."]).code(0);
}

#[test]
fn a_test_that_was_killed_is_not_missing_among_the_records() {
    let body = "std::process::Command::new(\"kill\")\n\
                .args([\"-9\", &std::env::var(\"VICTIM\").unwrap()]).status().unwrap();";
    let project = Project::new("killed").file(
        "src/lib.rs",
        format!("#[cfg(test)]\n#[memcheck::memcheck]\nfn kills() {{ {body} }}\n"),
    );
    project.cargo_test(&["--no-run"]).code(0);
    let binary = project.test_binaries("killed").pop().expect("it was built");
    // The shell is replaced by the test binary, so the observer has the number of the shell.
    let mut command = Command::new("sh");
    command.args(["-c", "export VICTIM=$$; exec \"$0\" kills"]).arg(binary).stdout(Stdio::null());
    clean(&mut command);
    command.env("MEMCHECK_REPORT_DIR", project.path().join("records"));
    assert_eq!(run(&mut command).status, None);
    let output = elsewhere(project.path(), &["report", "records"]).code(1);
    assert!(output.stdout.contains("BROKEN"), "{}", output.stdout);
    assert!(output.stdout.contains("its process ended before it was judged"), "{}", output.stdout);
}

#[test]
fn a_record_that_cannot_be_written_fails_the_test() {
    let project = Project::new("unrecorded").file(
        "src/lib.rs",
        "#[cfg(test)]\n#[memcheck::memcheck(iterations = 496)]\nfn passes() {}\n",
    );
    project.write("file", "");
    let mut command = project.cargo("test", &[]);
    command.env("MEMCHECK_REPORT_DIR", project.path().join("file/folder"));
    let output = run(&mut command).code(101);
    assert!(output.stdout.contains("error[not-recorded]: the record `"), "{}", output.stdout);
    assert!(output.stdout.contains("file/folder"), "{}", output.stdout);
    // The verdict stands.
    assert!(output.stdout.contains("PASS ["), "{}", output.stdout);
}

#[test]
fn what_cannot_be_written_is_an_error_and_the_verdict_stands() {
    let project = Project::new("unwritten").file("src/lib.rs", WORDS);
    for (flag, path) in [
        // A full disk.
        ("--report", "/dev/full"),
        ("--junit", "/dev/full"),
        // A folder that nobody may write to, not even root.
        ("--markdown", "/sys/comment.md"),
    ] {
        let argument = format!("{flag}={path}");
        let output = project.memcheck(&["passes", &argument]).code(1);
        assert!(output.stdout.contains("1 test run: 1 passed"), "{}", output.stdout);
        let said = format!("the results could not be written to `{path}` ({flag})");
        assert!(output.error().contains(&said), "{}", output.stderr);
        let output = project.memcheck(&["panics", &argument]).code(100);
        assert!(output.error().contains(&said), "{}", output.stderr);
    }
    // The one does not keep the other from being written.
    project.memcheck(&["passes", "--report=/dev/full", "--junit=junit.xml"]).code(1);
    Document::parse(&read(project.path().join("junit.xml"))).unwrap();
    // An old file stays whole, and nothing lies beside it.
    let names: Vec<_> = std::fs::read_dir(project.path()).unwrap().collect();
    assert!(
        names.iter().all(|name| {
            !name.as_ref().unwrap().file_name().to_string_lossy().ends_with(".new")
        })
    );

    // What cannot be meant is said before anything is built.
    let output = project.memcheck(&["--report=junit.xml/report.json"]).code(2);
    assert!(output.stdout.is_empty() && !output.stderr.contains("Compiling"), "{}", output.stderr);
    insta::assert_snapshot!(output.error(), @r"
    error: `junit.xml/report.json` (--report) cannot be written: `junit.xml` is no folder
      help: name a file in a folder; one that is not there is made
    ");
    let output = project.memcheck(&["--report=-", "--junit=-"]).code(2);
    insta::assert_snapshot!(output.error(), @r"
    error: --report and --junit both go to `-`
      help: give each a file of its own
    ");
}

#[test]
fn standard_output_is_for_one_reader() {
    let project = Project::new("stdout").file("src/lib.rs", WORDS);
    let output = project.memcheck(&["passes", "--report", "-"]).code(0);
    assert_eq!(words(&validated(&output.stdout)).len(), 1);
    assert!(output.stderr.contains("Summary"), "{}", output.stderr);
}

#[test]
fn a_report_that_is_none_is_refused() {
    let project = Project::new("refused").without_library();
    let folder = project.path();
    project.write("broken/a.json", "{\"version\": 1, \"tests\"");
    project.write("foreign/a.json", "{\"version\": 9, \"tool\": \"7.0.0\", \"tests\": []}");
    project.write("empty/notes.txt", "");
    insta::assert_snapshot!(elsewhere(folder, &["report", "broken"]).code(2).error(), @r"
    error: the report `broken/a.json` is refused: it is no report of memcheck, or not all of one: EOF while parsing an object at line 1 column 22
      help: make it again, or, if it is something else, take it out of the folder
    ");
    let foreign = elsewhere(folder, &["report", "foreign/a.json"]).code(2).error();
    let foreign = foreign.replace(env!("CARGO_PKG_VERSION"), "<version>");
    insta::assert_snapshot!(foreign, @r"
    error: the report `foreign/a.json` is refused: it has version 9 of the layout, written by memcheck 7.0.0; this is memcheck <version>, which reads versions 1 to 2
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

/// What the test prints and panics with is meant to be taken for something else.
const HOSTILE: &str = r##"
#![cfg(test)]
#[memcheck::memcheck]
fn r#fn() {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    out.write_all(b"first \x1b[31mred\x1b[0m \0\xff\xfe ]]> <script> & | `\n::error file=x::y\n").unwrap();
    for _ in 0..10_000 { out.write_all(&[b'x'; 1000]).unwrap(); out.write_all(b"\n").unwrap(); }
    out.flush().unwrap();
    panic!("a ]]> b <script>alert(1)</script> | c\n::error file=x::y\n``` \x1b[1m");
}
#[memcheck::memcheck]
fn größe() { std::process::exit(3); }
"##;

#[test]
fn what_tests_print_is_escaped_and_bounded() {
    let project = Project::new("hostile")
        .file("src/lib.rs", HOSTILE)
        .file("summary.md", "# of an earlier command\n")
        .env("GITHUB_ACTIONS", "true");
    let top = project.path().parent().unwrap().to_owned();
    let summary = project.path().join("summary.md");
    let project = project.env("GITHUB_WORKSPACE", &top).env("GITHUB_STEP_SUMMARY", &summary);
    let files = ["--report=r.json", "--junit=j.xml", "--markdown=c.md"];
    let output = project.memcheck(&files).code(100);

    let size = |name: &str| std::fs::metadata(project.path().join(name)).unwrap().len();
    for (name, most) in [("r.json", 1 << 20), ("j.xml", 1 << 20), ("c.md", 65_536)] {
        assert!(size(name) <= most, "{name}: {}", size(name));
    }
    validated(&read(project.path().join("r.json")));
    let junit = read(project.path().join("j.xml"));
    let junit = Document::parse(&junit).unwrap();
    let failures = junit.descendants().filter(|node| node.has_tag_name("failure"));
    let messages: Vec<&str> = failures.filter_map(|failure| failure.attribute("message")).collect();
    assert!(messages.iter().any(|text| text.contains("a ]]> b <script>alert(1)")), "{messages:?}");
    let out = junit.descendants().find(|node| node.has_tag_name("system-out")).unwrap();
    assert!(out.text().unwrap_or_default().len() <= 110_000);

    // Each line that GitHub could take for a command is one of ours.
    let lines = output.stdout.lines().chain(output.stderr.lines());
    let commands: Vec<&str> = lines.filter(|line| line.trim_start().starts_with("::")).collect();
    insta::assert_snapshot!(commands.join("\n"), @r"
    ::error file=hostile/src/lib.rs,line=12,col=1,title=EXIT hostile größe::the process exited with status 3 in iteration 1, before the check was finished
    ::error file=hostile/src/lib.rs,line=3,col=1,title=FAIL hostile r#fn::the test panicked in iteration 1: a ]]> b <script>alert(1)</script> | c%0A::error file=x::y%0A```
    ");

    let summary = read(&summary);
    assert!(summary.starts_with("# of an earlier command\n### memcheck: 2 of 2"), "{summary}");
    assert!(!summary.contains("<script>alert(1)</script> | c |"), "{summary}");
}

/// Samples of every layout version stay readable; those of the current version fit the schema.
#[test]
fn documents_that_were_stored_can_be_read() {
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
        let output = elsewhere(&samples, &["report", &path, "--report=-"]);
        assert_eq!(words(&validated(&output.stdout)), words(&document), "{name}");
        let code = if name.contains("passed") { 0 } else { 100 };
        output.code(code);
        seen += 1;
    }
    assert!(seen >= 4, "only {seen} samples");
}
