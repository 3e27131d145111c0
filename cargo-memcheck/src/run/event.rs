//! What happens in a run, in order.

use std::sync::Arc;

use memcheck::report::{Report, TestId};
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
