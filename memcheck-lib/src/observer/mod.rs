//! The observer: starts a worker, measures it from outside and judges what it saw.

#[cfg(target_os = "linux")]
mod allocator_retention;
#[cfg(target_os = "linux")]
mod backlog;
#[cfg(target_os = "linux")]
mod c_heap;
mod cancel;
#[cfg(target_os = "linux")]
mod capture;
#[cfg(target_os = "linux")]
mod ceiling;
mod launch;
#[cfg(target_os = "linux")]
mod limited_resources;
#[cfg(target_os = "linux")]
mod limits;
#[cfg(target_os = "linux")]
mod measure;
#[cfg(target_os = "linux")]
mod observe;
#[cfg(target_os = "linux")]
mod process_tree;
#[cfg(target_os = "linux")]
mod prove;
#[cfg(all(target_os = "linux", memcheck_sites))]
mod recording;
#[cfg(all(target_os = "linux", not(memcheck_sites)))]
#[path = "no_recording.rs"]
mod recording;
#[cfg(target_os = "linux")]
mod recurrence;
#[cfg(target_os = "linux")]
mod rerun;
#[cfg(target_os = "linux")]
mod run_queue_delay;
#[cfg(target_os = "linux")]
mod session;
mod settings;
#[cfg(target_os = "linux")]
mod settle;
#[cfg(target_os = "linux")]
mod snapshot;
#[cfg(target_os = "linux")]
mod spawn;
#[cfg(not(target_os = "linux"))]
mod unsupported;
#[cfg(target_os = "linux")]
mod worker_handle;

pub use cancel::{Cancel, Progress};
pub use launch::Launch;
#[cfg(target_os = "linux")]
pub use observe::observe;
#[cfg(target_os = "linux")]
pub use process_tree::kill_process_tree;
#[cfg(target_os = "linux")]
pub use prove::prove;
pub(crate) use settings::UNKNOWN_VARIABLE;
pub use settings::{Record, Settings};
#[cfg(not(target_os = "linux"))]
pub use unsupported::{observe, prove};
