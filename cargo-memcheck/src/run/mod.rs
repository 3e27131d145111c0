//! Runs tests: an executor hands them to threads and sends events, one dispatcher orders the
//! events and counts, whoever listens only listens. Nothing here prints.

mod event;
mod executor;
mod schedule;
mod summary;
mod unlisted;

pub(crate) use event::Event;
pub(crate) use executor::{Plan, Planned, execute};
pub(crate) use summary::Summary;
pub(crate) use unlisted::explain;
