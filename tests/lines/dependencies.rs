//! Leaks in a dependency: the report has the line of the user that leads there, the function of the
//! dependency that allocates, and advice.

use std::sync::LazyLock;

use crate::support::{Output, Project};

const KEEPER: &str = include_str!("../fixtures/dependencies/keeper.rs");
const USER: &str = include_str!("../fixtures/dependencies/user.rs");

/// A path like that of a downloaded crate, outside the workspace.
const FOLDER: &str = "../downloaded/registry/src/index-1/keeper-1.2.3";

static PROJECT: LazyLock<Project> = LazyLock::new(|| {
    let manifest = "[package]\nname = \"keeper\"\nversion = \"1.2.3\"\nedition = \"2021\"\n";
    Project::new("user")
        .env("RUST_BACKTRACE", "0")
        .library_features(&["tokio"])
        .manifest_extra(&format!(
            "keeper = {{ path = \"{FOLDER}\" }}\n\n[profile.release]\ndebug = 1\n"
        ))
        .file(&format!("{FOLDER}/Cargo.toml"), manifest)
        .file(&format!("{FOLDER}/src/lib.rs"), KEEPER)
        .file("src/lib.rs", USER)
});

static DEBUG: LazyLock<Output> = LazyLock::new(|| PROJECT.memcheck(&[]).code(100));
static RELEASE: LazyLock<Output> = LazyLock::new(|| PROJECT.memcheck(&["--release"]).code(100));

/// The number of the line that ends with `mark`.
fn line(text: &str, mark: &str) -> usize {
    let at = text.lines().position(|line| line.ends_with(mark));
    at.unwrap_or_else(|| panic!("no line ends with {mark}")) + 1
}

/// Checks the report of the leak of a test: location, note with `done`, and help with `means`.
#[track_caller]
fn assert_explained(output: &Output, test: &str, done: &str, means: &str) {
    let named = format!("--> src/lib.rs:{}:", line(USER, &format!("// NAMES: {test}")));
    let blocks = output.stdout.split("\nerror[").map(|of| of.split("\n\n").next().unwrap_or(of));
    let found = blocks.into_iter().find(|of| of.contains(&named));
    let text = found.unwrap_or_else(|| panic!("{named} is not in\n{}", output.stdout));
    let by =
        format!("keeper-1.2.3/src/lib.rs:{}\n", line(KEEPER, &format!("// ALLOCATES: {test}")));
    let note = text.lines().find(|line| line.contains(&format!("= note: {done} by ")));
    let note = note.unwrap_or_else(|| panic!("no note says by what it is {done}:\n{text}"));
    assert!(format!("{note}\n").ends_with(&by), "the note does not end with {by}:\n{note}");
    let helps: Vec<&str> = text.lines().filter(|line| line.contains("= help: ")).collect();
    assert!(helps.iter().any(|help| help.contains(means)), "{means} is not in {helps:#?}");
    assert!(helps.iter().any(|help| help.contains("`keeper-1.2.3`")), "{helps:#?}");
}

#[track_caller]
fn all(output: &Output) {
    assert_explained(output, "cycle", "allocated", "never dropped");
    assert_explained(output, "half_built", "allocated", "never dropped");
    assert_explained(output, "descriptor", "opened", "look for a version that closes it");
    assert_explained(output, "wakers", "allocated", "keeps growing");
}

#[test]
fn a_leak_in_a_dependency_names_the_users_line_and_the_dependency_in_debug() {
    all(&DEBUG);
}

#[test]
#[ignore = "slow: run by .ci/run"]
fn a_leak_in_a_dependency_names_the_users_line_and_the_dependency_in_release() {
    all(&RELEASE);
}
