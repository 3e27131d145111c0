//! Messages to the user that are no results: they go to standard error.

use std::io::Write;

use anstream::stderr;

use super::style;
use crate::cargo::TestBinary;
use crate::error::Error;
use crate::exit;

/// Shows an error and what to do about it.
pub(crate) fn error(error: &Error) {
    // Whoever closed standard error does not want to know.
    let _ = stderr().write_all(text(error).as_bytes());
}

/// Shows what the user should know of, though it ends nothing.
pub(crate) fn warning(text: &str) {
    let style = style::WARNING;
    let _ = stderr().write_all(format!("{style}warning{style:#}: {text}\n").as_bytes());
}

/// Shows which test binaries were built, as `cargo test --no-run` does.
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

/// Shows an error of usage, or the help that was asked for, and gives the exit code.
pub(crate) fn usage(error: &clap::Error) -> u8 {
    let _ = error.print();
    match error.use_stderr() {
        true => exit::USAGE,
        false => exit::SUCCESS,
    }
}

fn text(error: &Error) -> String {
    let style = style::ERROR;
    let mut text = format!("{style}error{style:#}: {}\n", error.sentence());
    if let Some(help) = error.help() {
        let style = style::HEADING;
        text.push_str(&format!("  {style}help{style:#}: {help}\n"));
    }
    text
}
