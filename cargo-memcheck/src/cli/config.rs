//! The configuration to use, and the arguments of `cargo memcheck config`.

use std::path::PathBuf;

use clap::Args;

use super::backtrace::BacktraceFlag;
use super::display::Display;
use super::limits::Limits;
use super::results::Results;
use super::running::Running;

/// The configuration file and the profile.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Configuration")]
pub(crate) struct Configuration {
    /// Profile of the configuration file; --cargo-profile selects one of cargo [default:
    /// MEMCHECK_PROFILE, else `default`]
    #[arg(short = 'P', long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Configuration file [default: MEMCHECK_CONFIG_FILE, else .config/memcheck.toml in the workspace]
    #[arg(long, value_name = "PATH")]
    pub(crate) config_file: Option<PathBuf>,
}

impl Configuration {
    /// The file that the flag or the variable names.
    pub(crate) fn named(&self) -> Option<PathBuf> {
        let variable = || std::env::var_os("MEMCHECK_CONFIG_FILE").filter(|path| !path.is_empty());
        self.config_file.clone().or_else(|| variable().map(PathBuf::from))
    }
}

/// `cargo memcheck config`.
#[derive(Debug, Args)]
pub(crate) struct Config {
    /// Full name of a test: show its settings, with matching overrides
    #[arg(value_name = "TEST")]
    pub(crate) test: Option<String>,
    /// Id of the binary of the test, as `cargo memcheck list` shows it
    #[arg(long, value_name = "ID", requires = "test")]
    pub(crate) binary: Option<String>,
    #[command(flatten)]
    pub(crate) configuration: Configuration,
    #[command(flatten)]
    pub(crate) running: Running,
    #[command(flatten)]
    pub(crate) limits: Limits,
    #[command(flatten)]
    pub(crate) display: Display,
    #[command(flatten)]
    pub(crate) backtrace: BacktraceFlag,
    #[command(flatten)]
    pub(crate) results: Results,
    #[command(flatten, next_help_heading = "Manifest options")]
    pub(crate) manifest: clap_cargo::Manifest,
}
