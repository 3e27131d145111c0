//! Messages that are not results. They go to standard error.

use std::io::Write;

use anstream::stderr;

use super::style;
use crate::cargo::TestBinary;

/// Prints an error and what the user can do.
pub(crate) fn error(message: &str, help: Option<&str>) {
    let style = style::ERROR;
    let mut text = format!("{style}error{style:#}: {message}\n");
    if let Some(help) = help {
        let style = style::HEADING;
        text.push_str(&format!("  {style}help{style:#}: {help}\n"));
    }
    // A closed standard error is not a reason to stop.
    let _ = stderr().write_all(text.as_bytes());
}

/// Prints a warning.
pub(crate) fn warning(text: &str) {
    let style = style::WARNING;
    let _ = stderr().write_all(format!("{style}warning{style:#}: {text}\n").as_bytes());
}

/// Prints the test binaries that were built, like `cargo test --no-run`.
pub(crate) fn executables<'a>(binaries: impl Iterator<Item = &'a TestBinary>) {
    let here = std::env::current_dir().unwrap_or_default();
    let style = style::HEADING;
    for binary in binaries {
        let path = binary.path.strip_prefix(&here).unwrap_or(&binary.path).display();
        let title = binary.title();
        let text = format!("{style}{:>12}{style:#} {title} ({path})\n", "Executable");
        let _ = stderr().write_all(text.as_bytes());
    }
}
