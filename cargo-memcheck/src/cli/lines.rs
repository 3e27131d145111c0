//! How leaking lines are shown.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// How leaking lines are shown.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Display")]
pub(crate) struct Lines {
    /// How much of the call stack of a leak is shown [default: short]
    #[arg(long, value_enum, value_name = "LENGTH")]
    pub(crate) backtrace: Option<Backtrace>,
    /// Write a flame graph of what survives of the leaks, as SVG; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) flamegraph: Option<PathBuf>,
}

/// How much of a call stack is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Backtrace {
    /// Calls in the code of the workspace
    #[default]
    Short,
    /// Every call
    Full,
}

impl Backtrace {
    /// The word, as the flag takes it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Backtrace::Short => "short",
            Backtrace::Full => "full",
        }
    }
}
