//! Leak tests: a test is repeated in a process of its own, and fails if memory, file descriptors,
//! threads or child processes grow with the iterations.
//!
//! A leak test is a function with [`#[memcheck]`](macro@memcheck) instead of `#[test]`. Its body is one
//! iteration. This one leaks 24 bytes in each:
//!
//! ```no_run,test_harness
//! use memcheck::memcheck;
//!
//! #[memcheck]
//! fn forgets_a_vec() {
//!     std::mem::forget(std::hint::black_box(vec![0u8; 24]));
//! }
//! ```
//!
//! `cargo test` runs it like any other test, and it fails. `cargo memcheck` also shows the line that
//! allocates what survives.
//!
//! A function that takes a [`Workload`] sets up once and then iterates. Only the iterations are judged:
//!
//! ```no_run,test_harness
//! use memcheck::{Workload, memcheck};
//!
//! #[memcheck]
//! fn a_request_leaves_nothing_behind(workload: Workload) {
//!     let mut open = std::collections::HashMap::new();
//!     workload.iterate(|| {
//!         open.insert("request", "state".to_owned());
//!         open.remove("request");
//!     });
//! }
//! ```
//!
//! Without the attribute:
//!
//! - A [`Check`] is a leak test in a program, a bench or a custom test harness. Its result is a
//!   [`Report`].
//! - A [`Snapshot`] measures the heap and the process once. The difference of two is a [`Growth`]:
//!
//! ```
//! use memcheck::Snapshot;
//!
//! let before = Snapshot::thread()?;
//! let kept = std::hint::black_box(vec![0u8; 24]);
//! let growth = Snapshot::thread()?.since(&before);
//! assert_eq!(growth.heap.map(|heap| heap.live_bytes), Some(24));
//! # drop(kept);
//! # Ok::<(), memcheck::SnapshotError>(())
//! ```
//!
//! The library counts the heap with [`Alloc`], which it installs as the global allocator of the test
//! binary. If your crate has a global allocator of its own, wrap it in [`Alloc`] (feature
//! `own-allocator`). memcheck measures on Linux only; elsewhere a leak test runs its body once.
//!
//! The guide begins with `docs/src/guide/getting-started.md` in the repository of memcheck.

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
mod json;
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
pub use process::{Footprint, ProcessError, ProcessGrowth, ProcessSnapshot};
pub use report::rest::{Report, Status, Verdict};
pub use snapshot::{Growth, Snapshot, SnapshotError};
pub use units::{Bytes, ParseBytesError};
pub use worker::{IterationResult, Workload};
