//! Records of single tests, which `cargo test` and nextest write to `MEMCHECK_REPORT_DIR`.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{STATUSES, elsewhere, read, validated};
use crate::support::{Project, clean, run};

#[test]
fn merged_records_give_the_same_statuses_as_a_run() {
    let project = Project::new("records")
        .file("src/lib.rs", STATUSES)
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
    let merged_statuses = |name: &str| {
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
    assert_eq!(merged_statuses("cargo-test"), expected);
    // Nextest may not be installed.
    if project.nextest(&["--no-run"]).is_some() {
        with(project.cargo("nextest", &["run", "--no-fail-fast"]), "nextest").code(100);
        assert_eq!(merged_statuses("nextest"), expected);
    }

    // Only tests that pass.
    with(project.cargo("test", &["in_"]), "passed").code(0);
    elsewhere(&folder("passed"), &["report", "."]).code(0);
}

#[test]
fn a_killed_test_has_a_record() {
    let body = "std::process::Command::new(\"kill\")\n\
                .args([\"-9\", &std::env::var(\"VICTIM\").unwrap()]).status().unwrap();";
    let project = Project::new("killed").file(
        "src/lib.rs",
        format!("#[cfg(test)]\n#[memcheck::memcheck]\nfn kills() {{ {body} }}\n"),
    );
    project.cargo_test(&["--no-run"]).code(0);
    let binary = project.test_binaries("killed").pop().expect("it was built");
    // The test binary replaces the shell, so the observer has the process ID of the shell.
    let mut command = Command::new("sh");
    command.args(["-c", "export VICTIM=$$; exec \"$0\" kills"]).arg(binary).stdout(Stdio::null());
    clean(&mut command);
    command.env("MEMCHECK_REPORT_DIR", project.path().join("records"));
    assert_eq!(run(&mut command).status, None);
    let output = elsewhere(project.path(), &["report", "records"]).code(1);
    assert!(output.stdout.contains("BROKEN"), "{}", output.stdout);
    assert!(output.stdout.contains("the process of the test ended before"), "{}", output.stdout);
}

#[test]
fn an_unwritable_record_fails_the_test() {
    let project = Project::new("unrecorded").file(
        "src/lib.rs",
        "#[cfg(test)]\n#[memcheck::memcheck(iterations = 496)]\nfn passes() {}\n",
    );
    project.write("file", "");
    let mut command = project.cargo("test", &[]);
    command.env("MEMCHECK_REPORT_DIR", project.path().join("file/folder"));
    let output = run(&mut command).code(101);
    assert!(
        output.stdout.contains("error[not-recorded]: cannot write the report file `"),
        "{}",
        output.stdout
    );
    assert!(output.stdout.contains("file/folder"), "{}", output.stdout);
    // The verdict is kept.
    assert!(output.stdout.contains("PASS ["), "{}", output.stdout);
}
