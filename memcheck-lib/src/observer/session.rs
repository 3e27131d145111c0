//! Talking with a worker: one poll loop over its socket, its life, its output, the clock and the
//! user's wish to stop, so that nothing a worker does or fails to do can make the observer hang.

use std::io::Write;
use std::os::fd::AsFd;
use std::process::{ChildStderr, ChildStdout, ExitStatus};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};

use super::capture::{Capture, Drained, drain};
use super::ceiling::Over;
use super::process_tree;
use super::spawn::Worker;
use crate::observer::{Cancel, Launch};
use crate::protocol::message::{Command, LONGEST, MessageError, Reply};
#[cfg(memcheck_sites)]
use crate::recorder::{FILE_LENGTH, Memory};
use crate::report::Output;

/// How long a worker may take to die once its socket is closed, before it counts as lost.
const GRACE: Duration = Duration::from_millis(500);

/// How long the first wait for an answer is before somebody looks at the worker: most batches are
/// over by then.
pub(super) const FIRST_TICK: Duration = Duration::from_millis(5);

/// Why a session came to its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// The worker has ended.
    Died(ExitStatus),
    /// The worker lives, its end of the socket is closed.
    Closed,
    /// The deadline passed.
    Deadline,
    /// The worker uses more memory than it may.
    OverCeiling(Over),
    /// The user wants no more.
    Cancelled,
    /// A packet could not be read.
    Message(MessageError),
    /// A packet that does not answer what was asked.
    Unexpected(Box<Reply>),
    /// A system call failed.
    System(&'static str, std::io::Error),
}

