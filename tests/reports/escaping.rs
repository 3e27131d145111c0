//! The output of a test is escaped and cut in files and in annotations of GitHub.

use roxmltree::Document;

use super::{read, validated};
use crate::support::Project;

/// Prints, and panics with, text that looks like markup, control codes and commands.
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
fn printed_text_is_escaped_and_cut_in_every_output() {
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

    // No line of the test is a command for GitHub.
    let lines = output.stdout.lines().chain(output.stderr.lines());
    let commands: Vec<&str> = lines.filter(|line| line.trim_start().starts_with("::")).collect();
    insta::assert_snapshot!(commands.join("\n"), @r"
    ::error file=hostile/src/lib.rs,line=12,col=1,title=EXIT hostile größe::the process exited with status 3 in iteration 1, before the check was finished; let the test return instead
    ::error file=hostile/src/lib.rs,line=3,col=1,title=FAIL hostile r#fn::the test panicked in iteration 1: a ]]> b <script>alert(1)</script> | c%0A::error file=x::y%0A```
    ");

    let summary = read(&summary);
    assert!(summary.starts_with("# of an earlier command\n### memcheck: 2 of 2"), "{summary}");
    assert!(!summary.contains("<script>alert(1)</script> | c |"), "{summary}");
}
