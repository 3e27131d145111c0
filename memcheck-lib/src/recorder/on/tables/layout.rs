//! The layout of the shared memory.
//!
//! The memory is a file of its own, mapped whole. Pages that were never written cost nothing, and
//! all together take [`LENGTH`] bytes. What does not fit is counted, never lost silently.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64};

use super::live::LiveTable;
use super::loaded_code::{CodeTable, LoadedCode};
use super::ranges::RangeTable;
use crate::metric::SiteKind;
use crate::recorder::on::lock::Lock;
use crate::recorder::on::unwind::{RuleCache, Walkers};

/// Limit of distinct call stacks. The index of a site has 17 bits in `live.rs`.
pub(super) const SITES: usize = 1 << 17;
/// Slots of the hash index: at most half of them are in use, so that probing stays short.
pub(super) const INDEX: usize = 2 * SITES;
/// Limit of return addresses over all stacks: 32 per stack on average.
pub(super) const ADDRESSES: usize = 1 << 22;

/// Parts of the survivor counters. The threads of a pool have the same stacks, and with one counter
/// each call of one thread would wait for the cache line of another.
pub(in crate::recorder::on) const COUNTER_PARTS: usize = 4;

/// Size of all tables, in bytes.
pub(super) const LENGTH: usize = size_of::<Tables>();

/// The bound that recorder/mod.rs and docs/recording.md state, in MiB.
const STATED_BOUND: usize = 104;
const _: () = assert!(LENGTH.div_ceil(1 << 20) == STATED_BOUND, "state the new bound");

/// All tables. All zero bytes are valid and mean empty tables.
#[repr(C)]
pub(crate) struct Tables {
    /// 1 once the worker records.
    pub(in crate::recorder::on) started: AtomicU32,
    /// The recorded kinds other than heap blocks, one bit each.
    pub(in crate::recorder::on) intercepted_kinds: AtomicU32,
    /// Held while a site is added.
    pub(super) add_lock: Lock,
    /// Sites in use.
    pub(super) sites_used: AtomicU32,
    /// Words of `addresses` in use.
    pub(super) addresses_used: AtomicU32,
    pub(in crate::recorder::on) unattributed: [UnattributedCounters; SiteKind::ALL.len()],
    pub(super) index: [AtomicU32; INDEX],
    pub(super) sites: [SiteEntry; SITES],
    /// The survivors of each site, in parts: those of a site are the sum over all parts.
    pub(in crate::recorder::on) survivors: [[Survivors; SITES]; COUNTER_PARTS],
    pub(super) addresses: UnsafeCell<[u64; ADDRESSES]>,
    pub(in crate::recorder::on) live: LiveTable,
    pub(in crate::recorder::on) rule_cache: RuleCache,
    pub(in crate::recorder::on) walkers: Walkers,
    pub(in crate::recorder::on) code: CodeTable,
    pub(in crate::recorder::on) ranges: RangeTable,
}

// SAFETY: everything that is not atomic is written under a lock, or by the one thread that owns it.
unsafe impl Sync for Tables {}

impl Tables {
    /// The libraries that were in memory when a library was unloaded.
    pub(crate) fn loaded_code(&self) -> Vec<LoadedCode> {
        self.code.to_vec()
    }
}

/// Counters of what belongs to no site.
#[repr(C)]
pub(in crate::recorder::on) struct UnattributedCounters {
    /// Released blocks and bytes that are older than the recording, as negative numbers.
    pub(in crate::recorder::on) older_blocks: AtomicI64,
    pub(in crate::recorder::on) older_bytes: AtomicI64,
    /// Acquired blocks and bytes for which the tables were full.
    pub(in crate::recorder::on) dropped_blocks: AtomicI64,
    pub(in crate::recorder::on) dropped_bytes: AtomicI64,
}

/// A call stack.
#[repr(C)]
pub(super) struct SiteEntry {
    pub(super) hash: AtomicU64,
    /// Index of its first frame in `addresses`; frames are stored outermost first.
    pub(super) start: AtomicU32,
    /// Number of frames in bits 0 to 15, kind in bits 16 to 23, and [`TRUNCATED`].
    pub(super) shape: AtomicU32,
}

/// Bit of [`SiteEntry::shape`]: outer frames were left out.
pub(super) const TRUNCATED: u32 = 1 << 31;

/// One part of the live resources of a site. A part can be negative: one thread acquires what
/// another releases.
#[repr(C)]
pub(in crate::recorder::on) struct Survivors {
    pub(in crate::recorder::on) blocks: AtomicI64,
    pub(in crate::recorder::on) bytes: AtomicI64,
}
