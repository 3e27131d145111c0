//! One step of a loop that runs iterations.

use super::drive::Drive;

/// What a loop of iterations does next.
#[derive(Debug)]
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "only an observer asks to drive"))]
pub(crate) enum Step {
    /// Run one iteration.
    Iterate,
    /// Drive the runtime, then call [`Steps::driven`](super::Steps::driven).
    Drive(Drive),
    /// Leave the loop.
    End,
}
