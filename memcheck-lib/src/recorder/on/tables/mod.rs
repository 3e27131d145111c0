//! The memory that worker and observer share: call stacks, live resources, mappings, loaded code.
//!
//! The worker writes it, the observer reads it, also after the worker's death. Every table is valid
//! when it is all zero, so fresh pages need no initialization.

mod layout;
mod live;
mod loaded_code;
mod memory;
mod ranges;
mod sites;

pub(super) use layout::COUNTER_PARTS;
pub(crate) use layout::Tables;
pub(super) use live::{Key, Resource};
pub(crate) use loaded_code::LoadedCode;
#[cfg(all(memcheck_calls, not(miri)))]
pub(super) use loaded_code::{CodeTable, PATHS, SEGMENTS, Segment};
pub(crate) use memory::{FILE_LENGTH, Memory};
#[cfg(all(memcheck_calls, not(miri)))]
pub(super) use ranges::{AddressRange, MapsReader, SortedRanges};
pub(crate) use sites::{RecordedSite, Unattributed};
