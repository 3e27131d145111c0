//! Standard output and standard error. If a result file is `-`, standard output belongs to that file, and
//! the other results go to standard error.

use std::io::{self, Write};

/// The results could not be written to standard output.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the results to standard output")]
pub(crate) struct WriteError(#[source] io::Error);

impl WriteError {
    /// The result of writing. A closed pipe (`| head`) is not an error.
    pub(crate) fn of(result: io::Result<()>) -> Result<(), WriteError> {
        match result {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(WriteError(error)),
            _ => Ok(()),
        }
    }
}

/// The stream of the JSON results.
pub(super) fn json(stdout_is_taken: bool) -> Box<dyn Write> {
    match stdout_is_taken {
        true => Box::new(io::stderr()),
        false => Box::new(io::stdout()),
    }
}

/// The stream of the results for people.
pub(super) fn text(stdout_is_taken: bool) -> Box<dyn Write> {
    match stdout_is_taken {
        true => Box::new(anstream::stderr()),
        false => Box::new(anstream::stdout()),
    }
}
