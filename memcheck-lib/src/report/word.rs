//! The word that a result is printed under.

use serde::{Deserialize, Serialize};

/// The word at the start of a test's line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum Word {
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

impl Word {
    /// The word as printed.
    pub const fn text(self) -> &'static str {
        match self {
            Word::Pass => "PASS",
            Word::Skip => "SKIP",
            Word::Known => "KNOWN",
            Word::Unsure => "UNSURE",
            Word::Limit => "LIMIT",
            Word::Leak => "LEAK",
            Word::Fail => "FAIL",
            Word::Crash => "CRASH",
            Word::Exit => "EXIT",
            Word::Lost => "LOST",
            Word::Timeout => "TIMEOUT",
            Word::Ceiling => "CEILING",
            Word::Broken => "BROKEN",
        }
    }

    /// Whether a test with this word lets the run succeed.
    pub const fn is_success(self) -> bool {
        matches!(self, Word::Pass | Word::Skip | Word::Known)
    }
}
