//! The session with a worker: one poll loop over its socket, its end, its output, the deadline and the
//! cancellation by the user, so that no worker can make the observer hang.

use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{ChildStderr, ChildStdout, ExitStatus};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};

use super::capture::{Capture, Drained, drain};
use super::ceiling::FIRST_PAUSE;
use super::process_tree::kill_worker;
use super::spawn::SpawnedWorker;
use crate::observer::cancel::Cancel;
use crate::observer::launch::Launch;
use crate::observer::worker_handle::interruption::Stop;
use crate::protocol::message::{Command, LONGEST, Reply};
use crate::report::Output;

/// How long a worker may take to end after its socket was closed, before it counts as lost. Most processes
/// end within milliseconds; freeing gigabytes of memory takes the kernel a few tenths of a second.
const GRACE: Duration = Duration::from_millis(500);

/// A running worker and the connection to it.
#[derive(Debug)]
pub(in crate::observer) struct Session<'a> {
    worker: SpawnedWorker,
    cancel: &'a Cancel,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    capture: Capture,
    /// Whether output is the test's; what follows is the harness's.
    capturing: bool,
    show: bool,
    own_group: bool,
    deadline: Instant,
    /// How the worker ended, after it was waited for.
    ended: Option<ExitStatus>,
}

impl<'a> Session<'a> {
    pub(in crate::observer) fn new(
        mut worker: SpawnedWorker,
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

    pub(in crate::observer) fn pid(&self) -> i32 {
        self.worker.pid.as_raw_nonzero().get()
    }

    pub(in crate::observer) fn set_deadline(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }

    /// The file shared with the worker: the progress page, and what the worker records.
    #[cfg_attr(not(memcheck_sites), expect(dead_code, reason = "nothing is recorded"))]
    pub(in crate::observer) fn shared_file(&self) -> &OwnedFd {
        &self.worker.page_file
    }

    /// The iteration that the worker runs, from the progress page.
    pub(in crate::observer) fn current_iteration(&self) -> Option<u64> {
        self.worker.page.current()
    }

    /// Iterations that the worker has done, from the progress page.
    pub(in crate::observer) fn iterations_done(&self) -> u64 {
        self.worker.page.done()
    }

    /// Lets a worker that has sent its first packet start its test. The output so far is the harness's
    /// and is discarded.
    pub(super) fn start_test(&mut self) -> Result<(), Stop> {
        self.drain_pipes();
        self.capture.clear();
        self.send(Command::GoOn)
    }

    /// Lets a worker that has sent its last packet end. It waits for this, so that its output until now
    /// is kept and the harness's output that follows is not.
    pub(in crate::observer) fn let_worker_end(&mut self) {
        self.drain_pipes();
        self.capturing = false;
        // If sending fails the worker has ended, which the next wait shows.
        let _ = self.send(Command::GoOn);
    }

    pub(in crate::observer) fn output(&self) -> Output {
        self.capture.output()
    }

    pub(super) fn send(&mut self, command: Command) -> Result<(), Stop> {
        self.send_packet(&command.encode())
    }

    /// Sends a packet that is only text.
    pub(super) fn send_text(&mut self, text: &str) -> Result<(), Stop> {
        self.send_packet(text.as_bytes())
    }

    fn send_packet(&mut self, packet: &[u8]) -> Result<(), Stop> {
        match send(&self.worker.socket, packet, SendFlags::NOSIGNAL) {
            Ok(_) => Ok(()),
            Err(Errno::PIPE | Errno::CONNRESET) => Err(self.closed()),
            Err(error) => Err(Stop::System("send to the worker", error.into())),
        }
    }

    /// Waits for the worker's next packet. Calls `tick` in the meantime, first after [`FIRST_PAUSE`], then
    /// after the time that `tick` returned last; an error of `tick` ends the session.
    pub(super) fn receive(
        &mut self,
        tick: &mut dyn FnMut(&Self) -> Result<Duration, Stop>,
    ) -> Result<Reply, Stop> {
        let mut pause = FIRST_PAUSE;
        loop {
            let wait = self.deadline.saturating_duration_since(Instant::now());
            let events = self.poll(true, wait.min(pause))?;
            if events.packet {
                // Packets first: those that a worker sent before it died count.
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
            } else if events.ended {
                return Err(self.died());
            }
            if events.cancelled {
                return Err(Stop::Cancelled);
            }
            if Instant::now() >= self.deadline {
                return Err(Stop::Deadline);
            }
            pause = tick(self)?;
        }
    }

    /// Waits until the worker has ended by itself.
    pub(in crate::observer) fn wait_for_end(&mut self, longest: Duration) -> Stop {
        let until = Instant::now() + longest;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.poll(false, left.min(Duration::from_millis(100))) {
                Ok(events) if events.ended => return self.died(),
                Ok(events) if events.cancelled => return Stop::Cancelled,
                Ok(_) if left.is_zero() => return Stop::Deadline,
                Ok(_) => {}
                Err(stop) => return stop,
            }
        }
    }

    /// The socket is closed: the worker ended, or the body closed it.
    fn closed(&mut self) -> Stop {
        match self.wait_for_end(GRACE) {
            Stop::Deadline => Stop::Closed,
            other => other,
        }
    }

    /// The worker has ended: kills the processes that it left, then takes its status (which frees its
    /// process ID).
    fn died(&mut self) -> Stop {
        self.kill();
        self.drain_pipes();
        match self.worker.child.wait() {
            Ok(status) => {
                self.ended = Some(status);
                Stop::Died(status)
            }
            Err(error) => Stop::System("wait for the worker", error),
        }
    }

    /// Kills the worker and all processes that it started.
    fn kill(&self) {
        let SpawnedWorker { pid, pidfd, mark, .. } = &self.worker;
        kill_worker(*pid, pidfd, self.own_group, mark);
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

    /// Waits for any event, for `longest` at most. Reads the output.
    fn poll(&mut self, socket: bool, longest: Duration) -> Result<Events, Stop> {
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
        // The events of a place whose descriptor is missing do not count.
        let [ended, packet, cancelled, stdout, stderr]: [bool; 5] =
            std::array::from_fn(|at| descriptors[at].is_some() && !places[at].revents().is_empty());
        if stdout || stderr {
            self.drain_pipes();
        }
        Ok(Events { packet, ended, cancelled })
    }
}

/// The events of a poll.
#[derive(Clone, Copy, Debug)]
struct Events {
    packet: bool,
    ended: bool,
    cancelled: bool,
}

impl Drop for Session<'_> {
    /// Ends the worker and its processes, whatever happened before.
    fn drop(&mut self) {
        if self.ended.is_none() {
            self.kill();
            let _ = self.worker.child.wait();
        }
    }
}
