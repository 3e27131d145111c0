//! What is recorded, in memory that observer and worker share: the observer reads it without
//! asking, also after the worker's death.
//!
//! The memory is a file that nothing else uses, mapped whole. Pages that nobody touched cost
//! nothing; at most it is [`LENGTH`] bytes. What does not fit is counted, never lost silently.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64};

use super::SiteKind;
use super::code::Code;
use super::live::Live;
use super::ranges::Ranges;
use super::rules::Rules;
use super::walk::Walks;

/// Distinct call stacks that can be told apart.
pub(crate) const SITES: usize = 1 << 17;
/// Places of the index by hash: at most half of them are taken.
pub(super) const INDEX: usize = 2 * SITES;
/// Return addresses that all stacks together may have.
pub(super) const ADDRESSES: usize = 1 << 22;
/// Frames of a stack that are kept, innermost first.
pub(crate) const FRAMES: usize = 64;

/// Parts in which survivors are counted. Threads of a pool have the same stacks: with one count for
/// all they would wait for its cache line at every call.
pub(super) const PARTS: usize = 4;

/// Bytes of the whole.
pub(crate) const LENGTH: usize = size_of::<Tables>();

/// The bound that is stated (recorder/mod.rs, docs/src/how/recording.md), in MiB.
const STATED: usize = 104;
const _: () = assert!(LENGTH.div_ceil(1 << 20) == STATED, "state the new bound");

/// All of it. A table that nobody wrote is all zero, which is valid.
#[repr(C)]
pub(crate) struct Tables {
    /// 1 once the worker records.
    pub(super) started: AtomicU32,
    /// Kinds that are no heap and are recorded, a bit each.
    pub(super) calls: AtomicU32,
    /// Taken while a stack is added.
    pub(super) adding: Lock,
    /// Sites in use.
    pub(super) sites_used: AtomicU32,
    /// Words of `addresses` in use.
    pub(super) addresses_used: AtomicU32,
    pub(super) tallies: [KindTally; SiteKind::ALL.len()],
    pub(super) index: [AtomicU32; INDEX],
    pub(super) sites: [SiteRecord; SITES],
    /// What lives of each site, in parts: a site's is the sum over them.
    pub(super) survivors: [[Survivors; SITES]; PARTS],
    pub(super) addresses: UnsafeCell<[u64; ADDRESSES]>,
    pub(super) live: Live,
    pub(super) rules: Rules,
    pub(super) walks: Walks,
    pub(super) code: Code,
    pub(super) ranges: Ranges,
}

// SAFETY: what is no atomic is written under a lock or by the one thread it belongs to.
unsafe impl Sync for Tables {}

/// What belongs to no site.
#[repr(C)]
pub(super) struct KindTally {
    /// Released blocks and bytes that are older than the recording.
    pub(super) older_blocks: AtomicI64,
    pub(super) older_bytes: AtomicI64,
    /// Acquired blocks and bytes that found no room.
    pub(super) unplaced_blocks: AtomicI64,
    pub(super) unplaced_bytes: AtomicI64,
}

/// A call stack.
#[repr(C)]
pub(super) struct SiteRecord {
    pub(super) hash: AtomicU64,
    /// Where its frames begin in `addresses`, outermost first.
    pub(super) start: AtomicU32,
    /// Number of frames, bit 31 set when outer ones were left out; kind in bits 16 to 23.
    pub(super) shape: AtomicU32,
}

/// A part of what lives of a site. What one thread acquires and another releases makes one part
/// negative.
#[repr(C)]
pub(super) struct Survivors {
    pub(super) blocks: AtomicI64,
    pub(super) bytes: AtomicI64,
}

/// Bit of [`SiteRecord::shape`].
pub(super) const CUT: u32 = 1 << 31;

pub(super) use lock::{Held, Lock};

mod lock {
    use std::sync::atomic::{AtomicU32, Ordering};

    /// A lock that neither allocates nor remembers its owner, held for some hundred nanoseconds.
    /// Nothing that is called under it can come back to it: the thread that holds it records
    /// nothing else.
    #[repr(transparent)]
    pub(crate) struct Lock(AtomicU32);

    /// Holds a [`Lock`].
    pub(crate) struct Held<'a>(&'a Lock);

    impl Lock {
        #[inline(always)]
        pub(crate) fn hold(&self) -> Held<'_> {
            let mut tries = 0u32;
            while self.0.compare_exchange_weak(0, 1, Ordering::Acquire, Ordering::Relaxed).is_err()
            {
                tries += 1;
                if tries.is_multiple_of(64) {
                    std::thread::yield_now();
                } else {
                    std::hint::spin_loop();
                }
            }
            Held(self)
        }
    }

    impl Drop for Held<'_> {
        #[inline(always)]
        fn drop(&mut self) {
            self.0.0.store(0, Ordering::Release);
        }
    }
}
