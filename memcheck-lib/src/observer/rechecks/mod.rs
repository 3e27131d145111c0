//! Rechecks: kinds of growth that the judged part of a run cannot distinguish from a leak. More
//! readings decide them before a test is called growing.

pub(super) mod allocator_retention;
pub(super) mod backlog;
pub(super) mod first_touch;
pub(super) mod recheck;
pub(super) mod recurrence;
mod repeat;
