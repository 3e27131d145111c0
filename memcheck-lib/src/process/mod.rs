//! What the kernel says about a process: its memory by kind, its footprint, its resources.
//!
//! - [`Watch`] reads a process again and again, cheaply, for checkpoints.
//! - [`ProcessSnapshot`] reads everything about a process once; the difference of two is a
//!   [`ProcessGrowth`].
//! - [`inspect`] looks at any process for a person, [`render`] writes what it saw.
//!
//! Parsing and sums are pure and compile everywhere; what opens `/proc` is for Linux.

mod descriptors;
mod error;
mod fields;
mod footprint;
mod growth;
mod inspection;
mod inspection_text;
mod kind;
mod sample;
mod smaps;
mod snapshot;
mod status;
mod sums;
mod survey;
mod tasks;
mod tree;
mod vm_flags;

#[cfg(target_os = "linux")]
mod available;
#[cfg(target_os = "linux")]
mod descriptor_memory;
#[cfg(target_os = "linux")]
mod gather;
#[cfg(target_os = "linux")]
mod identify;
#[cfg(target_os = "linux")]
mod mappings;
#[cfg(target_os = "linux")]
mod proc_files;
#[cfg(target_os = "linux")]
mod pulse;
#[cfg(target_os = "linux")]
mod watch;

#[cfg(target_os = "linux")]
pub(crate) use available::available_memory;
pub use descriptors::{Descriptor, DescriptorKind};
pub use error::{ProcessError, StatusSummary};
pub use footprint::Footprint;
pub use growth::{CountGrowth, DescriptorGrowth, GroupGrowth, ProcessGrowth};
pub use inspection::{INSPECTION_VERSION, Inspection, KindSums, inspect};
pub use inspection_text::render;
pub use kind::Kind;
#[cfg(target_os = "linux")]
pub(crate) use pulse::Pulse;
pub use sample::Sample;
#[cfg(memcheck_sites)]
pub(crate) use smaps::Header;
pub use snapshot::ProcessSnapshot;
pub use sums::MappingSums;
pub use survey::{Mapping, MappingGroup};
#[cfg(memcheck_sites)]
pub(crate) use tasks::child_numbers;
pub use tasks::{ChildProcess, ThreadGroup};
pub use tree::{Tree, TreeProcess, TreeShare};
#[cfg(target_os = "linux")]
pub use watch::Watch;
