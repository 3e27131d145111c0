//! The metrics that are judged: one word and one name for each.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One judged metric of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Metric {
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
    /// Tasks of the runtime of an `async` test that have not ended. Not read of other tests.
    Tasks,
    /// Child processes, zombies included.
    Children,
    /// Memory mappings.
    Mappings,
}

impl Metric {
    /// Every metric, in the order of the reports.
    pub const ALL: [Metric; 11] = [
        Metric::HeapBytes,
        Metric::HeapBlocks,
        Metric::NativeBytes,
        Metric::NativeBlocks,
        Metric::Resident,
        Metric::FdMemory,
        Metric::Fds,
        Metric::Threads,
        Metric::Tasks,
        Metric::Children,
        Metric::Mappings,
    ];

    /// The name in reports and in option names: `heap`, `resident`, `fds` …
    pub const fn name(self) -> &'static str {
        match self {
            Metric::HeapBytes => "heap",
            Metric::HeapBlocks => "heap blocks",
            Metric::NativeBytes => "C heap",
            Metric::NativeBlocks => "C heap blocks",
            Metric::Resident => "resident",
            Metric::FdMemory => "fd memory",
            Metric::Fds => "fds",
            Metric::Threads => "threads",
            Metric::Tasks => "tasks",
            Metric::Children => "children",
            Metric::Mappings => "mappings",
        }
    }

    /// Whether a limit on the metric is one on its rate, per iteration (else on its growth in all).
    pub(crate) const fn is_limited_by_rate(self) -> bool {
        matches!(self, Metric::HeapBytes | Metric::NativeBytes)
    }

    /// Whether the metric is a size in bytes (else it is a count).
    pub const fn is_bytes(self) -> bool {
        matches!(
            self,
            Metric::HeapBytes | Metric::NativeBytes | Metric::Resident | Metric::FdMemory
        )
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
