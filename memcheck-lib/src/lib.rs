//! Leak-detection tests for Rust.

#![cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "what only an observer needs, and there is none on this system")
)]

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
pub mod detect;
mod entry;
#[cfg(target_os = "linux")]
mod forked;
mod json;
mod metric;

pub mod heap;
mod observer;
pub mod options;
pub mod process;
#[cfg(target_os = "linux")]
mod protocol;
mod recorder;
pub mod render;
pub mod report;
pub mod snapshot;
mod thread_slot;
#[doc(hidden)]
pub mod tool;
pub mod units;
#[cfg(any(memcheck_native, memcheck_calls))]
mod weak;
mod worker;

pub use entry::Check;
pub use heap::{Alloc, HeapCounters};
#[doc = include_str!("attribute.md")]
pub use memcheck_macros::memcheck;
pub use metric::Metric;
pub use options::Options;
pub use report::Report;
pub use snapshot::{Growth, Snapshot};
pub use units::Bytes;
pub use worker::{IterationResult, Workload};
