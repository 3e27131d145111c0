//! What is recorded.

use serde::{Deserialize, Serialize};

/// What can be traced to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SiteKind {
    /// A block of the Rust heap.
    RustHeap,
    /// A block of the C heap.
    CHeap,
    /// A mapping made with `mmap`.
    Mapping,
    /// A thread.
    Thread,
    /// A file descriptor.
    Descriptor,
    /// A child process.
    Child,
}

impl SiteKind {
    /// Every kind, in the order in which reports have them.
    pub const ALL: [SiteKind; 6] = [
        SiteKind::RustHeap,
        SiteKind::CHeap,
        SiteKind::Mapping,
        SiteKind::Thread,
        SiteKind::Descriptor,
        SiteKind::Child,
    ];
}
