//! Call stacks and what lives of them.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::SiteKind;
use super::tables::{ADDRESSES, CUT, INDEX, SITES, SiteRecord, Tables};
use super::walk::Stack;

/// What was recorded of one site, as the observer reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) kind: SiteKind,
    pub(crate) blocks: i64,
    pub(crate) bytes: i64,
    /// Return addresses, innermost first.
    pub(crate) stack: Vec<u64>,
    /// Outer frames were left out.
    pub(crate) cut: bool,
}

/// What was recorded that belongs to no site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rest {
    /// Released things that are older than the recording; not positive.
    pub(crate) older: (i64, i64),
    /// Acquired things that found no room.
    pub(crate) unplaced: (i64, i64),
}

fn shape(kind: usize, stack: &Stack<'_>) -> u32 {
    stack.returns.len() as u32 | (kind as u32) << 16 | if stack.cut { CUT } else { 0 }
}

impl Tables {
    /// The site of a stack; a new one is added. `None` when there is no room.
    #[inline(always)]
    pub(super) fn site(&self, kind: usize, stack: &Stack<'_>) -> Option<u32> {
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
        let record = &self.sites[site as usize];
        record.hash.load(Relaxed) == hash
            && record.shape.load(Relaxed) == shape
            && self.returns(record) == stack.returns
    }

    fn returns(&self, record: &SiteRecord) -> &[u64] {
        let start = record.start.load(Relaxed) as usize;
        let length = (record.shape.load(Relaxed) & 0xffff) as usize;
        let length = length.min(ADDRESSES.saturating_sub(start));
        // SAFETY: a published site's addresses were written before it was published and are never
        // written again; the range is within the table.
        unsafe { std::slice::from_raw_parts(self.addresses.get().cast::<u64>().add(start), length) }
    }

    #[cold]
    fn add(&self, mut at: usize, hash: u64, shape: u32, stack: &Stack<'_>) -> Option<u32> {
        let _held = self.adding.hold();
        // Others may have added since.
        loop {
            match self.index[at].load(Acquire) {
                0 => break,
                site if self.is(site - 1, hash, shape, stack) => return Some(site - 1),
                _ => at = (at + 1) & (INDEX - 1),
            }
        }
        let site = self.sites_used.load(Relaxed);
        let start = self.addresses_used.load(Relaxed);
        let record = self.sites.get(site as usize)?;
        let length = stack.returns.len();
        if start as usize + length > ADDRESSES {
            return None;
        }
        // SAFETY: within the table, in a part that no site has yet; the lock makes this thread the
        // only writer.
        unsafe {
            let to = self.addresses.get().cast::<u64>().add(start as usize);
            std::ptr::copy_nonoverlapping(stack.returns.as_ptr(), to, length);
        }
        record.hash.store(hash, Relaxed);
        record.start.store(start, Relaxed);
        record.shape.store(shape, Relaxed);
        self.addresses_used.store(start + length as u32, Relaxed);
        self.sites_used.store(site + 1, Release);
        self.index[at].store(site + 1, Release);
        Some(site)
    }

    /// Whether the worker has recorded here.
    pub(crate) fn is_started(&self) -> bool {
        self.started.load(Acquire) != 0
    }

    /// Whether a kind that is no heap is recorded: the worker's calls come by.
    pub(crate) fn hears_of(&self, kind: SiteKind) -> bool {
        self.calls.load(Acquire) & 1 << kind as u32 != 0
    }

    /// How many sites there are; each keeps its number.
    pub(crate) fn sites_used(&self) -> usize {
        (self.sites_used.load(Acquire) as usize).min(SITES)
    }

    /// What lives of a site: blocks and bytes.
    pub(crate) fn survived(&self, site: usize) -> (i64, i64) {
        let parts = self.survivors.iter().filter_map(|part| part.get(site));
        parts.fold((0, 0), |(blocks, bytes), part| {
            (blocks + part.blocks.load(Relaxed), bytes + part.bytes.load(Relaxed))
        })
    }

    /// A site with its stack. `None` for a number that no site has.
    pub(crate) fn recorded(&self, site: usize) -> Option<Recorded> {
        let record = self.sites.get(..self.sites_used())?.get(site)?;
        let shape = record.shape.load(Relaxed);
        let kind = *SiteKind::ALL.get((shape >> 16 & 0xff) as usize)?;
        let mut stack = self.returns(record).to_vec();
        stack.reverse();
        let (blocks, bytes) = self.survived(site);
        Some(Recorded { kind, blocks, bytes, stack, cut: shape & CUT != 0 })
    }

    /// What belongs to no site of a kind.
    pub(crate) fn rest(&self, kind: SiteKind) -> Rest {
        let of = &self.tallies[kind as usize];
        Rest {
            older: (of.older_blocks.load(Relaxed), of.older_bytes.load(Relaxed)),
            unplaced: (of.unplaced_blocks.load(Relaxed), of.unplaced_bytes.load(Relaxed)),
        }
    }
}
