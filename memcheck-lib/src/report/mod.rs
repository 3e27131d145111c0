//! The result of one check as data. [`render`](crate::render) turns it into text.

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
pub use crate::heap::allocators::{Allocator, AllocatorChange, AllocatorStats};
pub use crate::json::JsonError;
pub use crate::metric::{PlantKind, SiteKind};
pub use conditions::Conditions;
#[cfg(target_os = "linux")]
pub(crate) use conditions::here as conditions;
pub use mismatch::{Mismatch, Side};
pub use modules::{FileVersion, Module};
pub use outcome::Outcome;
pub use profile::{AllocationLimit, AllocationProfile, ExceededLimit, HeapChange, IterationRange};
pub use proof::{Plant, Proof, Trial, TrialResult};
pub use read_error::ReadError;
pub use retention::{Retention, RetentionFinding};
pub(crate) use retention::{SecondRun, bound};
pub use run_report::{FailureReason, Proofs, RunReport, RunSummary, TestResult};
pub use sites::{Account, Amount, Frame, Omitted, Site, Sites};
pub use source_location::SourceLocation;
pub use status::Status;
pub use suppressed::Suppressed;
pub use test_id::TestId;
pub use test_report::{Output, REPORT_VERSION, Report, Warning};
