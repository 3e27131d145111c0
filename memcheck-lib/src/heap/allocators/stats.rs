//! The statistics of allocators, as data.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An allocator that has statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Allocator {
    /// The C library's allocator, read with `mallinfo2`. Approximate: blocks in its per-thread
    /// caches count as allocated.
    Glibc = 1,
    /// jemalloc, read with `mallctl`, prefixed or not.
    Jemalloc = 2,
    /// mimalloc, read with `mi_process_info`.
    Mimalloc = 3,
}

impl Allocator {
    /// Every allocator that memcheck knows.
    pub(crate) const ALL: [Allocator; 3] =
        [Allocator::Glibc, Allocator::Jemalloc, Allocator::Mimalloc];

    /// Its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Allocator::Glibc => "glibc",
            Allocator::Jemalloc => "jemalloc",
            Allocator::Mimalloc => "mimalloc",
        }
    }

    /// Whether its statistics can be wrong by more than a page while the program is idle.
    pub(crate) const fn is_approximate(self) -> bool {
        matches!(self, Allocator::Glibc)
    }
}

impl fmt::Display for Allocator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The statistics of an allocator, in bytes. A value that it does not have is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AllocatorStats {
    /// The allocator.
    pub allocator: Allocator,
    /// What the program has allocated. glibc: `uordblks + hblkhd`; jemalloc: `stats.allocated`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocated: Option<u64>,
    /// The pages that the allocator uses for it. glibc: `arena + hblkhd`; jemalloc: `stats.active`;
    /// mimalloc: the committed memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<u64>,
    /// The resident part of these pages. jemalloc: `stats.resident`; mimalloc: that of the process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resident: Option<u64>,
    /// What the allocator retains for later. glibc: `fordblks`, free memory in its heaps; jemalloc:
    /// `stats.retained`, address space without memory in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retained: Option<u64>,
}

impl AllocatorStats {
    /// No values yet.
    pub(crate) const fn of(allocator: Allocator) -> Self {
        AllocatorStats { allocator, allocated: None, active: None, resident: None, retained: None }
    }
}

/// The statistics of one allocator at both ends of the judged part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AllocatorChange {
    /// At its start.
    pub before: AllocatorStats,
    /// At its end.
    pub after: AllocatorStats,
}
