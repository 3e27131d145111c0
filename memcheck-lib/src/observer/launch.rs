//! How to start the worker of one test.

use std::ffi::OsString;
use std::path::PathBuf;

/// How to start the worker of one test.
#[derive(Clone, Debug, Default)]
pub struct Launch {
    /// The test binary.
    pub program: PathBuf,
    /// Path of the test as libtest spells it.
    pub test: String,
    /// Binary id as nextest spells it, for the report.
    pub binary: String,
    /// Arguments for the test binary, from the user.
    pub arguments: Vec<OsString>,
    /// Working directory.
    pub directory: PathBuf,
    /// Environment variables to set on top of the tool's own; `None` removes one.
    pub environment: Vec<(OsString, Option<OsString>)>,
    /// A [`Check`](crate::Check) of a program instead of a libtest test: the worker is the program with
    /// [`arguments`](Launch::arguments) alone, and this is the check that it runs.
    pub check: Option<String>,
    /// Whether the worker leads its own process group, which is killed at the end.
    pub own_group: bool,
    /// Whether the worker's output also goes to stdout and stderr.
    pub show_output: bool,
}

impl Launch {
    /// Sets the working directory and the environment of a command.
    pub fn set_environment(&self, command: &mut std::process::Command) {
        if !self.directory.as_os_str().is_empty() {
            command.current_dir(&self.directory);
        }
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
    }
}
