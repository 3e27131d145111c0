//! The heaps of the calling process: counters of live and total blocks and bytes, exact over all
//! threads, and the [`Alloc`] that keeps them.
//!
//! - [`Alloc`] counts the Rust heap, on a fast path that does nothing else.
//! - `c_heap` counts the C heap, by defining the malloc family.
//! - `allocators` reads the statistics of the allocators themselves.

mod alloc;
pub(crate) mod allocators;
mod c_heap;
mod counters;
mod coverage;
mod peak;
mod slow_path;
mod thread_counters;
mod totals;

pub use alloc::Alloc;
#[cfg(memcheck_sites)]
pub(crate) use alloc::record_allocations;
pub use c_heap::{CHeapState, WhyNotCounted, c_heap_state};
pub use counters::HeapCounters;
pub use coverage::is_counted;
pub(crate) use coverage::{OWN_ALLOCATOR, is_counted_as_c, why_not_counted};
#[cfg(target_os = "linux")]
pub(crate) use peak::Peak;
pub(crate) use thread_counters::{Heap, process, thread};
pub use totals::{c, rust};
