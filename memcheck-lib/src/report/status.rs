//! The status of a test.

use serde::{Deserialize, Serialize};

use super::outcome::Outcome;
use super::test_report::Report;
use crate::detect::Verdict;

/// The status of a test: how its process ended and the verdict on its memory, in one word.
///
/// ```
/// use memcheck::Status;
///
/// assert_eq!(Status::Leak.text(), "LEAK");
/// assert!(!Status::Leak.is_success());
/// assert!(Status::Known.is_success());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum Status {
    /// Steady and within limits.
    Pass,
    /// Ignored or filtered out.
    Skip,
    /// A known leak that leaks.
    Known,
    /// Inconclusive.
    Unsure,
    /// Over a limit.
    Limit,
    /// Growing.
    Leak,
    /// The body panicked or returned an error.
    Fail,
    /// Terminated by a signal.
    Crash,
    /// The process exited.
    Exit,
    /// The process closed its connection.
    Lost,
    /// Timed out.
    Timeout,
    /// Stopped at its memory ceiling.
    Ceiling,
    /// memcheck itself failed on this test.
    Broken,
}

impl Status {
    /// The status as printed.
    pub const fn text(self) -> &'static str {
        match self {
            Status::Pass => "PASS",
            Status::Skip => "SKIP",
            Status::Known => "KNOWN",
            Status::Unsure => "UNSURE",
            Status::Limit => "LIMIT",
            Status::Leak => "LEAK",
            Status::Fail => "FAIL",
            Status::Crash => "CRASH",
            Status::Exit => "EXIT",
            Status::Lost => "LOST",
            Status::Timeout => "TIMEOUT",
            Status::Ceiling => "CEILING",
            Status::Broken => "BROKEN",
        }
    }

    /// Whether a test with this status lets the run succeed.
    pub const fn is_success(self) -> bool {
        matches!(self, Status::Pass | Status::Skip | Status::Known)
    }
}

impl Report {
    /// The status. How the process ended takes precedence over the verdict: a test that crashed has not
    /// passed, even if its memory was steady.
    pub fn status(&self) -> Status {
        match (&self.outcome, self.verdict) {
            (Outcome::Failed { .. }, _) => Status::Fail,
            (Outcome::Crashed { .. }, _) => Status::Crash,
            (Outcome::Exited { .. }, _) => Status::Exit,
            (Outcome::Lost, _) => Status::Lost,
            (Outcome::TimedOut { .. }, _) => Status::Timeout,
            (Outcome::OverCeiling { .. }, _) => Status::Ceiling,
            (Outcome::Broken { .. }, _) => Status::Broken,
            (Outcome::Skipped { .. }, _) => Status::Skip,
            (Outcome::Passed, None | Some(Verdict::Inconclusive)) => Status::Unsure,
            (Outcome::Passed, Some(Verdict::OverLimit)) => Status::Limit,
            (Outcome::Passed, Some(Verdict::Steady)) if self.is_known_leak() => Status::Fail,
            (Outcome::Passed, Some(Verdict::Steady)) => Status::Pass,
            // No memory leaks, but the body is wrong.
            (Outcome::Passed, Some(Verdict::Growing)) if self.mismatch_alone().is_some() => {
                Status::Fail
            }
            (Outcome::Passed, Some(Verdict::Growing))
                if self.is_known_leak() || self.growth_is_suppressed() =>
            {
                Status::Known
            }
            (Outcome::Passed, Some(Verdict::Growing)) => Status::Leak,
        }
    }

    /// Whether this lets a run succeed: passed (and proven, with `--prove`), skipped, or a known leak.
    pub fn is_success(&self) -> bool {
        self.status().is_success() && !self.is_unproven()
    }

    /// Whether the test is marked as a known leak. A test that no longer leaks must not keep the mark,
    /// which would let the next leak pass.
    fn is_known_leak(&self) -> bool {
        self.options.known_leak.is_some()
    }

    /// Whether `--prove` failed for this test.
    #[doc(hidden)]
    pub fn is_unproven(&self) -> bool {
        self.proof.as_ref().is_some_and(|proof| !proof.holds())
    }
}
