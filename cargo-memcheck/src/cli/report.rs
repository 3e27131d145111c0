//! The arguments of `cargo memcheck report`.

use std::path::PathBuf;

use clap::Args;

use super::backtrace::BacktraceFlag;
use super::display::Display;
use super::results::Results;
use crate::runner::Inconclusive;

/// `cargo memcheck report`.
#[derive(Debug, Args)]
pub(crate) struct Report {
    /// Report files (from `--report` or `MEMCHECK_REPORT_DIR`), or folders: all `*.json` files in and
    /// below them
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// What an UNSURE test does to the exit code
    #[arg(long, value_enum, default_value_t, value_name = "EFFECT")]
    pub(crate) inconclusive: Inconclusive,
    #[command(flatten)]
    pub(crate) results: Results,
    #[command(flatten)]
    pub(crate) display: Display,
    #[command(flatten)]
    pub(crate) backtrace: BacktraceFlag,
}
