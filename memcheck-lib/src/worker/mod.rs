//! Inside the test process: runs the iterations that the observer asks for and sends the counters.

#[cfg(target_os = "linux")]
pub(crate) mod connection;
mod drive;
mod iterate_async;
#[cfg(target_os = "linux")]
pub(crate) mod parent_death;
#[cfg(target_os = "linux")]
mod plant;
#[cfg(target_os = "linux")]
mod profiling;
#[cfg(target_os = "linux")]
pub(crate) mod serve;
mod workload;

#[cfg(feature = "tokio")]
pub(crate) use workload::Step;
pub(crate) use workload::Steps;
pub use workload::Workload;
