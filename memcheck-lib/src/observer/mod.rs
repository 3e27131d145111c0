//! The observer: starts a worker, measures it from outside and judges what it measured.

mod cancel;
mod launch;
mod settings;

#[cfg(target_os = "linux")]
mod assemble;
#[cfg(target_os = "linux")]
mod measure;
#[cfg(target_os = "linux")]
mod observe;
#[cfg(target_os = "linux")]
mod prove;
#[cfg(target_os = "linux")]
mod rechecks;
#[cfg(target_os = "linux")]
mod recording;
#[cfg(target_os = "linux")]
mod rerun;
#[cfg(all(target_os = "linux", test))]
mod scripted;
#[cfg(not(target_os = "linux"))]
mod unsupported;
#[cfg(target_os = "linux")]
mod worker_handle;
#[cfg(target_os = "linux")]
mod worker_process;

pub use cancel::{Cancel, Progress};
pub use launch::Launch;
#[cfg(target_os = "linux")]
pub(crate) use settings::UNKNOWN_VARIABLE;
pub use settings::{Record, Settings};
#[cfg(not(target_os = "linux"))]
pub use unsupported::{observe, prove};
#[cfg(target_os = "linux")]
pub use {observe::observe, prove::prove, worker_process::process_tree::kill_process_tree};
