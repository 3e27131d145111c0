//! What a leak is told as: the lines that allocate what survives, how control got there, what to do.
//! The same for people, as the compiler prints its errors, and for programs, as cargo's messages.

mod compiler_message;
mod explanation;
mod help;
mod sentences;
mod snippet;
mod source;

pub(super) use compiler_message::compiler_messages;
pub(super) use explanation::{diagnostics, explain};
pub(super) use snippet::snippet;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use crate::cargo::TestBinary;
use crate::cli::Backtrace;
use crate::sites::LaterWorkspace;

/// What is needed to tell of leaks.
#[derive(Clone)]
pub(crate) struct Telling<'a> {
    /// The workspace, for its sources.
    workspace: LaterWorkspace<'a>,
    /// Which binary a test is in, by id.
    binaries: Arc<BTreeMap<&'a str, &'a TestBinary>>,
    /// How much of a call stack is shown.
    backtrace: Backtrace,
    /// When the first of the runs began whose binaries are not known.
    began: Option<SystemTime>,
}

impl<'a> Telling<'a> {
    /// Of the tests in `binaries`.
    pub(crate) fn new(
        workspace: LaterWorkspace<'a>,
        binaries: impl Iterator<Item = &'a TestBinary>,
        backtrace: Backtrace,
    ) -> Self {
        let binaries = binaries.map(|binary| (binary.id.as_str(), binary)).collect();
        Telling { workspace, binaries: Arc::new(binaries), backtrace, began: None }
    }

    /// Of tests of earlier runs, the first of which began at `instant`.
    pub(crate) fn of_runs_since(self, instant: Option<SystemTime>) -> Self {
        Telling { began: instant, ..self }
    }

    /// The binary with this id.
    fn binary(&self, id: &str) -> Option<&'a TestBinary> {
        self.binaries.get(id).copied()
    }

    /// The text of a source file, if it is still the one that was built: no newer than the binary
    /// or, where that is not known, than the run.
    fn source(&self, file: &str, binary: &str) -> Option<String> {
        let path: PathBuf = self.workspace.path(file);
        let changed = |path: &std::path::Path| -> Option<SystemTime> {
            std::fs::metadata(path).ok()?.modified().ok()
        };
        let built = self.binary(binary).and_then(|binary| changed(&binary.path)).or(self.began);
        // A line of another version would point at the wrong code.
        if built.is_some_and(|built| changed(&path).is_some_and(|source| source > built)) {
            return None;
        }
        std::fs::read_to_string(path).ok()
    }
}
