//! The arguments of `cargo memcheck run`, which is also the default command.

use std::ffi::OsString;

use clap::Args;

use super::backtrace::BacktraceFlag;
use super::config::Configuration;
use super::display::Display;
use super::filters::Filters;
use super::limits::Limits;
use super::results::Results;
use super::running::Running;
use super::selection::Selection;

/// `cargo memcheck run`.
#[derive(Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) filters: Filters,
    #[command(flatten)]
    pub(crate) running: Running,
    #[command(flatten)]
    pub(crate) limits: Limits,
    #[command(flatten)]
    pub(crate) configuration: Configuration,
    #[command(flatten)]
    pub(crate) display: Display,
    #[command(flatten)]
    pub(crate) backtrace: BacktraceFlag,
    #[command(flatten)]
    pub(crate) results: Results,
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Arguments for the test binaries. Those that select or show tests (names, --exact, --skip,
    /// --ignored, --include-ignored, --nocapture, --test-threads) mean the same as before the `--`
    #[arg(last = true, value_name = "ARGS")]
    pub(crate) test_arguments: Vec<OsString>,
}
