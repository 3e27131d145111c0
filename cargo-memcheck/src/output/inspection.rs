//! What a process uses.

use std::io::{self, Write};

use memcheck::process::{Inspection, render};

/// Columns where there is no terminal to ask.
const COLUMNS: usize = 100;

/// Writes an inspection, for people or as JSON in one line.
pub(crate) fn inspection(inspection: &Inspection, json: bool) -> io::Result<()> {
    if json {
        let mut line = serde_json::to_vec(inspection)?;
        line.push(b'\n');
        return io::stdout().write_all(&line);
    }
    // Colour is taken out again where it is not wanted.
    let text = render(inspection, width(), true);
    anstream::stdout().write_all(text.as_bytes())
}

/// Columns of the terminal, or as `COLUMNS` says.
fn width() -> usize {
    let of_terminal = rustix::termios::tcgetwinsize(io::stdout()).ok();
    let of_terminal = of_terminal.map(|size| usize::from(size.ws_col)).filter(|&width| width > 0);
    let said = || std::env::var("COLUMNS").ok()?.parse().ok();
    of_terminal.or_else(said).unwrap_or(COLUMNS)
}
