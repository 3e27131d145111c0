//! Recording where a worker leaks, and the same interface for builds that cannot record.

#[cfg(memcheck_sites)]
mod recorded;
mod request;
#[cfg(not(memcheck_sites))]
mod unavailable;

#[cfg(memcheck_sites)]
pub(super) use recorded::{record, recordable::Recordable};
pub(super) use request::{Coverage, Recording, RecordingRequest};
#[cfg(not(memcheck_sites))]
pub(super) use unavailable::{Recordable, record};
