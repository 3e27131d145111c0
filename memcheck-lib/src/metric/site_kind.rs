//! What the recorder can trace to a line.

use serde::{Deserialize, Serialize};

/// A kind of resource that can be traced to the line that acquired it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
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
    /// Every kind, in the order of reports.
    pub(crate) const ALL: [SiteKind; 6] = [
        SiteKind::RustHeap,
        SiteKind::CHeap,
        SiteKind::Mapping,
        SiteKind::Thread,
        SiteKind::Descriptor,
        SiteKind::Child,
    ];
}
