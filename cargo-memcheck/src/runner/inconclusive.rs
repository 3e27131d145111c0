//! What an inconclusive test does to the exit code.

use clap::ValueEnum;
use memcheck::tool::report::{Report, Status};

/// What an inconclusive test does to the exit code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Inconclusive {
    /// The run fails, because a test that could not be judged has not passed
    #[default]
    Fail,
    /// The report shows the test, and the run does not fail
    Warn,
}

impl Inconclusive {
    /// The value of the flag.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Inconclusive::Fail => "fail",
            Inconclusive::Warn => "warn",
        }
    }

    /// Whether a test with this status fails the run.
    pub(crate) fn fails(self, status: Status) -> bool {
        match status {
            Status::Unsure => self == Inconclusive::Fail,
            status => !status.is_success(),
        }
    }

    /// Whether this test fails the run. A test that missed a planted leak always does.
    pub(crate) fn fails_run(self, report: &Report) -> bool {
        self.fails(report.status()) || report.is_unproven()
    }
}
