//! Rechecks: what three kinds of growth have in common with clean bodies is told apart by more readings,
//! before a test is called growing.

pub(super) mod allocator_retention;
pub(super) mod backlog;
pub(super) mod recheck;
pub(super) mod recurrence;
mod repeat;
