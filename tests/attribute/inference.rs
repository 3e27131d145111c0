//! The library adds no implementations that make code of its users ambiguous.

use std::collections::BTreeSet;
use std::process::Command;

use crate::support::{Output, Project, root};

/// Lines that compile because of a single implementation of a trait.
const LINES: &str = include_str!("../fixtures/inference/lines.rs");

/// Compiles the lines in a crate that uses the library with these features.
fn compile(project: Project, uses: &str) -> Output {
    let project = project.file("src/lib.rs", format!("#![cfg(test)]\n{uses}\n{LINES}"));
    let mut command = project.cargo("check", &["--tests", "--quiet"]);
    crate::support::run(&mut command)
}

#[test]
fn ambiguous_lines_compile_without_the_library() {
    compile(Project::new("inference_without").without_library(), "").code(0);
}

#[test]
fn ambiguous_lines_compile_with_the_library() {
    compile(Project::new("inference_with"), "use memcheck as _;").code(0);
}

#[test]
fn ambiguous_lines_compile_with_every_feature_of_the_library() {
    let project = Project::new("inference_with_features");
    let project = project.library_features(&["own-allocator", "tokio", "insta"]);
    compile(project, "use memcheck as _;").code(0);
}

/// The lines notice what they are for.
#[test]
fn lines_are_ambiguous_with_serde_json() {
    let project = Project::new("inference_serde_json").without_library();
    let project = project.manifest_extra("serde_json = \"1.0\"\n");
    let output = compile(project, "use serde_json as _;").code(101);
    assert!(output.stderr.contains("E0283"), "{}", output.stderr);
}

/// What a user's crate is compiled with, with every feature but those of crates that the user has chosen
/// (`tokio`, `insta`). Before you add a crate, search it for implementations of the standard library's
/// traits for types of the standard library (`impl PartialEq<X> for u32`), and extend the lines.
#[test]
fn dependencies_of_the_library_are_those_that_were_examined() {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    command.current_dir(root()).args(["tree", "--package", "memcheck-lib", "--edges", "normal"]);
    command.args(["--features", "sites,native-heap", "--prefix", "none", "--offline"]);
    let output = crate::support::run(&mut command).code(0);
    let macros = ["memcheck-macros", "memcheck-options", "proc-macro2", "quote", "syn"];
    let of_compiler = macros.into_iter().chain(["serde_derive", "unicode-ident"]);
    let of_compiler: BTreeSet<&str> = of_compiler.collect();
    let names = output.stdout.lines().filter_map(|line| line.split_whitespace().next());
    let names: BTreeSet<&str> = names.filter(|name| !of_compiler.contains(name)).collect();
    let examined = [
        "bitflags",
        "gimli",
        "hex",
        "libc",
        "linux-raw-sys",
        "memcheck-lib",
        "procfs",
        "procfs-core",
        "rustix",
        "serde",
        "serde_core",
    ];
    assert_eq!(names, BTreeSet::from(examined));
}
