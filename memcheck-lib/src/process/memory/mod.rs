//! The memory of a process as a whole: its footprint, and how much it can still take.

#[cfg(target_os = "linux")]
mod available;
mod footprint;
#[cfg(target_os = "linux")]
mod rollup;
mod status;

#[cfg(target_os = "linux")]
pub(crate) use available::available_memory;
pub use footprint::Footprint;
#[cfg(target_os = "linux")]
pub(super) use rollup::{
    in_memory_devices, read_rollup, read_rollup_file, shared_memory_in_mappings,
};
pub(super) use status::StatusFields;
#[cfg(target_os = "linux")]
pub(super) use status::from_procfs;
