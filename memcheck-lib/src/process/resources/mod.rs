//! The resources of a process other than memory: descriptors (and the memory that only they hold),
//! threads (and the mappings that the C library makes for them), children.

mod children;
mod descriptors;
#[cfg(target_os = "linux")]
mod held_files;
#[cfg(target_os = "linux")]
mod thread_mappings;
mod threads;

pub use children::ChildProcess;
#[cfg(memcheck_sites)]
pub(crate) use children::child_numbers;
#[cfg(target_os = "linux")]
pub(super) use children::children;
#[cfg(target_os = "linux")]
pub(super) use descriptors::kind_of;
pub use descriptors::{Descriptor, DescriptorKind};
#[cfg(target_os = "linux")]
pub(super) use held_files::{DescriptorScan, HeldFile, held_only_by_descriptors};
#[cfg(target_os = "linux")]
pub(super) use thread_mappings::MappingCounts;
pub use threads::ThreadGroup;
#[cfg(target_os = "linux")]
pub(super) use threads::{group_threads, thread_names};
