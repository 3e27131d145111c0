//! The parts of a [`Report`].
//!
//! ```no_run
//! use memcheck::report::Outcome;
//! use memcheck::{Check, Metric, Verdict};
//!
//! let report = Check::new("parsing").run(|| drop("1.5".parse::<f64>()));
//! assert_eq!(report.outcome, Outcome::Passed);
//! assert_eq!(report.verdict, Some(Verdict::Steady));
//! if let Some(heap) = report.metric(Metric::HeapBytes) {
//!     println!("{} bytes per iteration", heap.rate);
//! }
//! ```

pub(crate) mod atomic_file;
mod conditions;
mod instant;
mod leading_site;
mod mismatch;
mod modules;
mod outcome;
mod profile;
mod proof;
mod read_error;
mod retention;
mod run_report;
#[cfg(test)]
mod schema;
mod sites;
mod source_location;
mod status;
mod suppressed;
mod suppression;
mod test_id;
mod test_report;

pub use crate::detect::{MetricReport, Sensitivity, Shape};
pub use crate::json::JsonError;
#[cfg(target_os = "linux")]
pub(crate) use conditions::here as conditions;
pub use outcome::Outcome;
pub use profile::{AllocationLimit, AllocationProfile, ExceededLimit, HeapChange, IterationRange};
pub(crate) use rest::*;
pub(crate) use retention::{SecondRun, bound};
pub use test_id::TestId;
pub use test_report::{Output, Warning};

/// What is not public here: the types in the root of the crate, and those that only the command uses.
pub(crate) mod rest {
    pub use super::conditions::Conditions;
    pub use super::mismatch::{Mismatch, Side};
    pub use super::modules::{FileVersion, Module};
    pub use super::proof::{Plant, Proof, Trial, TrialResult};
    pub use super::read_error::ReadError;
    pub use super::retention::{Retention, RetentionFinding};
    pub use super::run_report::{FailureReason, Proofs, RunReport, RunSummary, TestResult};
    pub use super::sites::{Account, Amount, Frame, Omitted, Site, Sites};
    pub use super::source_location::SourceLocation;
    pub use super::status::Status;
    pub use super::suppressed::Suppressed;
    pub use super::test_report::{REPORT_VERSION, Report};
    pub use crate::detect::Verdict;
    pub use crate::heap::allocators::{Allocator, AllocatorChange, AllocatorStats};
    pub use crate::metric::{PlantKind, SiteKind};
}
