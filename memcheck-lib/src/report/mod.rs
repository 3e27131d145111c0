//! The result of one check as data. What a reader sees of it is made in [`render`](crate::render).

use std::time::Duration;

mod conditions;
pub(crate) mod file;
mod instant;
mod mismatch;
mod outcome;
mod profile;
mod proof;
mod retention;
mod run;
#[cfg(test)]
mod schema;
mod sites;
mod status;
mod suppressed;

use serde::{Deserialize, Serialize};

use crate::detect::Advice;
pub use crate::detect::{MetricReport, Sensitivity, Shape, Verdict};
pub use crate::heap::allocators::{Allocator, AllocatorChange, AllocatorStats};
use crate::metric::Metric;
use crate::options::Options;
pub use crate::recorder::SiteKind;
use crate::snapshot::{Growth, Snapshot};
pub use conditions::Conditions;
#[cfg(target_os = "linux")]
pub(crate) use conditions::here as conditions;
pub use mismatch::{Mismatch, Side};
pub use outcome::Outcome;
pub use profile::{Change, Exceeded, Profile, ProfileLimit, Range};
pub use proof::{Plant, PlantKind, Proof, Trial, TrialResult};
pub(crate) use retention::{Again, bound};
pub use retention::{Finding, Retention};
pub use run::{Proofs, ReadError, Reason, RunReport, RunSummary, TestRecord};
pub use sites::{Account, Amount, FileVersion, Frame, Module, Omitted, Place, Site, Sites};
pub use status::Status;
pub use suppressed::Suppressed;

/// Version of the layout of [`Report`] and [`RunReport`] as JSON.
pub const REPORT_VERSION: u32 = 2;

/// Oldest layout version that is still read. Version 1 called a metric a figure and a status a word.
pub(crate) const OLDEST_READ: u32 = 1;

/// Which test a report is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TestId {
    /// Path of the test as libtest spells it: `tests::bounded`.
    pub name: String,
    /// Binary as nextest spells it (`crate`, `crate::bin/name`, `crate::integration`); empty when
    /// the test is its own observer.
    #[serde(default)]
    pub binary: String,
    /// Source file as the compiler was given it.
    pub file: String,
    /// Line of the attribute, from 1.
    pub line: u32,
    /// Column of the attribute, from 1.
    pub column: u32,
}

/// Bounded copy of what the worker printed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Output {
    /// Standard output and standard error as they came, the middle cut out when there was too much.
    pub text: String,
    /// Bytes that were cut out.
    pub omitted: u64,
}

/// Something the reader must know to read the result right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Warning {
    /// Short stable name: `heap-not-counted`.
    pub code: String,
    /// One sentence that says what, and what to do.
    pub message: String,
}

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Report {
    /// Layout version, [`REPORT_VERSION`].
    pub version: u32,
    /// The test.
    pub test: TestId,
    /// The options in force.
    pub options: Options,
    /// How the process ended.
    pub outcome: Outcome,
    /// The judgement on memory; `None` when nothing could be judged, which is never a pass.
    pub verdict: Option<Verdict>,
    /// Iterations run in the judged part.
    pub iterations: u64,
    /// The iteration (counted from 1 over the whole run, warm-up included) in which the body
    /// failed, crashed or hung.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_iteration: Option<u64>,
    /// Wall time of the whole check.
    pub elapsed: Duration,
    /// The machine and the build; `None` for a test that was not observed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Conditions>,
    /// Iterations done at each checkpoint, one list for each window: where the
    /// [readings](MetricReport::windows) of the metrics were made. A metric that could not be read
    /// at some of them has fewer, and is never steady.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checkpoints: Vec<Vec<u64>>,
    /// The metrics, in the order of [`Metric::ALL`]; metrics that could not be read are absent.
    #[serde(alias = "figures")]
    pub metrics: Vec<MetricReport>,
    /// Allocations per iteration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// The limits on that which an iteration passed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceeded: Vec<Exceeded>,
    /// The process at the start of the judged part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Snapshot>,
    /// The process at the end of the judged part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Snapshot>,
    /// `after.since(&before)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub growth: Option<Growth>,
    /// What the worker's allocators say of themselves, at both ends of the judged part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allocators: Vec<AllocatorChange>,
    /// What came of asking the allocators to give memory back, when the footprint grew although
    /// the live heap did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
    /// Where what survives was allocated, when it was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sites: Option<Sites>,
    /// What `--prove` found out, where it was asked for and the test passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
    /// Sites that the configuration names as not to be mended here; they stand in `sites` no more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suppressed: Vec<Suppressed>,
    /// What to do about what could not be said.
    #[serde(default)]
    pub advice: Vec<Advice>,
    /// What the reader must know.
    #[serde(default)]
    pub warnings: Vec<Warning>,
    /// What the worker printed.
    #[serde(default)]
    pub output: Output,
}

impl Report {
    /// A report of a test whose worker was not observed: skipped, or never started.
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

    /// A report of a check that memcheck itself could not carry out.
    pub(crate) fn broken(test: TestId, message: String) -> Report {
        Report::unobserved(test, Outcome::Broken { message })
    }

    /// The status this report is printed under. The end of the process outranks the verdict: a
    /// test that crashed has not passed, however flat its memory was.
    pub fn status(&self) -> Status {
        match (&self.outcome, self.verdict) {
            (Outcome::Failed { .. }, _) => Status::Fail,
            (Outcome::Crashed { .. }, _) => Status::Crash,
            (Outcome::Exited { .. }, _) => Status::Exit,
            (Outcome::Lost, _) => Status::Lost,
            (Outcome::TimedOut { .. }, _) => Status::Timeout,
            (Outcome::OverCeiling { .. }, _) => Status::Ceiling,
            (Outcome::Broken { .. }, _) => Status::Broken,
            (Outcome::Skipped, _) => Status::Skip,
            (Outcome::Passed, None | Some(Verdict::Inconclusive)) => Status::Unsure,
            (Outcome::Passed, Some(Verdict::OverLimit)) => Status::Limit,
            (Outcome::Passed, Some(Verdict::Steady)) if self.is_known_leak() => Status::Fail,
            (Outcome::Passed, Some(Verdict::Steady)) => Status::Pass,
            // Nothing is left over, but what is wrong is the body's doing all the same.
            (Outcome::Passed, Some(Verdict::Growing)) if self.mismatch_alone().is_some() => {
                Status::Fail
            }
            (Outcome::Passed, Some(Verdict::Growing))
                if self.is_known_leak() || self.growth_is_suppressed() =>
            {
                Status::Known
            }
            (Outcome::Passed, Some(Verdict::Growing)) => Status::Leak,
        }
    }

    /// Whether this lets a run succeed: passed (and proven, if that was asked for), skipped, or a
    /// known leak.
    pub fn is_success(&self) -> bool {
        self.status().is_success() && !self.is_unproven()
    }

    /// Whether the test says that it leaks. One that does not leak any more must not go on saying
    /// so: the next leak would be let through.
    fn is_known_leak(&self) -> bool {
        self.options.known_leak.is_some()
    }

    /// What was seen of one metric.
    pub fn metric(&self, metric: Metric) -> Option<&MetricReport> {
        self.metrics.iter().find(|of| of.metric == metric)
    }
}
