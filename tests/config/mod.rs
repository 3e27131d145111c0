//! The configuration.

mod file;
mod suppressions;
