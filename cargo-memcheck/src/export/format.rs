//! A format in which the results of a run are written to a file.

use std::io;

use super::run_result::RunResult;

/// A row of the table of formats.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Format {
    /// The name of the flag without `--`, and the key of the configuration file.
    pub(crate) name: &'static str,
    /// The help of the flag.
    pub(crate) help: &'static str,
    /// Whether the file can also be set in the configuration file and by an environment variable.
    pub(crate) is_setting: bool,
    /// Turns the result of a run into the content of the file.
    pub(super) export: fn(&RunResult<'_>) -> io::Result<Vec<u8>>,
}

impl Format {
    /// The flag: `--junit`.
    pub(crate) fn flag(&self) -> String {
        format!("--{}", self.name)
    }
}
