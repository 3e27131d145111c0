//! Leaks that a dependency makes: the line of the user that leads there, the function of the
//! dependency that allocates, and what to try.

use std::sync::LazyLock;

use crate::support::{Output, Project};

const KEEPER: &str = include_str!("../fixtures/dependencies/keeper.rs");
const USER: &str = include_str!("../fixtures/dependencies/user.rs");

/// Where cargo keeps downloaded crates, as seen from the project: not in its workspace.
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

/// The number of the line that is marked so.
fn line(text: &str, mark: &str) -> usize {
    let at = text.lines().position(|line| line.ends_with(mark));
    at.unwrap_or_else(|| panic!("no line ends with {mark}")) + 1
}

/// What is said of the leak of a test, with `means` among its help.
#[track_caller]
fn explained(output: &Output, test: &str, done: &str, means: &str) {
    let named = format!("--> src/lib.rs:{}:", line(USER, &format!("// NAMES: {test}")));
    let blocks = output.stdout.split("\nerror[").map(|of| of.split("\n\n").next().unwrap_or(of));
    let found = blocks.into_iter().find(|of| of.contains(&named));
    let text = found.unwrap_or_else(|| panic!("{named} is not in\n{}", output.stdout));
    let by =
        format!("keeper-1.2.3/src/lib.rs:{}\n", line(KEEPER, &format!("// ALLOCATES: {test}")));
    let note = text.lines().find(|line| line.contains(&format!("= note: {done} by ")));
    let note = note.unwrap_or_else(|| panic!("nobody has {done} it in\n{text}"));
    assert!(format!("{note}\n").ends_with(&by), "{by} is not the end of\n{note}");
    let helps: Vec<&str> = text.lines().filter(|line| line.contains("= help: ")).collect();
    assert!(helps.iter().any(|help| help.contains(means)), "{means} is not in {helps:#?}");
    assert!(helps.iter().any(|help| help.contains("`keeper-1.2.3`")), "{helps:#?}");
}

#[track_caller]
fn all(output: &Output) {
    explained(output, "cycle", "allocated", "part of a cycle");
    explained(output, "half_built", "allocated", "never dropped");
    explained(output, "descriptor", "opened", "look for a version that closes it");
    explained(output, "wakers", "allocated", "that keeps growing");
}

#[test]
fn the_users_line_and_the_function_of_the_dependency_in_debug() {
    all(&DEBUG);
}

#[test]
fn the_users_line_and_the_function_of_the_dependency_in_release() {
    all(&RELEASE);
}
