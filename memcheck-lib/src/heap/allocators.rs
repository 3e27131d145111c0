//! What allocators say of themselves, and asking them to give memory back.
//!
//! They are found by name at run time, so none becomes a dependency: by a weak reference, which
//! finds what is linked statically (an executable does not export it), and by `dlsym`, which finds
//! what comes with a shared library or `LD_PRELOAD`. The metrics are the allocators' own, for
//! reading; no verdict rests on them.

use std::fmt;

use serde::{Deserialize, Serialize};

#[cfg(target_os = "linux")]
mod entries;
#[cfg(target_os = "linux")]
mod probes;

#[cfg(target_os = "linux")]
pub(crate) use probes::{give_back, metrics};

/// An allocator that tells of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Allocator {
    /// The C library's, by `mallinfo2`. Approximate: blocks in its per-thread caches count as
    /// allocated.
    Glibc = 1,
    /// jemalloc, by `mallctl`, prefixed or not.
    Jemalloc = 2,
    /// mimalloc, by `mi_process_info`.
    Mimalloc = 3,
}

impl Allocator {
    /// Every allocator that is looked for.
    pub const ALL: [Allocator; 3] = [Allocator::Glibc, Allocator::Jemalloc, Allocator::Mimalloc];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Allocator::Glibc => "glibc",
            Allocator::Jemalloc => "jemalloc",
            Allocator::Mimalloc => "mimalloc",
        }
    }

    /// Whether its metrics are known to be off by more than a page at rest.
    pub const fn is_approximate(self) -> bool {
        matches!(self, Allocator::Glibc)
    }
}

impl fmt::Display for Allocator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What an allocator says of itself, in bytes. What it does not say is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AllocatorStats {
    /// Which one.
    pub allocator: Allocator,
    /// What the program holds. glibc: `uordblks + hblkhd`; jemalloc: `stats.allocated`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocated: Option<u64>,
    /// What it holds itself to serve that. glibc: `arena + hblkhd`; jemalloc: `stats.active`;
    /// mimalloc: the committed memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<u64>,
    /// Of that, what is resident. jemalloc: `stats.resident`; mimalloc: that of the process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resident: Option<u64>,
    /// What it keeps for later. glibc: `fordblks`, free memory in its heaps; jemalloc:
    /// `stats.retained`, address space without memory in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retained: Option<u64>,
}

impl AllocatorStats {
    /// Nothing known yet.
    pub(crate) const fn of(allocator: Allocator) -> Self {
        AllocatorStats { allocator, allocated: None, active: None, resident: None, retained: None }
    }
}

/// One allocator at both ends of the judged part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AllocatorChange {
    /// At its start.
    pub before: AllocatorStats,
    /// At its end.
    pub after: AllocatorStats,
}
