//! How much of a call stack is shown.

use clap::{Args, ValueEnum};

/// The flag `--backtrace`.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Display")]
pub(crate) struct BacktraceFlag {
    /// How much of the call stack of a leak to show [default: short]
    #[arg(long, value_enum, value_name = "LENGTH")]
    pub(crate) backtrace: Option<Backtrace>,
}

/// How much of a call stack is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Backtrace {
    /// Calls in code of the workspace
    #[default]
    Short,
    /// All calls
    Full,
}

impl Backtrace {
    /// The value of the flag.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Backtrace::Short => "short",
            Backtrace::Full => "full",
        }
    }
}
