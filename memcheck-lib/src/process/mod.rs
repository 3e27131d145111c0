//! What the kernel says about a process: its memory by kind, its footprint, its resources.
//!
//! - [`Watch`] reads a process again and again, cheaply, for checkpoints.
//!
//! Parsing and sums are pure and compile everywhere; what opens `/proc` is for Linux.

mod error;
mod fields;
mod footprint;
#[allow(dead_code, reason = "the snapshot uses the rest")]
mod smaps;
mod status;
#[allow(dead_code, reason = "the snapshot uses the rest")]
mod vm_flags;

#[cfg(target_os = "linux")]
mod descriptor_memory;
#[cfg(target_os = "linux")]
mod identify;
#[cfg(target_os = "linux")]
mod proc_files;
#[cfg(target_os = "linux")]
mod watch;

mod sample;

pub use error::{ProcessError, StatusSummary};
pub use footprint::Footprint;
pub use sample::Sample;
#[cfg(target_os = "linux")]
pub use watch::Watch;
