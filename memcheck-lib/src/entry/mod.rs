//! Where a test or a program enters the library. It decides the role of the process: the worker of an
//! observer, the observer of its own worker, or a plain run of the body.

mod attribute;
mod binary_id;
#[cfg(target_os = "linux")]
mod observed_program;
mod once;
mod program;
#[cfg(target_os = "linux")]
mod report_dir;
#[cfg(target_os = "linux")]
mod self_observed;
mod setters;
mod test;
#[cfg(feature = "tokio")]
pub(crate) mod tokio;
mod uncaptured_stderr;

pub use attribute::{plain, workload};
pub use binary_id::Target;
pub use program::Check;
pub use test::Test;
