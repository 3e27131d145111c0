//! A worker process, behind the traits of a worker handle.

use std::time::{Duration, Instant};

use super::ceiling::CeilingGuard;
use super::run_queue_delay::run_queue_delay;
use super::session::Session;
use super::threads;
use crate::heap::allocators::AllocatorStats;
use crate::observer::cancel::Progress;
use crate::observer::worker_handle::capabilities::{
    Bounds, Counters, Iterate, KernelView, Lifecycle,
};
use crate::observer::worker_handle::interruption::{Interruption, Stop};
use crate::process::{ProcessSnapshot, Sample, Sampler};
use crate::protocol::message::{Checkpoint, Command, Hello, Reply};
use crate::report::{AllocationProfile, Plant};
use crate::units::Bytes;

/// A worker process that is being measured.
pub(in crate::observer) struct WorkerProcess<'a> {
    pub(in crate::observer) session: Session<'a>,
    watch: Option<Sampler>,
    notes: Vec<String>,
    /// The thread that iterates; known after hello.
    thread: i32,
    started: Instant,
    /// Iterations requested since the start.
    requested: u64,
    ceiling: CeilingGuard,
    progress: &'a mut dyn FnMut(Progress),
}

impl<'a> WorkerProcess<'a> {
    pub(in crate::observer) fn new(
        session: Session<'a>,
        started: Instant,
        ceiling: CeilingGuard,
        progress: &'a mut dyn FnMut(Progress),
    ) -> Self {
        let (watch, notes) = match Sampler::new(session.pid()) {
            Ok(watch) => (Some(watch), Vec::new()),
            Err(error) => (None, vec![error.with_cause()]),
        };
        WorkerProcess { session, watch, notes, thread: 0, started, requested: 0, ceiling, progress }
    }

    /// The session alone, after the measurement.
    pub(in crate::observer) fn into_session(self) -> Session<'a> {
        self.session
    }

    /// What could not be read of the process, one message each.
    pub(in crate::observer) fn notes(&self) -> Vec<String> {
        let mut notes = self.notes.clone();
        notes.extend(self.watch.iter().flat_map(|watch| watch.notes().iter().cloned()));
        notes
    }

    fn receive(&mut self) -> Result<Reply, Interruption> {
        let WorkerProcess { session, ceiling, progress, .. } = self;
        let mut tick = |session: &Session<'_>| {
            progress(Progress { iterations: session.iterations_done() });
            ceiling.check(session.iterations_done()).map_err(Stop::OverCeiling)
        };
        match session.receive(&mut tick)? {
            Reply::Failed { failure, text } => Err(Interruption::Failed { failure, text }),
            reply => {
                // Many batches that each end before the first check may still pass the ceiling.
                let done = session.iterations_done();
                ceiling.check_if_due(done).map_err(Stop::OverCeiling)?;
                Ok(reply)
            }
        }
    }

    fn request(&mut self, command: Command) -> Result<Reply, Interruption> {
        if let Err(stop) = self.session.send(command) {
            // A failure that the worker sent before it closed the socket is still to be received.
            return match self.receive() {
                Err(Interruption::Failed { failure, text }) => {
                    Err(Interruption::Failed { failure, text })
                }
                _ => Err(Interruption::Stopped(stop)),
            };
        }
        self.receive()
    }

    /// Sends a command that a checkpoint answers.
    pub(in crate::observer) fn checkpoint(
        &mut self,
        command: Command,
    ) -> Result<Checkpoint, Interruption> {
        if let Command::Run { iterations } = command {
            self.requested = self.requested.saturating_add(iterations);
        }
        match self.request(command)? {
            // Another number of iterations means that another process answered.
            Reply::Checkpoint(checkpoint) if checkpoint.iterations == self.requested => {
                Ok(checkpoint)
            }
            other => Err(unexpected(other)),
        }
    }
}

fn unexpected(reply: Reply) -> Interruption {
    Interruption::Stopped(Stop::Unexpected(Box::new(reply)))
}

impl Lifecycle for WorkerProcess<'_> {
    fn hello(&mut self) -> Result<Hello, Interruption> {
        match self.receive()? {
            Reply::Hello(hello) => {
                self.session.start_test()?;
                self.thread = hello.thread;
                Ok(*hello)
            }
            other => Err(unexpected(other)),
        }
    }

    fn send_profile(&mut self, text: &str) -> Result<(), Interruption> {
        let length = text.len() as u64;
        self.session.send(Command::Snapshot { length })?;
        self.session.send_text(text)?;
        match self.receive()? {
            Reply::Checkpoint(_) => Ok(()),
            other => Err(unexpected(other)),
        }
    }

    fn finish(&mut self) -> Result<(), Interruption> {
        match self.request(Command::Finish)? {
            Reply::Ended => Ok(()),
            other => Err(unexpected(other)),
        }
    }
}

impl Iterate for WorkerProcess<'_> {
    fn run(&mut self, iterations: u64) -> Result<Checkpoint, Interruption> {
        self.checkpoint(Command::Run { iterations })
    }

    fn profile(&mut self, iterations: u64) -> Result<AllocationProfile, Interruption> {
        self.requested = self.requested.saturating_add(iterations);
        match self.request(Command::Profile { iterations })? {
            Reply::Profile(profile) if profile.iterations == iterations => Ok(profile),
            other => Err(unexpected(other)),
        }
    }

    fn plant(&mut self, plant: Plant) -> Result<(), Interruption> {
        self.checkpoint(Command::Plant(plant)).map(drop)
    }
}

impl Counters for WorkerProcess<'_> {
    fn counters(&mut self) -> Result<Checkpoint, Interruption> {
        self.checkpoint(Command::Sample)
    }

    fn drive(&mut self, tasks: u64, limit: Duration) -> Result<Checkpoint, Interruption> {
        let limit_ns = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
        self.checkpoint(Command::Drive { tasks, limit_ns })
    }

    fn trim(&mut self) -> Result<(), Interruption> {
        self.checkpoint(Command::Trim).map(drop)
    }

    fn allocators(&mut self) -> Result<Vec<AllocatorStats>, Interruption> {
        match self.request(Command::Allocators)? {
            Reply::Allocators(stats) => Ok(stats),
            other => Err(unexpected(other)),
        }
    }
}

impl KernelView for WorkerProcess<'_> {
    fn sample(&mut self) -> Sample {
        self.watch.as_mut().map(Sampler::sample).unwrap_or_default()
    }

    fn snapshot(&mut self) -> Option<ProcessSnapshot> {
        match ProcessSnapshot::of(self.session.pid()) {
            Ok(snapshot) => Some(snapshot),
            Err(error) => {
                self.notes.push(error.with_cause());
                None
            }
        }
    }

    fn has_other_threads(&self) -> bool {
        threads::has_other_threads(self.session.pid())
    }

    fn other_threads_sleep(&self) -> bool {
        threads::all_sleep(self.session.pid())
    }

    fn run_queue_delay(&self) -> Duration {
        run_queue_delay(self.session.pid(), self.thread)
    }
}

impl Bounds for WorkerProcess<'_> {
    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn set_deadline(&mut self, timeout: Duration) {
        self.session.set_deadline(self.started + timeout);
    }

    fn set_ceiling(&mut self, ceiling: Option<Bytes>) {
        self.ceiling.set(ceiling);
    }
}
