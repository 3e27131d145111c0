//! The recorder of a build that can record.
//!
//! - [`state`] says whether the recorder is on, and where it writes; [`control`] switches it.
//! - [`events`] turns a call that acquires, resizes or releases a resource into table entries.
//! - [`unwind`] walks the stack of the calling thread.
//! - [`tables`] is the memory that worker and observer share.
//! - `hooks` intercepts the C library's functions for resources that are not heap blocks.

mod control;
mod events;
#[cfg(all(memcheck_calls, not(miri)))]
mod hooks;
mod lock;
mod state;
mod tables;
#[cfg(test)]
mod test_memory;
mod unwind;

pub(crate) use control::{forget_unloaded_code, start, stop};
pub(crate) use events::{acquired, released, resizing};
pub(crate) use state::is_on;
pub(crate) use tables::{FILE_LENGTH, LoadedCode, Memory, RecordedSite, Tables, Unattributed};
pub(crate) use unwind::MAX_FRAMES;
