//! Passes the JSON of cargo on, so that one stream has the messages of the compiler and the leaks. `reason`
//! tells them apart.

use std::io::{self, Write};

use super::streams::{self, WriteError};

/// Passes on the lines of cargo.
pub(crate) struct CargoLines {
    out: Box<dyn Write>,
    written: io::Result<()>,
}

impl CargoLines {
    /// To the stream of the JSON results.
    pub(crate) fn new(stdout_is_taken: bool) -> Self {
        CargoLines::to(streams::json(stdout_is_taken))
    }

    fn to(out: Box<dyn Write>) -> Self {
        CargoLines { out, written: Ok(()) }
    }

    /// Passes a line on. After an error, further lines are ignored.
    pub(crate) fn pass_on(&mut self, line: &str) {
        if self.written.is_ok() {
            let text = format!("{line}\n");
            self.written = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
        }
    }

    /// Whether all lines could be written.
    pub(crate) fn close(self) -> Result<(), WriteError> {
        WriteError::of(self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_after_an_error() {
        struct Full(u32);
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                assert_eq!(std::mem::replace(&mut self.0, 1), 0, "written after an error");
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut lines = CargoLines::to(Box::new(Full(0)));
        lines.pass_on("{}");
        lines.pass_on("{}");
        assert!(lines.close().is_err());
    }
}
