//! A report as text: plain, without colour, stable enough for a snapshot.
//!
//! [`line()`] is the one line that every test gets, [`details()`] the paragraphs that a test gets which
//! is not a success ([`diagnostics`] as data). Every sentence about a metric is made in one place, `phrases`.

mod allocators;
mod details;
mod phrases;
mod plain;
mod profile;
mod proof;
mod reasons;
mod spark;
mod suppressed;
mod where_grew;

pub use details::{Diagnostic, Note, details, diagnostic, diagnostics, remarks};
pub use phrases::{count, measured, sensitivity};
pub use profile::profile;
pub use proof::proof;
pub use reasons::reasons;
pub use spark::sparkline;

use std::fmt;

use crate::report::{Report, Status};

/// Width of the word at the start of a line.
pub const STATUS_WIDTH: usize = 12;

/// One line for a test: word, time, binary, name, what was measured.
///
/// ```text
///         PASS [  0.11s] cache tests::bounded    heap +0 B/iter · resident +0 B · 4,080 iterations
/// ```
pub fn line(report: &Report) -> String {
    let word = report.status();
    let name = name(report);
    let mut line =
        format!("{:>STATUS_WIDTH$} [{:>7.2}s] {name}", word.text(), report.elapsed.as_secs_f64(),);
    let measured = measured(report);
    if !measured.is_empty() {
        line.push_str("  ");
        line.push_str(&measured);
    }
    if word == Status::Known
        && let Some(reason) = &report.options.known_leak
    {
        line.push_str(&format!("  (known: {reason})"));
    }
    if word == Status::Known {
        for of in &report.suppressed {
            line.push_str(&format!("  (suppressed: {})", suppressed::sentence(of)));
        }
    }
    if word == Status::Leak
        && let Some(metric) = phrases::leading(report)
    {
        line.push_str("  ");
        line.push_str(&sparkline(&metric.windows));
    }
    line
}

impl fmt::Display for Report {
    /// What comes out the same in every run, [`profile()`], for snapshots. The alternate form, `{:#}`,
    /// is for people: the line of the test and, unless it is a success, what is wrong.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return f.write_str(&profile(self));
        }
        writeln!(f, "{}", line(self))?;
        if self.is_success() { Ok(()) } else { f.write_str(&details(self)) }
    }
}

/// The test's full name: binary, if known, and path.
pub fn name(report: &Report) -> String {
    match report.test.binary.as_str() {
        "" => report.test.name.clone(),
        binary => format!("{binary} {}", report.test.name),
    }
}
