//! The worker's end of the connection.

use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use rustix::fs::fstat;
use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::net::{RecvFlags, SendFlags, recv, send};
use rustix::process::getppid;

use super::message::{Command, FIXED, LONGEST, MessageError, PROTOCOL, VARIABLE};
use super::progress_page::Page;

/// The inherited socket. The descriptor is not owned like any other: the body of a test may close
/// it, or put something else in its place, so it is only used while it is still the same socket.
#[derive(Debug)]
pub(crate) struct Link {
    descriptor: RawFd,
    /// Device and inode of the socket.
    identity: (u64, u64),
}

/// The connection is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gone;

/// What [`VARIABLE`] says. The first two fields mean the same in every version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Handshake {
    pub(crate) protocol: u32,
    pub(crate) socket: RawFd,
    pub(crate) page: RawFd,
    pub(crate) observer: i32,
    /// Tells the workers of one observer apart; makes the variable a mark of this worker's kin.
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
}

/// The handshake of this process, if it is meant for it: a test binary that the body of a test
/// started inherits the variable, but not the parent.
pub(crate) fn handshake() -> Option<Handshake> {
    let handshake = Handshake::parse(&std::env::var(VARIABLE).ok()?)?;
    let parent = getppid().map_or(0, |pid| pid.as_raw_nonzero().get());
    (handshake.protocol != PROTOCOL || handshake.observer == parent).then_some(handshake)
}

/// Answers the handshake of this process. `None` when its socket is closed.
pub(crate) fn accept(handshake: &Handshake) -> Option<(Link, Option<Page>)> {
    let link = Link::inherited(handshake.socket)?;
    if handshake.protocol != PROTOCOL {
        // The hello that follows tells the observer our version.
        return Some((link, None));
    }
    let page = take(handshake.page).and_then(|file| Page::map(&file).ok());
    Some((link, page))
}

/// Takes an inherited descriptor as ours, to be closed when dropped.
fn take(descriptor: RawFd) -> Option<OwnedFd> {
    if descriptor < 3 || fstat(borrow(descriptor)?).is_err() {
        return None;
    }
    // SAFETY: the descriptor is open (just asked) and was put there for this process by the
    // observer; nobody else in it knows the number.
    Some(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

fn borrow(descriptor: RawFd) -> Option<BorrowedFd<'static>> {
    // SAFETY: not -1, which is all that `borrow_raw` needs for soundness of the niche; a number
    // that is not open any more gives EBADF in the calls it is used for.
    (descriptor >= 0).then(|| unsafe { BorrowedFd::borrow_raw(descriptor) })
}

impl Link {
    fn inherited(descriptor: RawFd) -> Option<Link> {
        let socket = borrow(descriptor)?;
        let status = fstat(socket).ok()?;
        // Close-on-exec at once: programs that the body starts must not hold the socket.
        fcntl_setfd(socket, FdFlags::CLOEXEC).ok()?;
        Some(Link { descriptor, identity: (status.st_dev, status.st_ino) })
    }

    /// The socket, if the descriptor is still that.
    fn socket(&self) -> Result<BorrowedFd<'_>, Gone> {
        let socket = borrow(self.descriptor).ok_or(Gone)?;
        let status = fstat(socket).map_err(|_| Gone)?;
        if (status.st_dev, status.st_ino) == self.identity { Ok(socket) } else { Err(Gone) }
    }

    /// Says one packet.
    pub(crate) fn say(&self, packet: &[u8]) -> Result<(), Gone> {
        let socket = self.socket()?;
        loop {
            match send(socket.as_fd(), packet, SendFlags::NOSIGNAL) {
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(_) => return Err(Gone),
            }
        }
    }

    /// Waits for a text of so many bytes, which comes in a packet of its own. Allocates: nothing is
    /// measured any more.
    pub(crate) fn hear_text(&self, length: usize) -> Result<String, Gone> {
        let mut packet = vec![0u8; length.min(LONGEST)];
        loop {
            match recv(self.socket()?, packet.as_mut_slice(), RecvFlags::empty()) {
                Ok((0, _)) => return Err(Gone),
                Ok((length, _)) => {
                    return Ok(String::from_utf8_lossy(&packet[..length]).into_owned());
                }
                Err(Errno::INTR) => {}
                Err(_) => return Err(Gone),
            }
        }
    }

    /// Waits for the next command.
    pub(crate) fn hear(&self) -> Result<Command, Gone> {
        let mut packet = [0u8; FIXED];
        loop {
            match recv(self.socket()?, packet.as_mut_slice(), RecvFlags::empty()) {
                Ok((0, _)) => return Err(Gone),
                Ok((length, _)) => match Command::decode(&packet[..length]) {
                    Ok(command) => return Ok(command),
                    // The observer has checked versions at hello; what it says since is ours.
                    Err(MessageError::Version { .. } | MessageError::Malformed) => {
                        return Err(Gone);
                    }
                },
                Err(Errno::INTR) => {}
                Err(_) => return Err(Gone),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invitations_come_back() {
        let handshake =
            Handshake { protocol: 1, socket: 900, page: 901, observer: 4711, serial: 3 };
        assert_eq!(Handshake::parse(&handshake.value()), Some(handshake));
        assert_eq!(Handshake::parse("2:900:something new").map(|i| i.protocol), Some(2));
        assert_eq!(Handshake::parse(""), None);
        assert_eq!(Handshake::parse("yes"), None);
    }
}
