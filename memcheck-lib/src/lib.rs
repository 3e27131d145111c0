//! Leak-detection tests for Rust.

#![cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "what only an observer needs, and there is none on this system")
)]

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod detect;
mod entry;
#[cfg(target_os = "linux")]
mod forked;
mod heap;
mod metric;
mod observer;
mod options;
mod process;
#[cfg(target_os = "linux")]
mod protocol;
mod recorder;
mod render;
pub mod report;
mod snapshot;
mod thread_slot;
#[doc(hidden)]
pub mod tool;
mod units;
#[cfg(any(memcheck_native, memcheck_calls))]
mod weak;
mod worker;

pub use entry::Check;
pub use heap::{Alloc, HeapCounters};
#[doc = include_str!("attribute.md")]
pub use memcheck_macros::memcheck;
pub use metric::Metric;
pub use options::Options;
pub use process::{Footprint, ProcessError, ProcessGrowth, ProcessSnapshot};
pub use report::{Report, Status, Verdict};
pub use snapshot::{Growth, Snapshot, SnapshotError};
pub use units::{Bytes, ParseBytesError};
pub use worker::Workload;