/// A running worker and the means to talk with it.
#[derive(Debug)]
pub(super) struct Session<'a> {
    worker: Worker,
    cancel: &'a Cancel,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    capture: Capture,
    /// Output after this is the harness's farewell.
    capturing: bool,
    show: bool,
    own_group: bool,
    deadline: Instant,
    /// How the worker ended, once it was waited for.
    ended: Option<ExitStatus>,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        mut worker: Worker,
        launch: &Launch,
        cancel: &'a Cancel,
        deadline: Instant,
    ) -> Self {
        let (stdout, stderr) = (worker.child.stdout.take(), worker.child.stderr.take());
        Session {
            worker,
            cancel,
            stdout,
            stderr,
            capture: Capture::default(),
            capturing: true,
            show: launch.show_output,
            own_group: launch.own_group,
            deadline,
            ended: None,
        }
    }

    pub(super) fn pid(&self) -> i32 {
        self.worker.pid.as_raw_nonzero().get()
    }

    pub(super) fn set_deadline(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }

    /// Room for what the worker is to record, in the file shared with it.
    #[cfg(memcheck_sites)]
    pub(super) fn recorder_memory(&self) -> std::io::Result<Memory> {
        rustix::fs::ftruncate(&self.worker.page_file, FILE_LENGTH as u64)?;
        Ok(Memory::of_file(&self.worker.page_file)?)
    }

    /// The iteration the worker is in, by the page shared with it.
    pub(super) fn current_iteration(&self) -> Option<u64> {
        self.worker.page.current()
    }

    /// Iterations the worker has done, by the page shared with it.
    pub(super) fn iterations_done(&self) -> u64 {
        self.worker.page.done()
    }

    /// Lets a worker that has said its first packet go on to its test. What was printed before is
    /// the harness's greeting, and forgotten.
    pub(super) fn let_begin(&mut self) -> Result<(), Stop> {
        self.drain_pipes();
        self.capture.clear();
        self.say(Command::GoOn)
    }

    /// Lets a worker that has said its last packet go on to its end. It waits until then, so that
    /// what was printed until now is kept, and nothing of what the harness prints later.
    pub(super) fn let_end(&mut self) {
        self.drain_pipes();
        self.capturing = false;
        // One that cannot hear is one that ended: that is seen next.
        let _ = self.say(Command::GoOn);
    }

    pub(super) fn output(&self) -> Output {
        self.capture.output()
    }

    pub(super) fn say(&mut self, command: Command) -> Result<(), Stop> {
        match send(&self.worker.socket, &command.encode(), SendFlags::NOSIGNAL) {
            Ok(_) => Ok(()),
            Err(Errno::PIPE | Errno::CONNRESET) => Err(self.closed()),
            Err(error) => Err(Stop::System("send to the worker", error.into())),
        }
    }

    /// Sends a packet that is nothing but text.
    pub(super) fn say_text(&mut self, text: &str) -> Result<(), Stop> {
        match send(&self.worker.socket, text.as_bytes(), SendFlags::NOSIGNAL) {
            Ok(_) => Ok(()),
            Err(Errno::PIPE | Errno::CONNRESET) => Err(self.closed()),
            Err(error) => Err(Stop::System("send to the worker", error.into())),
        }
    }

    /// Waits for the worker's next packet. `tick` is called again and again meanwhile, first after
    /// [`FIRST_TICK`], then when it says; an error of it ends the session.
    pub(super) fn hear(
        &mut self,
        tick: &mut dyn FnMut(&Self) -> Result<Duration, Stop>,
    ) -> Result<Reply, Stop> {
        let mut pause = FIRST_TICK;
        loop {
            let wait = self.deadline.saturating_duration_since(Instant::now());
            let seen = self.poll(true, wait.min(pause))?;
            if seen.packet {
                // Before anything else: what a worker said before it died was said.
                let mut packet = [0u8; LONGEST];
                match recv(&self.worker.socket, packet.as_mut_slice(), RecvFlags::DONTWAIT) {
                    Ok((0, _)) | Err(Errno::CONNRESET) => return Err(self.closed()),
                    Ok((length, _)) => {
                        return Reply::decode(&packet[..length]).map_err(Stop::Message);
                    }
                    Err(Errno::AGAIN | Errno::INTR) => {}
                    Err(error) => {
                        return Err(Stop::System("receive from the worker", error.into()));
                    }
                }
            } else if seen.death {
                return Err(self.died());
            }
            if seen.cancelled {
                return Err(Stop::Cancelled);
            }
            if Instant::now() >= self.deadline {
                return Err(Stop::Deadline);
            }
            pause = tick(self)?;
        }
    }

    /// Waits until the worker has ended by itself.
    pub(super) fn wait_for_end(&mut self, longest: Duration) -> Stop {
        let until = Instant::now() + longest;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.poll(false, left.min(Duration::from_millis(100))) {
                Ok(seen) if seen.death => return self.died(),
                Ok(seen) if seen.cancelled => return Stop::Cancelled,
                Ok(_) if left.is_zero() => return Stop::Deadline,
                Ok(_) => {}
                Err(stop) => return stop,
            }
        }
    }

    /// The socket is closed: because the worker died, or because the body closed it.
    fn closed(&mut self) -> Stop {
        match self.wait_for_end(GRACE) {
            Stop::Deadline => Stop::Closed,
            other => other,
        }
    }

    /// The worker has ended: takes its status, after everything it left was ended too (its process
    /// number is its own only until then).
    fn died(&mut self) -> Stop {
        process_tree::end(&self.worker, self.own_group);
        self.drain_pipes();
        match self.worker.child.wait() {
            Ok(status) => {
                self.ended = Some(status);
                Stop::Died(status)
            }
            Err(error) => Stop::System("wait for the worker", error),
        }
    }

    fn drain_pipes(&mut self) {
        let Session { stdout, stderr, capture, capturing, show, .. } = self;
        let mut discarded = Capture::default();
        let target = if *capturing { capture } else { &mut discarded };
        if let Some(pipe) = stdout {
            let shown = |bytes: &[u8]| {
                if *show {
                    let _ = std::io::stdout().write_all(bytes);
                }
            };
            if drain(pipe, target, shown) == Drained::Closed {
                *stdout = None;
            }
        }
        if let Some(pipe) = stderr {
            let shown = |bytes: &[u8]| {
                if *show {
                    let _ = std::io::stderr().write_all(bytes);
                }
            };
            if drain(pipe, target, shown) == Drained::Closed {
                *stderr = None;
            }
        }
    }

    /// Waits for any event at most so long; takes what was printed.
    fn poll(&mut self, socket: bool, longest: Duration) -> Result<Seen, Stop> {
        let descriptors = [
            Some(self.worker.pidfd.as_fd()),
            socket.then(|| self.worker.socket.as_fd()),
            self.cancel.descriptor(),
            self.stdout.as_ref().map(AsFd::as_fd),
            self.stderr.as_ref().map(AsFd::as_fd),
        ];
        let mut places = descriptors
            .map(|descriptor| descriptor.unwrap_or(self.worker.pidfd.as_fd()))
            .map(|descriptor| PollFd::from_borrowed_fd(descriptor, PollFlags::IN));
        let timeout = Timespec {
            tv_sec: longest.as_secs() as i64,
            tv_nsec: i64::from(longest.subsec_nanos()),
        };
        match poll(&mut places, Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(Stop::System("poll the worker", error.into())),
        }
        // A place that stands in for a descriptor that is not there says nothing.
        let [death, packet, cancelled, stdout, stderr]: [bool; 5] =
            std::array::from_fn(|at| descriptors[at].is_some() && !places[at].revents().is_empty());
        if stdout || stderr {
            self.drain_pipes();
        }
        Ok(Seen { packet, death, cancelled })
    }
}

/// What a poll brought.
#[derive(Clone, Copy, Debug)]
struct Seen {
    packet: bool,
    death: bool,
    cancelled: bool,
}

impl Drop for Session<'_> {
    /// Leaves nothing behind, whatever happened before.
    fn drop(&mut self) {
        if self.ended.is_none() {
            process_tree::end(&self.worker, self.own_group);
            let _ = self.worker.child.wait();
        }
    }
}
