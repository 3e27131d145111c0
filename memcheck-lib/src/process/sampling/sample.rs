//! The result of one cheap reading of a process.

use serde::{Deserialize, Serialize};

use crate::process::memory::Footprint;

/// A reading of a process at a checkpoint, from outside the process. A field that could not be read
/// is `None`, never 0; the notes of the sampler (`Sampler::notes`) say why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Sample {
    /// The footprint.
    pub footprint: Option<Footprint>,
    /// Bytes of memory that only descriptors hold: unlinked files on a file system in memory
    /// (memfd, tmpfs, hugetlbfs), without their mapped parts.
    pub fd_memory: Option<u64>,
    /// Open file descriptors.
    pub fds: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
    /// Children of all threads, with zombies.
    pub children: Option<u64>,
    /// Mappings.
    pub mappings: Option<u64>,
    /// The mappings that the C library made for threads: their stacks and malloc arenas.
    pub thread_mappings: Option<u64>,
}
