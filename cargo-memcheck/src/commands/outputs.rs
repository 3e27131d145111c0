//! All outputs of a run: the terminal and the result files.

use super::error::Error;
use super::exit_code;
use crate::export::{EarlierRuns, Exports};
use crate::runner::Event;
use crate::terminal::{self, Output, WriteError};

/// All outputs of a run. If one of them fails, the run goes on without it, because the user may only need
/// the exit code.
pub(super) struct Outputs<'a> {
    terminal: Option<Output<'a>>,
    exports: Exports<'a>,
    failed: Vec<Error>,
}

impl<'a> Outputs<'a> {
    /// The output on the terminal and the result files.
    pub(super) fn new(terminal: Output<'a>, exports: Exports<'a>) -> Self {
        Outputs { terminal: Some(terminal), exports, failed: Vec::new() }
    }

    /// The results are from earlier runs.
    pub(super) fn of_earlier(&mut self, runs: EarlierRuns) {
        self.exports.of_earlier(runs);
    }

    /// Passes an event to every output.
    pub(super) fn event(&mut self, event: &Event) {
        if let Some(Err(error)) = self.terminal.as_mut().map(|terminal| terminal(event)) {
            self.terminal = None;
            self.failed.extend(WriteError::of(Err(error)).err().map(Error::from));
        }
        self.failed.extend(self.exports.event(event).into_iter().map(Error::from));
    }

    /// Prints the errors of outputs, and returns the exit code of a command that would return `code`.
    pub(super) fn close(self, code: u8) -> u8 {
        self.failed.iter().for_each(print_error);
        exit_code::with_write_errors(code, &self.failed)
    }
}

/// Prints an error and its help.
pub(super) fn print_error(error: &Error) {
    terminal::error(&error.sentence(), error.help().as_deref());
}

/// Whether GitHub Actions runs the command: the value of `GITHUB_ACTIONS`.
pub(super) fn github_actions() -> Option<String> {
    std::env::var("GITHUB_ACTIONS").ok()
}
