//! Why a document could not be read.

use std::fmt;

use super::test_report::{OLDEST_READABLE, REPORT_VERSION};
use crate::json::JsonError;

/// Why a document could not be read.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// It is not a report, or only a part of one, or a newer memcheck wrote something unknown into it.
    Broken {
        /// The position, and what was expected there.
        source: JsonError,
        /// Version of the memcheck that wrote it, if it is in the document.
        tool: Option<String>,
    },
    /// It has a layout version that cannot be read.
    Foreign {
        /// Its version.
        version: u64,
        /// Version of the memcheck that wrote it, if it is in the document.
        tool: Option<String>,
    },
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Broken { tool: Some(tool), .. } if tool != env!("CARGO_PKG_VERSION") => {
                write!(
                    f,
                    "memcheck {tool} wrote it, and memcheck {} does not know all of its contents",
                    env!("CARGO_PKG_VERSION")
                )
            }
            ReadError::Broken { .. } => f.write_str("it is not a complete memcheck report"),
            ReadError::Foreign { version, tool } => {
                let tool = tool.as_deref().unwrap_or("of an unknown version");
                write!(
                    f,
                    "memcheck {tool} wrote it with layout version {version}; memcheck {} reads layout versions {OLDEST_READABLE} to {REPORT_VERSION}",
                    env!("CARGO_PKG_VERSION")
                )
            }
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ReadError::Broken { source, .. } => Some(source),
            ReadError::Foreign { .. } => None,
        }
    }
}
