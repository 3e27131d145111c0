//! `/proc/PID/smaps`, and the files with the same lines (`maps`, `smaps_rollup`): a pure parser,
//! the kind of each mapping, and sums over mappings.

mod entries;
mod fields;
mod mapping_kind;
mod mapping_sums;
mod summary;
mod vm_flags;

pub(crate) use entries::MappingHeader;
#[cfg(target_os = "linux")]
pub(super) use entries::read_entries;
#[cfg(any(target_os = "linux", test))]
pub(crate) use entries::{Device, SmapsEntry};
pub(super) use fields::{Field, Fields, decimal, kilobytes, split_name};
pub use mapping_kind::MappingKind;
pub use mapping_sums::MappingSums;
pub(super) use summary::SmapsSummary;
pub use summary::{Mapping, MappingGroup};
