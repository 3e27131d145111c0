//! cargo as a tool: how it is called, what it built, and in which environment it would have run
//! that.

mod binary_id;
mod build;
mod command;
mod environment;
mod inherited;
mod manifest;
mod metadata;
mod workspace;

use std::ffi::OsString;

pub(crate) use self::inherited::changes as changes_of_cargo_run;
pub(crate) use build::{Listener, TestBinary, build};
pub(crate) use command::CommandLine;
pub(crate) use environment::{RUNNER_WORD, Surroundings, environments, tell};
pub(crate) use manifest::check as check_manifest;
pub(crate) use metadata::metadata;
pub(crate) use workspace::{has_one_member, root as workspace_root};

use crate::cli::{Color, Selection};

/// How cargo is to be called for this run.
#[derive(Debug)]
pub(crate) struct Cargo<'a> {
    /// What is built.
    pub(crate) selection: &'a Selection,
    /// The `--color` of the command line.
    pub(crate) color: Option<Color>,
}

impl Cargo<'_> {
    /// `cargo test`, in the environment that the user's shell has: what a `cargo run` that started
    /// this tool had added is taken away, and the cargo of the same toolchain is called.
    fn test(&self) -> CommandLine {
        self.command("test")
    }

    /// Any command of cargo, in the same way.
    fn command(&self, name: &str) -> CommandLine {
        let mut command = CommandLine::new(program());
        command.argument(name);
        for (name, value) in inherited::changes() {
            command.environment(name, value);
        }
        command
    }
}

/// The cargo that started this tool, else the one in `PATH`.
fn program() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
