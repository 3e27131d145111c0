//! The result of one check.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::conditions::Conditions;
use super::outcome::Outcome;
use super::profile::{AllocationProfile, ExceededLimit};
use super::proof::Proof;
use super::retention::Retention;
use super::sites::Sites;
use super::suppressed::Suppressed;
use super::test_id::TestId;
use crate::detect::{Advice, MetricReport, Verdict};
use crate::heap::allocators::AllocatorChange;
use crate::metric::Metric;
use crate::options::Options;
use crate::snapshot::{Growth, Snapshot};

/// Version of the JSON layout of [`Report`] and [`RunReport`](super::RunReport).
pub const REPORT_VERSION: u32 = 2;

/// Oldest layout version that can be read. Version 1 called a metric a figure and a status a word.
pub(super) const OLDEST_READABLE: u32 = 1;

/// What the test printed, up to a maximum size.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Output {
    /// Standard output and standard error in their order. The middle is missing if there was too much.
    pub text: String,
    /// Number of missing bytes.
    pub omitted: u64,
}

/// Something that the reader must know to understand the result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Warning {
    /// Short stable name: `heap-not-counted`.
    pub code: String,
    /// One sentence that says what happened, and what to do.
    pub message: String,
}

impl Warning {
    /// A warning with this code and message.
    #[doc(hidden)]
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Warning { code: code.into(), message: message.into() }
    }
}

/// The result of one check.
///
/// [`Check::run`](crate::Check::run) returns it. `Display` writes what `cargo test` shows: a line and, if the test is not a success, the details.
///
/// ```no_run
/// use memcheck::{Check, Status};
///
/// let report = Check::new("parsing").run(|| drop("1.5".parse::<f64>()));
/// print!("{report}");
/// assert_eq!(report.status(), Status::Pass);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Report {
    /// Layout version, `REPORT_VERSION`.
    #[doc(hidden)]
    pub version: u32,
    /// The test.
    pub test: TestId,
    /// The effective options.
    pub options: Options,
    /// How the process ended.
    pub outcome: Outcome,
    /// The verdict on memory; `None` if no metric could be judged, which is never a pass.
    pub verdict: Option<Verdict>,
    /// Iterations run in the judged part.
    pub iterations: u64,
    /// The iteration in which the body failed, crashed or hung, counted from 1 over the whole run,
    /// including the warm-up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_iteration: Option<u64>,
    /// Wall time of the whole check.
    pub elapsed: Duration,
    /// The machine and the build; `None` for a test that was not observed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[doc(hidden)]
    pub conditions: Option<Conditions>,
    /// Iterations done at each checkpoint, one list for each window: the positions of the
    /// [readings](MetricReport::windows). A metric that could not be read at some checkpoints has fewer
    /// readings, and is never steady.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checkpoints: Vec<Vec<u64>>,
    /// The metrics, in the order of [`Metric::ALL`]; metrics that could not be read are absent.
    #[serde(alias = "figures")]
    pub metrics: Vec<MetricReport>,
    /// Allocations per iteration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<AllocationProfile>,
    /// The limits on allocations that an iteration exceeded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceeded: Vec<ExceededLimit>,
    /// The worker process at the start of the judged part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Snapshot>,
    /// The worker process at the end of the judged part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Snapshot>,
    /// `after.since(&before)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub growth: Option<Growth>,
    /// The statistics of the allocators, at both ends of the judged part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[doc(hidden)]
    pub allocators: Vec<AllocatorChange>,
    /// The result of asking the allocators to return free memory, if only the footprint grew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[doc(hidden)]
    pub retention: Option<Retention>,
    /// Where the surviving blocks were allocated, if that was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[doc(hidden)]
    pub sites: Option<Sites>,
    /// The result of `--prove`, if the test passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[doc(hidden)]
    pub proof: Option<Proof>,
    /// Sites that the configuration suppresses; they are no longer in `sites`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[doc(hidden)]
    pub suppressed: Vec<Suppressed>,
    /// What to do about an unclear result.
    #[serde(default)]
    #[doc(hidden)]
    pub advice: Vec<Advice>,
    /// What the reader must know to understand the result.
    #[serde(default)]
    pub warnings: Vec<Warning>,
    /// What the test printed.
    #[serde(default)]
    pub output: Output,
}

impl Report {
    /// A report of a test that did not run: skipped, or not started.
    #[doc(hidden)]
    pub fn unobserved(test: TestId, outcome: Outcome) -> Report {
        Report {
            version: REPORT_VERSION,
            test,
            options: Options::default(),
            outcome,
            verdict: None,
            iterations: 0,
            failed_iteration: None,
            elapsed: Duration::ZERO,
            conditions: None,
            checkpoints: Vec::new(),
            metrics: Vec::new(),
            profile: None,
            exceeded: Vec::new(),
            before: None,
            after: None,
            growth: None,
            allocators: Vec::new(),
            retention: None,
            sites: None,
            proof: None,
            suppressed: Vec::new(),
            advice: Vec::new(),
            warnings: Vec::new(),
            output: Output::default(),
        }
    }

    /// A report of a check that failed because of memcheck itself.
    pub(crate) fn broken(test: TestId, message: String) -> Report {
        Report::unobserved(test, Outcome::Broken { message })
    }

    /// The report on one metric; `None` if it was not read.
    pub fn metric(&self, metric: Metric) -> Option<&MetricReport> {
        self.metrics.iter().find(|of| of.metric == metric)
    }
}
