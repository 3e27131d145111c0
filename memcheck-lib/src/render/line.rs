//! The one line that every test gets.

use super::phrases::{self, measured};
use super::sparkline::sparkline;
use super::suppressed;
use crate::report::{Outcome, Report, Status};

/// Width of the status at the start of a line.
pub const STATUS_WIDTH: usize = 12;

/// One line for a test: status, time, binary, name, what was measured.
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
    if let Outcome::Skipped { reason: Some(reason) } = &report.outcome {
        line.push_str(&format!("  ({})", reason.replace(char::is_control, " ")));
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

/// The test's full name: binary, if known, and path.
pub fn name(report: &Report) -> String {
    match report.test.binary.as_str() {
        "" => report.test.name.clone(),
        binary => format!("{binary} {}", report.test.name),
    }
}
