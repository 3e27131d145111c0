//! Inside the test process: runs the iterations that the observer asks for and sends the counters.

mod drive;
mod iterate_async;
mod iteration_result;
#[cfg(not(target_os = "linux"))]
mod no_session;
#[cfg(target_os = "linux")]
pub(crate) mod serve;
#[cfg(target_os = "linux")]
pub(crate) mod session;
mod step;
mod steps;
mod workload;

pub use iteration_result::IterationResult;
pub(crate) use iteration_result::Returned;
#[cfg(feature = "tokio")]
pub(crate) use step::Step;
pub(crate) use steps::Steps;
pub use workload::Workload;
