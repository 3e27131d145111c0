//! The counters of both heaps, over the whole process.

use super::counters::HeapCounters;
use super::thread_counters::{Heap, process};

/// The counters of the Rust heap of the calling process, over all threads and since its start.
///
/// All are zero if the heap is not counted: check [`is_counted`](super::is_counted) first.
pub fn rust() -> HeapCounters {
    process(Heap::Rust)
}

/// The counters of the C heap of the calling process, over all threads and since its start.
///
/// All are zero if the heap is not counted: check [`c_heap_state`](super::c_heap_state) first.
pub fn c() -> HeapCounters {
    process(Heap::C)
}
