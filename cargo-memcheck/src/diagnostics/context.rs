//! What is needed to explain leaks besides the report: sources, binaries and the length of call stacks.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use crate::cargo::TestBinary;
use crate::cli::Backtrace;
use crate::symbolize::LazyWorkspace;

/// What is needed to explain leaks besides the report.
#[derive(Clone)]
pub(crate) struct Context<'a> {
    /// The workspace, for its sources.
    workspace: LazyWorkspace<'a>,
    /// The binaries of the tests, by id.
    binaries: Arc<BTreeMap<&'a str, &'a TestBinary>>,
    /// How much of a call stack is shown.
    pub(super) backtrace: Backtrace,
    /// The start of the first run, if the results are from earlier runs.
    began: Option<SystemTime>,
}

impl<'a> Context<'a> {
    /// For the tests in `binaries`.
    pub(crate) fn new(
        workspace: LazyWorkspace<'a>,
        binaries: impl Iterator<Item = &'a TestBinary>,
        backtrace: Backtrace,
    ) -> Self {
        let binaries = binaries.map(|binary| (binary.id.as_str(), binary)).collect();
        Context { workspace, binaries: Arc::new(binaries), backtrace, began: None }
    }

    /// For tests of earlier runs, the first of which started at `began`.
    pub(crate) fn of_runs_since(self, began: Option<SystemTime>) -> Self {
        Context { began, ..self }
    }

    /// The binary with this id.
    pub(super) fn binary(&self, id: &str) -> Option<&'a TestBinary> {
        self.binaries.get(id).copied()
    }

    /// The text of a source file, unless it is newer than the binary or, if the binary is unknown, than
    /// the run: lines of another version would show the wrong code.
    pub(super) fn source(&self, file: &str, binary: &str) -> Option<String> {
        let path = self.workspace.path(file);
        let modified = |path: &Path| std::fs::metadata(path).ok()?.modified().ok();
        let built = self.binary(binary).and_then(|binary| modified(&binary.path)).or(self.began);
        if built.is_some_and(|built| modified(&path).is_some_and(|source| source > built)) {
            return None;
        }
        std::fs::read_to_string(path).ok()
    }
}
