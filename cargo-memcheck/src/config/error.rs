//! What is wrong with the configuration.

use std::fmt;
use std::io;
use std::path::PathBuf;

use memcheck::tool::VariableError;

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("the configuration `{}` cannot be read", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("the configuration `{}` is no text: invalid UTF-8 in line {line}", path.display())]
    NotText { path: PathBuf, line: usize },
    #[error("the configuration cannot be used:{}", listed(path, problems))]
    Problems { path: PathBuf, problems: Vec<Problem> },
    #[error("there is no profile `{name}` {}", of(path.as_ref()))]
    NoProfile { name: String, known: Vec<String>, nearest: Option<String>, path: Option<PathBuf> },
    #[error("{0}")]
    Variable(VariableError),
    #[error("the environment variable {name}={value:?} cannot be used: {what}")]
    RunVariable { name: String, value: String, what: &'static str },
}

/// One mistake in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Line, from 1.
    pub(crate) line: usize,
    /// Column in characters, from 1.
    pub(crate) column: usize,
    /// What is wrong, and what was meant.
    pub(crate) message: String,
    /// Whether a list of the keys would help.
    pub(crate) unknown_key: bool,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

fn listed(path: &std::path::Path, problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("\n  {}:{problem}", path.display())).collect()
}

fn of(path: Option<&PathBuf>) -> String {
    match path {
        Some(path) => format!("in `{}`", path.display()),
        None => format!("because there is no `{}`", super::load::PLACE),
    }
}

impl ConfigError {
    /// What the reader can do about it.
    pub(crate) fn help(&self) -> Option<String> {
        Some(match self {
            ConfigError::Read { .. } => {
                "give --config-file (or MEMCHECK_CONFIG_FILE) the path of a readable file".into()
            }
            ConfigError::NotText { .. } => "save it as UTF-8".into(),
            ConfigError::Problems { problems, .. } if problems.iter().all(|of| !of.unknown_key) => {
                return None;
            }
            ConfigError::Problems { .. } => {
                "the keys are the options of the attribute and `jobs`, `fail-fast`, \
                 `inconclusive`, `sites`, `backtrace`, `report`, `junit`, `markdown`, as `cargo memcheck config` lists them"
                    .into()
            }
            ConfigError::NoProfile { nearest: Some(nearest), .. } => {
                format!("did you mean `{nearest}`?")
            }
            ConfigError::NoProfile { known, name, .. } => {
                let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
                let there = match known.as_slice() {
                    [one] => format!("there is only {one}"),
                    more => format!("there are {}", more.join(", ")),
                };
                format!(
                    "{there}; write a table [profile.{name}], or use --cargo-profile for a profile \
                     of cargo's"
                )
            }
            ConfigError::Variable(VariableError { name, .. })
            | ConfigError::RunVariable { name, .. } => format!("mend it, or `unset {name}`"),
        })
    }
}
