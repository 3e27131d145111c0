//! What happens in a run, in order.

use std::sync::Arc;
use std::time::Duration;

use memcheck::Options;
use memcheck::report::{Outcome, Output, REPORT_VERSION, Report, TestId};
use memcheck::tool::Progress;

use super::Summary;

/// Something that happened.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// The run begins.
    Started {
        /// Tests that will run.
        tests: usize,
        /// Binaries they are in.
        binaries: usize,
    },
    /// A test begins.
    TestStarted(Arc<TestId>),
    /// A test goes on. Not sent for every checkpoint.
    TestProgress(Arc<TestId>, Progress),
    /// A test is judged, or skipped.
    TestFinished(Arc<Report>),
    /// A signal arrived; what runs is being ended.
    Interrupted {
        /// Its number.
        signal: i32,
    },
    /// The run is over.
    Finished(Summary),
}

/// The report of a test whose worker was not observed.
pub(crate) fn unobserved(test: TestId, outcome: Outcome) -> Report {
    Report {
        version: REPORT_VERSION,
        test,
        options: Options::new(),
        outcome,
        verdict: None,
        iterations: 0,
        failed_iteration: None,
        elapsed: Duration::ZERO,
        figures: Vec::new(),
        profile: None,
        before: None,
        after: None,
        growth: None,
        warnings: Vec::new(),
        output: Output::default(),
    }
}
