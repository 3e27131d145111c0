//! Leak-detection tests for Rust.

#![cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "what only an observer needs, and there is none on this system")
)]

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
pub mod check;
pub mod figure;
#[cfg(target_os = "linux")]
mod forked;
pub mod growth;
pub mod heap;
pub mod process;
mod recorder;
pub mod render;
pub mod report;
pub mod snapshot;
#[doc(hidden)]
pub mod tool;
pub mod units;
#[cfg(any(memcheck_native, memcheck_calls))]
mod weak;

pub use check::{Check, Options, Workload};
pub use figure::Figure;
pub use heap::{Alloc, HeapCounters};
#[doc = include_str!("attribute.md")]
pub use memcheck_macros::memcheck;
pub use report::Report;
pub use snapshot::{Growth, Snapshot};
pub use units::Bytes;
