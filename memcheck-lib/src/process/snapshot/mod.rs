//! Everything about a process at one instant, and the difference of two instants.

mod compare;
mod deleted_files;
mod growth;
mod process_snapshot;
#[cfg(target_os = "linux")]
mod read;

#[cfg(test)]
pub(super) use compare::tests::snapshot;
pub use growth::{CountGrowth, DescriptorGrowth, GroupGrowth, ProcessGrowth};
pub use process_snapshot::ProcessSnapshot;
#[cfg(target_os = "linux")]
pub(super) use read::{ReadProcess, read};
