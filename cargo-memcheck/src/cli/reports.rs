//! `cargo memcheck report`.

use std::path::PathBuf;

use clap::Args;

use super::{Display, Inconclusive, Lines, Results};

/// `cargo memcheck report`.
#[derive(Debug, Args)]
pub(crate) struct Reports {
    /// Files of `--report` or `MEMCHECK_REPORT_DIR`, or folders: all `*.json` in and below them
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// What a test that stays UNSURE does to the exit code
    #[arg(long, value_enum, default_value_t, value_name = "EFFECT")]
    pub(crate) inconclusive: Inconclusive,
    #[command(flatten)]
    pub(crate) results: Results,
    #[command(flatten)]
    pub(crate) display: Display,
    #[command(flatten)]
    pub(crate) lines: Lines,
}
