//! README is short, and its first code is that of an example.

use std::collections::BTreeSet;
use std::process::Command;

use super::Page;
use crate::support::{clean, root, run};

/// What a reader looks at before they decide.
const LONGEST: usize = 160;

#[test]
fn readme_is_short() {
    let lines = Page::read("README.md").text.lines().count();
    assert!(lines <= LONGEST, "README.md has {lines} lines; move something into the site");
}

#[test]
fn first_code_of_readme_is_that_of_the_example() {
    let example = Page::read("examples/registry/src/lib.rs").text;
    let code = Page::read("README.md").blocks("rust").remove(0);
    for line in code.lines() {
        let line = line.split("//").next().unwrap_or_default().trim();
        assert!(example.contains(line), "the example does not have `{line}`");
    }
}

#[test]
fn library_is_light() {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    command.args(["tree", "--locked", "--prefix", "none", "--format", "{p}"]);
    command.arg("--manifest-path").arg(root().join("examples/quickstart/Cargo.toml"));
    clean(&mut command);
    let tree = run(&mut command).code(0).stdout;
    let crates: BTreeSet<&str> = tree
        .lines()
        .map(|line| line.trim_end_matches(" (*)"))
        .filter(|line| !line.is_empty() && !line.starts_with("quickstart "))
        .collect();
    assert!(crates.len() < 40, "{crates:#?}");
    let stated = format!("The library adds {} crates to your test builds", crates.len());
    let page = Page::read("docs/src/guide/getting-started.md");
    assert!(page.text.contains(&stated), "{} does not state: {stated}\n{crates:#?}", page.name);
}
