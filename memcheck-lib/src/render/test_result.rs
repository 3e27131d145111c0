//! Why a test is not a success, as data.

use super::headlines::headlines;
use crate::report::{FailureReason, Report, TestResult};

/// What is wrong, the cause before its consequences; empty for a success. The sentences are those of
/// [`details`](super::details()).
///
/// ```
/// use memcheck::tool::report::{Outcome, Report, TestId};
/// let report = Report::unobserved(TestId::default(), Outcome::Exited { status: 0 });
/// assert_eq!(memcheck::tool::render::reasons(&report)[0].code, "exited");
/// ```
pub fn reasons(report: &Report) -> Vec<FailureReason> {
    if report.is_success() {
        return Vec::new();
    }
    let reason = |of: super::headlines::Headline| FailureReason {
        code: of.code.to_owned(),
        message: of.message,
        metric: of.metric,
    };
    headlines(report).into_iter().map(reason).collect()
}

/// A report as an entry of a [`RunReport`](crate::report::RunReport): with its status, and the reasons
/// if it is not a success.
///
/// ```
/// use memcheck::tool::report::{Outcome, Report, Status, TestId};
/// let report = Report::unobserved(TestId::default(), Outcome::Lost);
/// assert_eq!(memcheck::tool::render::test_result(report).status, Status::Lost);
/// ```
pub fn test_result(report: Report) -> TestResult {
    TestResult::new(reasons(&report), report)
}
