//! How a process finds out that an observer started it as a worker: an environment variable with the
//! numbers of the descriptors that it inherits.

use std::os::fd::RawFd;

use rustix::process::{Signal, getppid};

use super::message::PROTOCOL;

/// Environment variable that makes a test binary a worker. All processes that the worker starts
/// inherit it, so its value also marks the worker's process tree.
pub(crate) const WORKER_VARIABLE: &str = "MEMCHECK_WORKER";

/// Environment variable that selects the check which the worker of a program runs.
pub(crate) const CHECK_VARIABLE: &str = "MEMCHECK_CHECK";

/// The signal that the kernel sends to a worker when its observer ends: a real-time signal that neither
/// glibc (which takes the first two) nor common runtimes use.
pub(crate) fn parent_death_signal() -> Signal {
    // SAFETY: a valid real-time signal, for which only the worker installs a handler.
    unsafe { Signal::from_raw_unchecked(libc::SIGRTMAX() - 2) }
}

/// The value of [`WORKER_VARIABLE`]. The first two fields mean the same in every protocol version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Handshake {
    pub(crate) protocol: u32,
    pub(crate) socket: RawFd,
    pub(crate) page: RawFd,
    pub(crate) observer: i32,
    /// Distinguishes the workers of one observer, so that the value marks one process tree.
    pub(crate) serial: u64,
}

impl Handshake {
    /// The value of the variable.
    pub(crate) fn value(&self) -> String {
        let Handshake { protocol, socket, page, observer, serial } = self;
        format!("{protocol}:{socket}:{page}:{observer}:{serial}")
    }

    fn parse(value: &str) -> Option<Self> {
        let mut fields = value.split(':');
        let protocol = fields.next()?.parse().ok()?;
        let socket = fields.next()?.parse().ok()?;
        let mut field = || fields.next().and_then(|text| text.parse::<i64>().ok()).unwrap_or(-1);
        let (page, observer, serial) = (field() as RawFd, field() as i32, field() as u64);
        Some(Handshake { protocol, socket, page, observer, serial })
    }

    /// The handshake that this process received. `None` in a process that no observer started, also
    /// in one that the body of a test started: it inherits the variable, but has another parent.
    pub(crate) fn received() -> Option<Handshake> {
        let handshake = Handshake::parse(&std::env::var(WORKER_VARIABLE).ok()?)?;
        let parent = getppid().map_or(0, |pid| pid.as_raw_nonzero().get());
        (handshake.protocol != PROTOCOL || handshake.observer == parent).then_some(handshake)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handshakes_survive_formatting_and_parsing() {
        let handshake =
            Handshake { protocol: 1, socket: 900, page: 901, observer: 4711, serial: 3 };
        assert_eq!(Handshake::parse(&handshake.value()), Some(handshake));
        assert_eq!(Handshake::parse("2:900:something new").map(|i| i.protocol), Some(2));
        assert_eq!(Handshake::parse(""), None);
        assert_eq!(Handshake::parse("yes"), None);
    }
}
