//! The statistics of the allocators in this process, and their functions that return memory.
//!
//! The functions are found by name at run time, so no allocator becomes a dependency. A weak
//! reference finds those that are linked statically, because an executable does not export them.
//! `dlsym` finds those of shared libraries and of `LD_PRELOAD`. The statistics are shown in
//! reports; no verdict uses them.

#[cfg(target_os = "linux")]
mod functions;
#[cfg(target_os = "linux")]
mod queries;
mod stats;

#[cfg(target_os = "linux")]
pub(crate) use queries::{release_unused_memory, stats};
pub use stats::{Allocator, AllocatorChange, AllocatorStats};
