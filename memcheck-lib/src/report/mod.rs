//! The result of one check as data. `Display` turns it into text.

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

pub use crate::detect::{MetricReport, Sensitivity, Shape, Verdict};
#[cfg(target_os = "linux")]
pub(crate) use conditions::here as conditions;
pub use outcome::Outcome;
pub(crate) use parts::*;
pub use profile::{AllocationLimit, AllocationProfile, ExceededLimit, HeapChange, IterationRange};
pub(crate) use retention::{SecondRun, bound};
pub use status::Status;
pub use test_id::TestId;
pub use test_report::{Output, Report, Warning};

/// The parts of a report that only the command reads and writes.
pub(crate) mod parts {
    pub use super::conditions::Conditions;
    pub use super::mismatch::{Mismatch, Side};
    pub use super::modules::{FileVersion, Module};
    pub use super::proof::{Plant, Proof, Trial, TrialResult};
    pub use super::read_error::ReadError;
    pub use super::retention::{Retention, RetentionFinding};
    pub use super::run_report::{FailureReason, Proofs, RunReport, RunSummary, TestResult};
    pub use super::sites::{Account, Amount, Frame, Omitted, Site, Sites};
    pub use super::source_location::SourceLocation;
    pub use super::suppressed::Suppressed;
    pub use super::test_report::REPORT_VERSION;
    pub use crate::heap::allocators::{Allocator, AllocatorChange, AllocatorStats};
    pub use crate::metric::{PlantKind, SiteKind};
}
