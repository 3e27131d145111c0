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
/// `#[test]` that is also a leak test, for tests that exist already: `use memcheck::test;` in a module
/// converts its `#[test]` functions.
///
/// `cargo test` runs such a test once, as before, unless `MEMCHECK=judge` or `MEMCHECK_REPORT_DIR` is
/// set. `cargo memcheck` judges it. It takes what `#[test]` takes, and the options of
/// [`#[memcheck]`](macro@memcheck). A test with `#[should_panic]` stays an ordinary test.
///
/// ```no_run,test_harness
/// #[cfg(test)]
/// mod tests {
///     use memcheck::test;
///
///     #[test]
///     fn parses() {
///         assert_eq!("1".parse(), Ok(1));
///     }
/// }
/// ```
pub use memcheck_macros::test;
pub use metric::Metric;
pub use options::Options;
pub use report::Report;
pub use snapshot::{Growth, Snapshot};
pub use units::Bytes;
pub use worker::{IterationResult, Workload};
