//! Why a run of a worker ends early.

use std::process::ExitStatus;

use crate::protocol::message::{Failure, MessageError, Reply};
use crate::units::Bytes;

/// How a run was cut short.
#[derive(Debug)]
pub(in crate::observer) enum Interruption {
    /// The worker reported that the check failed.
    Failed { failure: Failure, text: String },
    /// The worker works, but its numbers would be meaningless. A message with the reason.
    Unusable(String),
    /// The session ended.
    Stopped(Stop),
}

impl From<Stop> for Interruption {
    fn from(stop: Stop) -> Self {
        Interruption::Stopped(stop)
    }
}

/// Why a session with a worker ended.
#[derive(Debug)]
pub(in crate::observer) enum Stop {
    /// The worker has ended.
    Died(ExitStatus),
    /// The worker runs, but its end of the socket is closed.
    Closed,
    /// The deadline has passed.
    Deadline,
    /// The worker uses more memory than its ceiling.
    OverCeiling(OverCeiling),
    /// The user cancelled the run.
    Cancelled,
    /// A packet could not be read.
    Message(MessageError),
    /// A packet that does not answer the command.
    Unexpected(Box<Reply>),
    /// A system call failed: what it was for, and the error.
    System(&'static str, std::io::Error),
}

/// What a worker used when it passed its ceiling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::observer) struct OverCeiling {
    pub(in crate::observer) footprint: Bytes,
    pub(in crate::observer) ceiling: Bytes,
    pub(in crate::observer) per_iteration: Option<Bytes>,
    pub(in crate::observer) per_second: Option<Bytes>,
}
