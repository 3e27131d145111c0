//! `cargo memcheck` as a command.

mod bad_input;
mod captured_output;
mod environment;
mod inspect;
mod json_output;
mod list;
mod run;

use crate::support::Project;

/// A project whose only annotated test can never run, because it is inside of a function.
fn nested(name: &str) -> Project {
    Project::new(name).file(
        "src/lib.rs",
        "#![cfg(test)]\n#[test]\nfn outer() {\n    #[memcheck::memcheck]\n    fn inner() {}\n}\n",
    )
}
