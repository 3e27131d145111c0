//! The worker's end of the socket to its observer.

use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use rustix::fs::fstat;
use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::net::{RecvFlags, SendFlags, recv, send};

use super::handshake::Handshake;
use super::message::{Command, LONGEST, MessageError, PROTOCOL};
use super::packet::FIXED;
use super::progress_page::ProgressPage;

/// The inherited socket. The body of a test may close its descriptor or open something else under the
/// same number, so every use first checks that the descriptor is still this socket.
#[derive(Debug)]
pub(crate) struct WorkerSocket {
    descriptor: RawFd,
    /// Device and inode of the socket.
    identity: (u64, u64),
}

/// The connection to the observer is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Disconnected;

/// Takes over the descriptors that a handshake names. `None` if its socket is closed; no page if the
/// observer has another protocol version or the page cannot be mapped.
pub(crate) fn accept(handshake: &Handshake) -> Option<(WorkerSocket, Option<ProgressPage>)> {
    let socket = WorkerSocket::inherited(handshake.socket)?;
    if handshake.protocol != PROTOCOL {
        // The hello that follows tells the observer our version.
        return Some((socket, None));
    }
    let page = take(handshake.page).and_then(|file| ProgressPage::map(&file).ok());
    Some((socket, page))
}

/// Takes ownership of an inherited descriptor, so that it is closed when dropped.
fn take(descriptor: RawFd) -> Option<OwnedFd> {
    if descriptor < 3 || fstat(borrow(descriptor)?).is_err() {
        return None;
    }
    // SAFETY: the descriptor is open (just asked) and was put there for this process by the
    // observer; no other code in it knows the number.
    Some(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

fn borrow(descriptor: RawFd) -> Option<BorrowedFd<'static>> {
    // SAFETY: not -1, which is all that `borrow_raw` needs for soundness of the niche; a number
    // that is not open any more gives EBADF in the calls it is used for.
    (descriptor >= 0).then(|| unsafe { BorrowedFd::borrow_raw(descriptor) })
}

impl WorkerSocket {
    fn inherited(descriptor: RawFd) -> Option<WorkerSocket> {
        let socket = borrow(descriptor)?;
        let status = fstat(socket).ok()?;
        // Close-on-exec at once: programs that the body starts must not hold the socket.
        fcntl_setfd(socket, FdFlags::CLOEXEC).ok()?;
        Some(WorkerSocket { descriptor, identity: (status.st_dev, status.st_ino) })
    }

    /// The socket, if the descriptor still refers to it.
    fn socket(&self) -> Result<BorrowedFd<'_>, Disconnected> {
        let socket = borrow(self.descriptor).ok_or(Disconnected)?;
        let status = fstat(socket).map_err(|_| Disconnected)?;
        if (status.st_dev, status.st_ino) == self.identity { Ok(socket) } else { Err(Disconnected) }
    }

    /// Sends one packet.
    pub(crate) fn send(&self, packet: &[u8]) -> Result<(), Disconnected> {
        let socket = self.socket()?;
        loop {
            match send(socket.as_fd(), packet, SendFlags::NOSIGNAL) {
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(_) => return Err(Disconnected),
            }
        }
    }

    /// Waits for a text of so many bytes, which is a packet of its own. Allocates, which is harmless:
    /// it is sent after everything was measured.
    pub(crate) fn receive_text(&self, length: usize) -> Result<String, Disconnected> {
        let mut packet = vec![0u8; length.min(LONGEST)];
        loop {
            match recv(self.socket()?, packet.as_mut_slice(), RecvFlags::empty()) {
                Ok((0, _)) => return Err(Disconnected),
                Ok((length, _)) => {
                    return Ok(String::from_utf8_lossy(&packet[..length]).into_owned());
                }
                Err(Errno::INTR) => {}
                Err(_) => return Err(Disconnected),
            }
        }
    }

    /// Waits for the next command.
    pub(crate) fn receive(&self) -> Result<Command, Disconnected> {
        let mut packet = [0u8; FIXED];
        loop {
            match recv(self.socket()?, packet.as_mut_slice(), RecvFlags::empty()) {
                Ok((0, _)) => return Err(Disconnected),
                Ok((length, _)) => match Command::decode(&packet[..length]) {
                    Ok(command) => return Ok(command),
                    // The observer compares the versions when it receives the hello and sends no
                    // command to a worker of another version.
                    Err(MessageError::Version { .. } | MessageError::Malformed) => {
                        return Err(Disconnected);
                    }
                },
                Err(Errno::INTR) => {}
                Err(_) => return Err(Disconnected),
            }
        }
    }
}
