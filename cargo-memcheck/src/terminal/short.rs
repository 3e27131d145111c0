//! One line for each test, starting with its file and line, for editors and `grep`.

use std::io::{self, Write};

use memcheck::tool::render;

use super::human::summary;
use super::style::{self, styled};
use crate::runner::Event;

/// Results as lines.
pub(super) struct Short<W> {
    out: W,
}

impl<W: Write> Short<W> {
    pub(super) fn new(out: W) -> Self {
        Short { out }
    }
}

impl<W: Write> Short<W> {
    /// Receives an event.
    pub(super) fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::TestFinished(report) => {
                let status = report.status();
                let line = render::line(report);
                let line = styled(line.trim(), status.text(), style::status(status));
                let test = &report.test;
                writeln!(self.out, "{}:{}:{}: {line}", test.file, test.line, test.column)?;
                if report.is_unproven()
                    && let Some(proof) = render::proof(report)
                {
                    writeln!(self.out, "{}:{}:{}: {proof}", test.file, test.line, test.column)?;
                }
            }
            Event::Finished(total) => self.out.write_all(summary(total).as_bytes())?,
            Event::Started { .. }
            | Event::TestStarted(_)
            | Event::TestProgress(..)
            | Event::Interrupted { .. } => return Ok(()),
        }
        self.out.flush()
    }
}
