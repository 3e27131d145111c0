//! `cargo memcheck` as a command: running, listing, inspecting, output, errors.

mod bad_input;
mod captured_output;
mod environment;
mod inspect;
mod json_output;
mod list;
mod run;

use crate::support::Project;

/// A project whose only annotated test cannot run, because it is inside a function.
fn project_with_nested_test(name: &str) -> Project {
    Project::new(name).file(
        "src/lib.rs",
        "#![cfg(test)]\n#[test]\nfn outer() {\n    #[memcheck::memcheck]\n    fn inner() {}\n}\n",
    )
}
