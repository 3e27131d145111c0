//! One cheap reading of a process.

use serde::{Deserialize, Serialize};

use super::footprint::Footprint;

/// A reading of a process at a checkpoint, from outside it. A field that could not be read is
/// `None`, never 0; why is in [`Watch::notes`](super::Watch::notes).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Sample {
    /// What the process costs in memory.
    pub footprint: Option<Footprint>,
    /// Bytes of memory that only a descriptor holds: unlinked files of a file system in memory
    /// (memfd, tmpfs, hugetlbfs), less what is mapped of them.
    pub fd_memory: Option<u64>,
    /// Open file descriptors.
    pub fds: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
    /// Children of all its threads, zombies included.
    pub children: Option<u64>,
    /// Mappings.
    pub mappings: Option<u64>,
    /// Those of them that the C library made for threads: their stacks, and the arenas that they
    /// allocate from.
    pub thread_mappings: Option<u64>,
}
