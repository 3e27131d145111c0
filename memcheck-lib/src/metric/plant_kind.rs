//! The leaks that `--prove` can plant.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of leak that `--prove` plants next to the body of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum PlantKind {
    /// A block of Rust's allocator.
    RustBlock,
    /// A block of `malloc`.
    CBlock,
    /// Touched anonymous pages that no allocator manages.
    Page,
    /// A file descriptor.
    Fd,
    /// A thread that sleeps forever.
    Thread,
    /// A `Vec` that is pushed to: its bytes double now and then, its blocks stay one.
    GrowingVec,
}

impl PlantKind {
    /// Every kind, in the order they are planted in.
    pub const ALL: [PlantKind; 6] = [
        PlantKind::RustBlock,
        PlantKind::CBlock,
        PlantKind::Page,
        PlantKind::Fd,
        PlantKind::Thread,
        PlantKind::GrowingVec,
    ];

    /// The name in sentences: `Rust block`.
    pub const fn name(self) -> &'static str {
        match self {
            PlantKind::RustBlock => "Rust block",
            PlantKind::CBlock => "C block",
            PlantKind::Page => "page",
            PlantKind::Fd => "fd",
            PlantKind::Thread => "thread",
            PlantKind::GrowingVec => "growing Vec",
        }
    }
}

impl fmt::Display for PlantKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
