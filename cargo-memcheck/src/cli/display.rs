//! How results are shown on the terminal.

use clap::{Args, ValueEnum};

/// How results are shown.
#[derive(Debug, Args)]
#[command(next_help_heading = "Display")]
pub(crate) struct Display {
    /// Format of the results on standard output
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) message_format: MessageFormat,
    /// Also show the smallest leak that each test can find
    #[arg(short, long)]
    pub(crate) verbose: bool,
    /// When to use colours [default: CARGO_TERM_COLOR, else auto]
    #[arg(long, value_enum, value_name = "WHEN")]
    pub(crate) color: Option<Color>,
}

/// Format of the results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum MessageFormat {
    /// A line for each test, failures in full, a summary
    #[default]
    Human,
    /// One line for each test, starting with its file and line
    Short,
    /// One JSON object per line, for programs
    Json,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On terminals, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Color {
    /// The value of the flag, which cargo also accepts.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Color::Auto => "auto",
            Color::Always => "always",
            Color::Never => "never",
        }
    }
}
