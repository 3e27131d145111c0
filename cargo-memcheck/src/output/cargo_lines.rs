//! cargo's own JSON, passed on as it is to whoever reads ours: what the compiler says and what leaks
//! stand in one stream, told apart by `reason`.

use std::io::{self, Write};
use std::path::Path;

use crate::cli::Results;

/// The lines of cargo.
pub(crate) struct CargoLines {
    out: Box<dyn Write>,
    written: io::Result<()>,
}

impl CargoLines {
    /// For the stream that the results as JSON go to.
    pub(crate) fn of(results: &Results, graph: Option<&Path>) -> Self {
        CargoLines::to(super::json_stream(super::stdout_is_taken(results, graph)))
    }

    fn to(out: Box<dyn Write>) -> Self {
        CargoLines { out, written: Ok(()) }
    }

    /// Passes a line on. Once that has failed nothing more is tried.
    pub(crate) fn pass_on(&mut self, line: &str) {
        if self.written.is_ok() {
            let text = format!("{line}\n");
            self.written = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
        }
    }

    /// Whether all could be written.
    pub(crate) fn close(self) -> io::Result<()> {
        self.written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_went_away_is_told_once() {
        struct Full(u32);
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                assert_eq!(std::mem::replace(&mut self.0, 1), 0, "written to again");
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut lines = CargoLines::to(Box::new(Full(0)));
        lines.pass_on("{}");
        lines.pass_on("{}");
        assert_eq!(lines.close().unwrap_err().kind(), io::ErrorKind::StorageFull);
    }
}
