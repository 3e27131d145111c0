//! A report as text: stable enough for a snapshot.

use crate::report::Report;

/// One line for a test: word, time, binary, name, what was measured. Without colour.
pub fn line(report: &Report) -> String {
    format!("{:?}", report.outcome)
}

/// Everything a reader needs of a test that is not a success, several lines. Without colour.
pub fn details(report: &Report) -> String {
    format!("{report:?}")
}
