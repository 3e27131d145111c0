//! What the kernel says about a process: its memory by kind, its footprint, its resources.
//!
//! - [`Sampler`] reads a process repeatedly and cheaply, for checkpoints.
//! - [`ProcessSnapshot`] reads everything about a process once; the difference of two snapshots is
//!   a [`ProcessGrowth`].
//! - [`inspect`] examines any process for a person, and [`render`] writes the result as text.
//!
//! Folders, each importing only those before it: `smaps` (one file of the kernel), `memory` (the
//! footprint and what it is made of), `resources` (descriptors, threads, children), `sampling`,
//! `snapshot`, `inspection`. Parsing, sums and text are pure and compile on every system; what
//! opens `/proc` compiles on Linux only.

#[cfg(target_os = "linux")]
mod access;
mod error;
mod inspection;
mod memory;
#[cfg(target_os = "linux")]
mod proc_files;
mod resources;
mod sampling;
mod smaps;
mod snapshot;

pub use error::{ProcessError, StatusSummary};
pub use inspection::{Inspection, KindSums, ProcessTree, TreeProcess, TreeShare, inspect, render};
pub use memory::Footprint;
#[cfg(target_os = "linux")]
pub(crate) use memory::available_memory;
#[cfg(memcheck_sites)]
pub(crate) use resources::child_numbers;
pub use resources::{ChildProcess, Descriptor, DescriptorKind, ThreadGroup};
#[cfg(target_os = "linux")]
pub(crate) use sampling::MemoryMonitor;
pub use sampling::Sample;
#[cfg(target_os = "linux")]
pub use sampling::Sampler;
#[cfg(memcheck_sites)]
pub(crate) use smaps::MappingHeader;
pub use smaps::{Mapping, MappingGroup, MappingKind, MappingSums};
pub use snapshot::{CountGrowth, DescriptorGrowth, GroupGrowth, ProcessGrowth, ProcessSnapshot};
