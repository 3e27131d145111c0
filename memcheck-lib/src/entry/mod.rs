//! Where a test or a program enters the library, and which role its process then has: the worker of
//! an observer, an observer of its own worker, or a plain run of the body.

mod binary_id;
mod program;
#[cfg(target_os = "linux")]
mod report_dir;
#[cfg(target_os = "linux")]
mod self_observed;
mod test;
#[cfg(feature = "tokio")]
pub(crate) mod tokio;

pub use binary_id::Target;
pub use program::Check;
pub use test::{Test, plain, workload};
