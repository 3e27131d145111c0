//! The figures that are judged: one word and one name for each.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One judged figure of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Figure {
    /// Live bytes of the Rust heap, as [`Alloc`](crate::Alloc) counts them (requested sizes).
    HeapBytes,
    /// Live blocks of the Rust heap.
    HeapBlocks,
    /// Live bytes of the C heap (usable sizes).
    NativeBytes,
    /// Live blocks of the C heap.
    NativeBlocks,
    /// Live footprint of the process in bytes, what `resident` limits: footprint less pages that
    /// are lazily freed.
    Resident,
    /// Memory in bytes that is held only by a file descriptor (memfd, tmpfs).
    FdMemory,
    /// Open file descriptors.
    Fds,
    /// Threads.
    Threads,
    /// Child processes, zombies included.
    Children,
    /// Memory mappings.
    Mappings,
}

impl Figure {
    /// Every figure, in the order of the reports.
    pub const ALL: [Figure; 10] = [
        Figure::HeapBytes,
        Figure::HeapBlocks,
        Figure::NativeBytes,
        Figure::NativeBlocks,
        Figure::Resident,
        Figure::FdMemory,
        Figure::Fds,
        Figure::Threads,
        Figure::Children,
        Figure::Mappings,
    ];

    /// The name in reports and in option names: `heap`, `resident`, `fds` …
    pub const fn name(self) -> &'static str {
        match self {
            Figure::HeapBytes => "heap",
            Figure::HeapBlocks => "heap blocks",
            Figure::NativeBytes => "C heap",
            Figure::NativeBlocks => "C heap blocks",
            Figure::Resident => "resident",
            Figure::FdMemory => "fd memory",
            Figure::Fds => "fds",
            Figure::Threads => "threads",
            Figure::Children => "children",
            Figure::Mappings => "mappings",
        }
    }

    /// Whether the figure is a size in bytes (else it is a count).
    pub const fn is_bytes(self) -> bool {
        matches!(
            self,
            Figure::HeapBytes | Figure::NativeBytes | Figure::Resident | Figure::FdMemory
        )
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
