//! The worker's side of a session with its observer.

pub(crate) mod connection;
pub(crate) mod iterations;
mod parent_death;
mod plant;
mod profiling;
mod recording;
