//! Which configuration is meant, and the arguments of `cargo memcheck config`.

use std::path::PathBuf;

use clap::Args;

use super::{Display, Limits, Lines, Results, Running};

/// Which file, and which profile of it.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Configuration")]
pub(crate) struct Configuration {
    /// Profile of the configuration (cargo's is --cargo-profile) [default: MEMCHECK_PROFILE, else
    /// `default`]
    #[arg(short = 'P', long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// The configuration [default: MEMCHECK_CONFIG_FILE, else .config/memcheck.toml of the workspace]
    #[arg(long, value_name = "PATH")]
    pub(crate) config_file: Option<PathBuf>,
}

impl Configuration {
    /// The file that was named, by the flag or the variable.
    pub(crate) fn named(&self) -> Option<PathBuf> {
        let variable = || std::env::var_os("MEMCHECK_CONFIG_FILE").filter(|path| !path.is_empty());
        self.config_file.clone().or_else(|| variable().map(PathBuf::from))
    }
}

/// `cargo memcheck config`.
#[derive(Debug, Args)]
pub(crate) struct Config {
    /// A test by its full name: what holds for it, with the overrides that fit
    #[arg(value_name = "TEST")]
    pub(crate) test: Option<String>,
    /// The binary that the test is in, as `cargo memcheck list` names it
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
    pub(crate) lines: Lines,
    #[command(flatten)]
    pub(crate) results: Results,
    #[command(flatten, next_help_heading = "Manifest options")]
    pub(crate) manifest: clap_cargo::Manifest,
}
