//! The worker's connection to its observer.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustix::process::{Pid, getppid};

use super::{parent_death, recording};
use crate::protocol::handshake::Handshake;
use crate::protocol::message::{Command, Failure};
use crate::protocol::packet::encode_failed;
use crate::protocol::progress_page::ProgressPage;
use crate::protocol::worker_socket::{self, Disconnected, WorkerSocket};

/// The connection, shared between the test's wrapper and its iterations.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: WorkerSocket,
    pub(super) page: Option<ProgressPage>,
    observer: Option<Pid>,
    /// [`Command::Finish`] was received.
    pub(crate) finished: AtomicBool,
    /// A failure was sent to the observer.
    failed: AtomicBool,
    /// The text of the profile for the snapshot, from the observer.
    pub(crate) profile: OnceLock<String>,
}

/// The role of this process for the test that asks.
#[derive(Debug)]
pub(crate) enum Role {
    /// The worker of this test.
    Worker(Arc<Connection>),
    /// The worker of a test that asked before. The test must not start a worker of its own: if the
    /// harness runs a test twice, workers would start workers without end.
    AlreadyConnected,
    /// Not a worker.
    NoWorker,
}

/// Ends a worker whose descriptors were closed before its test began. It must not start a worker of its
/// own: the same would happen there, and so on without end.
#[expect(clippy::print_stderr, reason = "the observer shows what the worker printed")]
fn exit_disconnected() -> ! {
    eprintln!(
        "memcheck: the descriptors that connect this test to its observer were closed before the test started. Does code that runs before `main` close all descriptors (`close_range`)? Make it close only those that it opened"
    );
    std::process::exit(101)
}

/// Finds out whether this process was started as a worker.
pub(crate) fn connect() -> Role {
    static CONNECTED: AtomicBool = AtomicBool::new(false);
    if CONNECTED.load(Ordering::Relaxed) {
        return Role::AlreadyConnected;
    }
    let Some(handshake) = Handshake::received() else { return Role::NoWorker };
    let Some((socket, page)) = worker_socket::accept(&handshake) else { exit_disconnected() };
    if CONNECTED.swap(true, Ordering::Relaxed) {
        return Role::AlreadyConnected;
    }
    parent_death::arm();
    let observer = getppid();
    let (finished, failed) = (AtomicBool::new(false), AtomicBool::new(false));
    let profile = OnceLock::new();
    Role::Worker(Arc::new(Connection { socket, page, observer, finished, failed, profile }))
}

impl Connection {
    /// Sends a packet. If the connection is closed the worker stops here: its observer sees the closed
    /// socket and ends it, and nothing would measure the iterations that follow.
    pub(crate) fn send(&self, packet: &[u8]) {
        parent_death::exit_if_forked();
        if let Err(Disconnected) = self.socket.send(packet) {
            self.wait_to_be_ended();
        }
    }

    pub(crate) fn receive(&self) -> Command {
        self.socket.receive().unwrap_or_else(|Disconnected| self.wait_to_be_ended())
    }

    pub(super) fn receive_text(&self, length: usize) -> String {
        self.socket.receive_text(length).unwrap_or_else(|Disconnected| self.wait_to_be_ended())
    }

    fn wait_to_be_ended(&self) -> ! {
        loop {
            // The body may have blocked the signal that the kernel sends when the observer ends.
            if getppid() != self.observer {
                parent_death::end_process_tree();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Starts to record call stacks, if this build can.
    pub(super) fn record(&self) {
        if let Some(page) = &self.page {
            recording::start(page.address());
        }
    }

    /// Sends the last packet, and waits until the observer has read the output so far: what follows is
    /// output of the harness.
    pub(crate) fn send_last(&self, packet: &[u8]) {
        // A forked child has a copy of the output that is still in the buffer.
        parent_death::exit_if_forked();
        let _ = std::io::stdout().flush();
        self.send(packet);
        let _ = self.receive();
    }

    pub(crate) fn fail(&self, failure: Failure, text: &str) {
        if !self.failed.swap(true, Ordering::Relaxed) {
            self.send_last(&encode_failed(failure, text));
        }
    }
}
