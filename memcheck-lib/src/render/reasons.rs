//! Why a test is no success, as data.

use super::details::headlines;
use crate::report::{Reason, Report};

/// What is wrong, the cause before what follows from it; empty for a success. The same sentences
/// as in [`details`](super::details()).
///
/// ```
/// use memcheck::report::{Outcome, Report, TestId};
/// let report = Report::unobserved(TestId::default(), Outcome::Exited { status: 0 });
/// assert_eq!(memcheck::render::reasons(&report)[0].code, "exited");
/// ```
pub fn reasons(report: &Report) -> Vec<Reason> {
    if report.is_success() {
        return Vec::new();
    }
    headlines(report).into_iter().map(|of| Reason::new(of.code, of.message, of.metric)).collect()
}
