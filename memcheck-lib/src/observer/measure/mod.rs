//! Measuring one worker: the phases of a run, and the state that they share.

mod finish;
mod judge;
mod limited_resources;
mod phases;
mod profile;
pub(super) mod profile_limits;
mod recheck;
mod record;
pub(super) mod run;
mod start;
pub(super) mod warm_up;

pub(super) use phases::measure;
