//! Why the configuration cannot be used.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use memcheck::tool::VariableError;

use super::settings::settings;

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("cannot read the configuration `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("the configuration `{}` is not valid UTF-8: line {line}", path.display())]
    NotText { path: PathBuf, line: usize },
    #[error("the configuration has errors:{}", listed(path, problems))]
    Problems { path: PathBuf, problems: Vec<Problem> },
    #[error("there is no profile `{name}` in `{}`", path.display())]
    NoProfile { name: String, known: Vec<String>, nearest: Option<String>, path: PathBuf },
    #[error("there is no profile `{name}`, because there is no `{}`", path.display())]
    NoFileForProfile { name: String, path: PathBuf },
    #[error("{0}")]
    Variable(VariableError),
    #[error("the environment variable {name}={value:?} is invalid: {expected}")]
    RunVariable { name: String, value: String, expected: &'static str },
}

/// One error in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Line, from 1.
    pub(crate) line: usize,
    /// Column in characters, from 1.
    pub(crate) column: usize,
    /// What is wrong, and what to do.
    pub(crate) message: String,
    /// Whether a list of the keys would help.
    pub(crate) unknown_key: bool,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

fn listed(path: &Path, problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("\n  {}:{problem}", path.display())).collect()
}

impl ConfigError {
    /// What the user can do.
    pub(crate) fn help(&self) -> Option<String> {
        Some(match self {
            ConfigError::Read { .. } => {
                "set --config-file (or MEMCHECK_CONFIG_FILE) to the path of a readable file".into()
            }
            ConfigError::NotText { .. } => "save the file as UTF-8".into(),
            ConfigError::Problems { problems, .. } if problems.iter().all(|of| !of.unknown_key) => {
                return None;
            }
            ConfigError::Problems { .. } => {
                let run: Vec<String> =
                    settings().map(|setting| format!("`{}`", setting.name)).collect();
                format!(
                    "the keys are the options of the attribute and {}; `cargo memcheck config` lists \
                     them",
                    run.join(", ")
                )
            }
            ConfigError::NoProfile { nearest: Some(nearest), .. } => {
                format!("did you mean `{nearest}`?")
            }
            ConfigError::NoProfile { known, name, .. } => {
                let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
                format!("the profiles are {}; {}", known.join(", "), add_profile(name))
            }
            ConfigError::NoFileForProfile { name, .. } => {
                format!("the only profile is `default`; {}", add_profile(name))
            }
            ConfigError::Variable(VariableError { name, .. })
            | ConfigError::RunVariable { name, .. } => {
                format!("correct the value, or `unset {name}`")
            }
        })
    }
}

fn add_profile(name: &str) -> String {
    format!("add a table [profile.{name}], or use --cargo-profile for a cargo profile")
}
