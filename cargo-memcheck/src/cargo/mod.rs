//! cargo as a tool: how it is called, what it built, and in which environment it would have run
//! that.

mod binary_id;
mod build;
mod command;
mod environment;
mod inherited;
mod manifest;
mod metadata;
mod runner;

use std::ffi::OsString;
use std::sync::OnceLock;

use cargo_metadata::Metadata;

pub(crate) use build::{Listener, TestBinary, build};
pub(crate) use command::CommandLine;
pub(crate) use environment::{RUNNER_WORD, Surroundings, environments, tell};
pub(crate) use inherited::changes as changes_of_cargo_run;
pub(crate) use manifest::check as check_manifest;
pub(crate) use metadata::are_of_all_members;
pub(crate) use runner::check as check_runner;

use crate::cli::{Color, Selection};
use crate::interrupt;

/// How cargo is to be called for this run.
#[derive(Debug)]
pub(crate) struct Cargo<'a> {
    /// What is built.
    pub(crate) selection: &'a Selection,
    /// The `--color` of the command line.
    pub(crate) color: Option<Color>,
    /// What cargo said of the workspace.
    metadata: OnceLock<Metadata>,
}

impl<'a> Cargo<'a> {
    /// For what is selected.
    pub(crate) fn new(selection: &'a Selection, color: Option<Color>) -> Self {
        Cargo { selection, color, metadata: OnceLock::new() }
    }

    /// `cargo test`, with the mark by which all that it starts is ended on a signal.
    fn test(&self) -> CommandLine {
        let mut command = self.command("test");
        command.environment([(interrupt::MARK.into(), Some(interrupt::mark().into()))]);
        command
    }

    /// Any command of cargo, in the environment that the user's shell has: what a `cargo run` that
    /// started this tool had added is taken away, and the cargo of the same toolchain is called.
    fn command(&self, name: &str) -> CommandLine {
        let mut command = CommandLine::new(program());
        command.argument(name).environment(inherited::changes());
        command
    }
}

/// The cargo that started this tool, else the one in `PATH`.
fn program() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
