//! The memory of a process.

use std::io::{self, Write};

use memcheck::tool::process::{Inspection, render};

use super::streams::WriteError;

/// The width without a terminal.
const COLUMNS: usize = 100;

/// Writes an inspection, for people or as one line of JSON.
pub(crate) fn inspection(inspection: &Inspection, json: bool) -> Result<(), WriteError> {
    WriteError::of(write(inspection, json))
}

fn write(inspection: &Inspection, json: bool) -> io::Result<()> {
    if json {
        let mut line = serde_json::to_vec(inspection)?;
        line.push(b'\n');
        return io::stdout().write_all(&line);
    }
    // anstream removes the colours if they are not wanted.
    let text = render(inspection, width(), true);
    anstream::stdout().write_all(text.as_bytes())
}

/// The width of the terminal, else the variable `COLUMNS`.
fn width() -> usize {
    let of_terminal = rustix::termios::tcgetwinsize(io::stdout()).ok();
    let of_terminal = of_terminal.map(|size| usize::from(size.ws_col)).filter(|&width| width > 0);
    let variable = || std::env::var("COLUMNS").ok()?.parse().ok();
    of_terminal.or_else(variable).unwrap_or(COLUMNS)
}
