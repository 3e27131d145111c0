//! How cargo is called for a run.

use std::ffi::OsString;
use std::sync::OnceLock;

use cargo_metadata::Metadata;

use crate::cli::{Color, Selection};
use crate::subprocess::{self, CommandLine, changes_of_cargo_run};

/// How cargo is called for this run.
#[derive(Debug)]
pub(crate) struct Cargo<'a> {
    /// What is built.
    pub(crate) selection: &'a Selection,
    /// The `--color` of the command line.
    pub(crate) color: Option<Color>,
    /// The answer of `cargo metadata`, once it was needed.
    pub(super) metadata: OnceLock<Metadata>,
}

impl<'a> Cargo<'a> {
    /// Calls for this selection.
    pub(crate) fn new(selection: &'a Selection, color: Option<Color>) -> Self {
        Cargo { selection, color, metadata: OnceLock::new() }
    }

    /// `cargo test`, with the mark by which its descendants are found when a signal arrives.
    pub(super) fn test(&self) -> CommandLine {
        let mut command = self.command("test");
        command.environment([(subprocess::MARK.into(), Some(subprocess::mark().into()))]);
        command
    }

    /// A cargo command in the environment of the user's shell: without the variables of a `cargo run`
    /// that started this tool, but with the cargo of the same toolchain.
    pub(super) fn command(&self, name: &str) -> CommandLine {
        let mut command = CommandLine::new(program());
        command.argument(name).environment(changes_of_cargo_run());
        command
    }
}

/// The cargo that started this tool, else the one in `PATH`.
pub(super) fn program() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
