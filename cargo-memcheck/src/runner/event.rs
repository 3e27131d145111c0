//! The events of a run.

use std::sync::Arc;

use memcheck::tool::Progress;
use memcheck::tool::report::{Report, TestId};

use super::Summary;

/// An event. Outputs receive all events in order.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// The run starts.
    Started {
        /// The number of tests.
        tests: usize,
        /// The number of test binaries.
        binaries: usize,
    },
    /// A test starts.
    TestStarted(Arc<TestId>),
    /// A test is running. Sent from time to time.
    TestProgress(Arc<TestId>, Progress),
    /// A test is judged, or skipped.
    TestFinished(Arc<Report>),
    /// A signal arrived; running tests are being ended.
    Interrupted {
        /// Its number.
        signal: i32,
    },
    /// The run has ended.
    Finished(Summary),
}
