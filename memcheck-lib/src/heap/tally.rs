//! Four running sums of one heap, and what they mean.

use std::ops::AddAssign;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde::{Deserialize, Serialize};

/// Counters of one heap at one instant.
///
/// Sizes of the Rust heap are the sizes that were asked for. A `realloc` counts as one allocation
/// of the new size and one release of the old block, whether or not the block moved.
///
/// The counters of a single thread ([`Snapshot::thread`](crate::Snapshot::thread)) are of that
/// thread's own calls: a thread that frees what others allocated has negative live numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HeapCounters {
    /// Blocks allocated and not freed.
    pub live_blocks: i64,
    /// Bytes in them.
    pub live_bytes: i64,
    /// Blocks ever allocated.
    pub total_blocks: u64,
    /// Bytes in them.
    pub total_bytes: u64,
}

impl HeapCounters {
    /// What happened between `before` and `self`.
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

/// The sums of which [`HeapCounters`] are made. Only ever grow (modulo 2⁶⁴), so a thread that
/// frees another's block needs no common word with it.
#[derive(Debug)]
pub(super) struct Tally {
    allocated_blocks: AtomicU64,
    allocated_bytes: AtomicU64,
    freed_blocks: AtomicU64,
    freed_bytes: AtomicU64,
}

/// Adds for a word that one thread alone writes: a load and a store, no locked instruction.
#[inline(always)]
fn add_owned(word: &AtomicU64, amount: u64) {
    word.store(word.load(Relaxed).wrapping_add(amount), Relaxed);
}

impl Tally {
    pub(super) const fn new() -> Self {
        Tally {
            allocated_blocks: AtomicU64::new(0),
            allocated_bytes: AtomicU64::new(0),
            freed_blocks: AtomicU64::new(0),
            freed_bytes: AtomicU64::new(0),
        }
    }

    /// Counts an allocation; the calling thread is the only writer.
    #[inline(always)]
    pub(super) fn allocated_owned(&self, bytes: u64) {
        add_owned(&self.allocated_blocks, 1);
        add_owned(&self.allocated_bytes, bytes);
    }

    /// Counts a release; the calling thread is the only writer.
    #[inline(always)]
    pub(super) fn freed_owned(&self, bytes: u64) {
        add_owned(&self.freed_blocks, 1);
        add_owned(&self.freed_bytes, bytes);
    }

    /// Counts an allocation where several threads write.
    pub(super) fn allocated_shared(&self, bytes: u64) {
        self.allocated_blocks.fetch_add(1, Relaxed);
        self.allocated_bytes.fetch_add(bytes, Relaxed);
    }

    /// Counts a release where several threads write.
    pub(super) fn freed_shared(&self, bytes: u64) {
        self.freed_blocks.fetch_add(1, Relaxed);
        self.freed_bytes.fetch_add(bytes, Relaxed);
    }

    pub(super) fn read(&self) -> HeapCounters {
        // Releases before allocations: a block allocated between the two loads shows as live for
        // a moment, never as a negative number of blocks.
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
