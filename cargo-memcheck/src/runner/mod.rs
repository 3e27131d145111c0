//! Runs tests: threads observe them and send events, one dispatcher orders the events and counts them,
//! and outputs only listen. Nothing here prints.

mod event;
mod executor;
mod inconclusive;
mod schedule;
mod summary;
mod unlisted;

pub(crate) use event::Event;
pub(crate) use executor::{Plan, PlannedTest, SkippedTest, execute};
pub(crate) use inconclusive::Inconclusive;
pub(crate) use summary::Summary;
pub(crate) use unlisted::explain_unlisted;
