//! The sites: call stacks, and the resources of each that are still live.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::layout::{ADDRESSES, INDEX, SITES, SiteEntry, TRUNCATED, Tables};
use crate::metric::SiteKind;
use crate::recorder::on::unwind::Stack;

/// One site, as the observer reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RecordedSite {
    pub(crate) kind: SiteKind,
    pub(crate) blocks: i64,
    pub(crate) bytes: i64,
    /// Return addresses, innermost first.
    pub(crate) stack: Vec<u64>,
    /// Outer frames were left out.
    pub(crate) truncated: bool,
}

/// Blocks and bytes of one kind that belong to no site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unattributed {
    /// Change of the resources that are older than the recording; a release counts down.
    pub(crate) older: (i64, i64),
    /// Acquired resources for which the tables were full.
    pub(crate) dropped: (i64, i64),
}

fn shape(kind: usize, stack: &Stack<'_>) -> u32 {
    stack.returns.len() as u32 | (kind as u32) << 16 | if stack.truncated { TRUNCATED } else { 0 }
}

impl Tables {
    /// The site of a stack, which is added if it is new. `None` if the tables are full.
    #[inline(always)]
    pub(in crate::recorder::on) fn site(&self, kind: usize, stack: &Stack<'_>) -> Option<u32> {
        let shape = shape(kind, stack);
        let hash = (stack.hash ^ kind as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut at = (hash >> 32) as usize & (INDEX - 1);
        loop {
            let site = self.index[at].load(Acquire);
            if site == 0 {
                return self.add(at, hash, shape, stack);
            }
            if self.is(site - 1, hash, shape, stack) {
                return Some(site - 1);
            }
            at = (at + 1) & (INDEX - 1);
        }
    }

    #[inline(always)]
    fn is(&self, site: u32, hash: u64, shape: u32, stack: &Stack<'_>) -> bool {
        let entry = &self.sites[site as usize];
        entry.hash.load(Relaxed) == hash
            && entry.shape.load(Relaxed) == shape
            && self.returns(entry) == stack.returns
    }

    fn returns(&self, entry: &SiteEntry) -> &[u64] {
        let start = entry.start.load(Relaxed) as usize;
        let length = (entry.shape.load(Relaxed) & 0xffff) as usize;
        let length = length.min(ADDRESSES.saturating_sub(start));
        // SAFETY: the range is within the table. The addresses of a published site were written
        // before it was published and are never written again.
        unsafe { std::slice::from_raw_parts(self.addresses.get().cast::<u64>().add(start), length) }
    }

    #[cold]
    fn add(&self, mut at: usize, hash: u64, shape: u32, stack: &Stack<'_>) -> Option<u32> {
        let _guard = self.add_lock.lock();
        // Another thread may have added sites since the search.
        loop {
            match self.index[at].load(Acquire) {
                0 => break,
                site if self.is(site - 1, hash, shape, stack) => return Some(site - 1),
                _ => at = (at + 1) & (INDEX - 1),
            }
        }
        let site = self.sites_used.load(Relaxed);
        let start = self.addresses_used.load(Relaxed);
        let entry = self.sites.get(site as usize)?;
        let length = stack.returns.len();
        if start as usize + length > ADDRESSES {
            return None;
        }
        // SAFETY: the range is within the table and behind that of every site. No other thread
        // writes, because this thread holds the lock.
        unsafe {
            let to = self.addresses.get().cast::<u64>().add(start as usize);
            std::ptr::copy_nonoverlapping(stack.returns.as_ptr(), to, length);
        }
        entry.hash.store(hash, Relaxed);
        entry.start.store(start, Relaxed);
        entry.shape.store(shape, Relaxed);
        self.addresses_used.store(start + length as u32, Relaxed);
        self.sites_used.store(site + 1, Release);
        self.index[at].store(site + 1, Release);
        Some(site)
    }

    /// Whether the worker has started recording.
    pub(crate) fn is_started(&self) -> bool {
        self.started.load(Acquire) != 0
    }

    /// Whether the calls for a kind other than heap blocks are intercepted, so that it is recorded.
    pub(crate) fn intercepts(&self, kind: SiteKind) -> bool {
        self.intercepted_kinds.load(Acquire) & 1 << kind as u32 != 0
    }

    /// The number of sites. A site keeps its index.
    pub(crate) fn sites_used(&self) -> usize {
        (self.sites_used.load(Acquire) as usize).min(SITES)
    }

    /// The live blocks and bytes of a site.
    pub(crate) fn survivors_of(&self, site: usize) -> (i64, i64) {
        let parts = self.survivors.iter().filter_map(|part| part.get(site));
        parts.fold((0, 0), |(blocks, bytes), part| {
            (blocks + part.blocks.load(Relaxed), bytes + part.bytes.load(Relaxed))
        })
    }

    /// A site with its stack. `None` if no site has this index.
    pub(crate) fn recorded_site(&self, site: usize) -> Option<RecordedSite> {
        let entry = self.sites.get(..self.sites_used())?.get(site)?;
        let shape = entry.shape.load(Relaxed);
        let kind = *SiteKind::ALL.get((shape >> 16 & 0xff) as usize)?;
        let mut stack = self.returns(entry).to_vec();
        stack.reverse();
        let (blocks, bytes) = self.survivors_of(site);
        Some(RecordedSite { kind, blocks, bytes, stack, truncated: shape & TRUNCATED != 0 })
    }

    /// What of a kind belongs to no site.
    pub(crate) fn unattributed(&self, kind: SiteKind) -> Unattributed {
        let of = &self.unattributed[kind as usize];
        Unattributed {
            older: (of.older_blocks.load(Relaxed), of.older_bytes.load(Relaxed)),
            dropped: (of.dropped_blocks.load(Relaxed), of.dropped_bytes.load(Relaxed)),
        }
    }
}
