//! Why a text is not the expected JSON, or a value cannot be written.

use std::fmt;

/// Why a text is not the expected JSON, or a value cannot be written as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    message: String,
    /// Line and column, from 1. `None` while writing.
    position: Option<(usize, usize)>,
}

impl JsonError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        JsonError { message: message.into(), position: None }
    }

    /// The error with its position: the number of the byte in the text.
    pub(super) fn at(mut self, text: &[u8], byte: usize) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        self.position.get_or_insert((line, before.len() - start + 1));
        self
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match self.position {
            Some((line, column)) => write!(f, " at line {line} column {column}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for JsonError {}

impl serde::ser::Error for JsonError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        JsonError::new(message.to_string())
    }
}

impl serde::de::Error for JsonError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        JsonError::new(message.to_string())
    }
}
