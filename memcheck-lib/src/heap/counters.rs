//! The counters of one heap.

use std::ops::AddAssign;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde::{Deserialize, Serialize};

/// Counters of one heap at one instant.
///
/// Sizes of the Rust heap are the requested sizes. A `realloc` counts as one allocation of the new
/// size and one release of the old block, whether or not the block moved.
///
/// The counters of a single thread ([`Snapshot::thread`](crate::Snapshot::thread)) count only its
/// own calls. A thread that frees blocks of other threads has negative live counts.
///
/// In a [`Growth`](crate::Growth), each field is the change:
///
/// ```
/// use memcheck::Snapshot;
///
/// let before = Snapshot::thread()?;
/// drop(std::hint::black_box(vec![0u8; 100]));
/// let heap = Snapshot::thread()?.since(&before).heap.unwrap();
/// assert_eq!((heap.live_bytes, heap.live_blocks), (0, 0));
/// assert_eq!((heap.total_bytes, heap.total_blocks), (100, 1));
/// # Ok::<(), memcheck::SnapshotError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct HeapCounters {
    /// Blocks allocated and not freed.
    pub live_blocks: i64,
    /// Bytes in them.
    pub live_bytes: i64,
    /// Blocks allocated since the start of the process.
    pub total_blocks: u64,
    /// Bytes in them.
    pub total_bytes: u64,
}

impl HeapCounters {
    /// The changes from `before` to `self`.
    #[must_use]
    pub fn since(&self, before: &HeapCounters) -> HeapCounters {
        HeapCounters {
            live_blocks: self.live_blocks.wrapping_sub(before.live_blocks),
            live_bytes: self.live_bytes.wrapping_sub(before.live_bytes),
            total_blocks: self.total_blocks.wrapping_sub(before.total_blocks),
            total_bytes: self.total_bytes.wrapping_sub(before.total_bytes),
        }
    }
}

/// The sums behind [`HeapCounters`]. They only grow (modulo 2⁶⁴), so threads that free each other's
/// blocks share no word.
#[derive(Debug)]
pub(super) struct AtomicCounters {
    allocated_blocks: AtomicU64,
    allocated_bytes: AtomicU64,
    freed_blocks: AtomicU64,
    freed_bytes: AtomicU64,
}

/// Adds to a word that only this thread writes: a load and a store, without a locked instruction.
#[inline(always)]
fn add_owned(word: &AtomicU64, amount: u64) {
    word.store(word.load(Relaxed).wrapping_add(amount), Relaxed);
}

impl AtomicCounters {
    pub(super) const fn new() -> Self {
        AtomicCounters {
            allocated_blocks: AtomicU64::new(0),
            allocated_bytes: AtomicU64::new(0),
            freed_blocks: AtomicU64::new(0),
            freed_bytes: AtomicU64::new(0),
        }
    }

    /// Counts an allocation. The calling thread must be the only writer.
    #[inline(always)]
    pub(super) fn allocated_owned(&self, bytes: u64) {
        add_owned(&self.allocated_blocks, 1);
        add_owned(&self.allocated_bytes, bytes);
    }

    /// Counts a release. The calling thread must be the only writer.
    #[inline(always)]
    pub(super) fn freed_owned(&self, bytes: u64) {
        add_owned(&self.freed_blocks, 1);
        add_owned(&self.freed_bytes, bytes);
    }

    /// Counts an allocation. Several threads can write.
    pub(super) fn allocated_shared(&self, bytes: u64) {
        self.allocated_blocks.fetch_add(1, Relaxed);
        self.allocated_bytes.fetch_add(bytes, Relaxed);
    }

    /// Counts a release. Several threads can write.
    pub(super) fn freed_shared(&self, bytes: u64) {
        self.freed_blocks.fetch_add(1, Relaxed);
        self.freed_bytes.fetch_add(bytes, Relaxed);
    }

    pub(super) fn read(&self) -> HeapCounters {
        // Releases before allocations: a block that is allocated and freed between the loads counts
        // as live for a moment, and the number of blocks is never negative.
        let freed_blocks = self.freed_blocks.load(Relaxed);
        let freed_bytes = self.freed_bytes.load(Relaxed);
        let total_blocks = self.allocated_blocks.load(Relaxed);
        let total_bytes = self.allocated_bytes.load(Relaxed);
        HeapCounters {
            live_blocks: total_blocks.wrapping_sub(freed_blocks) as i64,
            live_bytes: total_bytes.wrapping_sub(freed_bytes) as i64,
            total_blocks,
            total_bytes,
        }
    }
}

impl AddAssign for HeapCounters {
    fn add_assign(&mut self, other: Self) {
        self.live_blocks = self.live_blocks.wrapping_add(other.live_blocks);
        self.live_bytes = self.live_bytes.wrapping_add(other.live_bytes);
        self.total_blocks = self.total_blocks.wrapping_add(other.total_blocks);
        self.total_bytes = self.total_bytes.wrapping_add(other.total_bytes);
    }
}
