//! [`Report`] as text for people.

use std::fmt;

use super::details::details;
use super::line::line;
use crate::report::Report;

impl fmt::Display for Report {
    /// The line of the test and, unless it is a success, the details: what is wrong, where, what was
    /// measured, and what to do. [`Report::snapshot_text`] is the text that is the same in every run.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", line(self))?;
        if self.is_success() { Ok(()) } else { f.write_str(&details(self)) }
    }
}

#[cfg(test)]
mod tests {
    use crate::report::{Outcome, Report, TestId};

    #[test]
    fn report_is_displayed_as_its_line_and_its_details() {
        let id = TestId { name: "tests::a".into(), ..TestId::default() };
        let lost = Report::unobserved(id, Outcome::Lost).to_string();
        let mut lines = lost.lines();
        assert_eq!(lines.next(), Some("        LOST [   0.00s] tests::a"));
        assert!(lines.next().is_some_and(|line| line.starts_with("error[lost]: ")), "{lost}");
    }
}
