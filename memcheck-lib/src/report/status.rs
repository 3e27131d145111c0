//! The word that a result is printed under.

use serde::{Deserialize, Serialize};

/// The word at the start of a test's line.
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
    /// Ended by a signal.
    Crash,
    /// Exited by itself.
    Exit,
    /// Gone silent.
    Lost,
    /// Timed out.
    Timeout,
    /// Stopped at its memory ceiling.
    Ceiling,
    /// memcheck itself failed on this test.
    Broken,
}

impl Status {
    /// The word as printed.
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

    /// Whether a test with this word lets the run succeed.
    pub const fn is_success(self) -> bool {
        matches!(self, Status::Pass | Status::Skip | Status::Known)
    }
}
