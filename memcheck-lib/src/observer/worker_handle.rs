//! What is measured, as the measuring loop sees it: a worker, or a script in a test.

use std::time::{Duration, Instant};

use super::ceiling::Guard;
use super::session::{Session, Stop};
use super::{run_queue_delay, settle};
use crate::heap::allocators::AllocatorStats;
use crate::observer::Progress;
#[cfg(memcheck_sites)]
use crate::process;
use crate::process::{ProcessSnapshot, Sample, Sampler};
use crate::protocol::message::{Checkpoint, Command, Hello, Reply};
#[cfg(memcheck_sites)]
use crate::recorder::Memory;
use crate::report::{Plant, Profile};
use crate::units::Bytes;

/// How a run was cut short.
#[derive(Debug)]
pub(super) enum Interruption {
    /// The worker said that the check failed.
    Failed { failure: crate::protocol::message::Failure, text: String },
    /// It can be heard, but what it says would be no measurement; why, in a sentence.
    Unusable(String),
    /// Everything else.
    Stopped(Stop),
}

/// A workload that runs iterations when told and can be looked at in between.
pub(super) trait WorkerHandle {
    /// Who it is. The first thing to ask.
    fn hello(&mut self) -> Result<Hello, Interruption>;
    /// Runs iterations.
    fn run(&mut self, iterations: u64) -> Result<Checkpoint, Interruption>;
    /// Runs iterations, measuring each.
    fn profile(&mut self, iterations: u64) -> Result<Profile, Interruption>;
    /// The process's counters now.
    fn counters(&mut self) -> Result<Checkpoint, Interruption>;
    /// Drives its runtime until no more than `tasks` tasks are left in it and its heap has stopped,
    /// at most for `limit`; gives its counters then.
    fn drive(&mut self, tasks: u64, limit: Duration) -> Result<Checkpoint, Interruption>;
    /// Leaks this beside its body from now on.
    fn plant(&mut self, plant: Plant) -> Result<(), Interruption>;
    /// Whether it has threads beside the one that runs the iterations.
    fn has_other_threads(&self) -> bool;
    /// Whether those are all asleep.
    fn others_sleep(&self) -> bool;
    /// Asks its allocators to give memory back.
    fn trim(&mut self) -> Result<(), Interruption>;
    /// What its allocators say of themselves.
    fn allocators(&mut self) -> Result<Vec<AllocatorStats>, Interruption>;
    /// From now on records call stacks; a sentence on why not, where that cannot be had.
    #[cfg(memcheck_sites)]
    fn record(&mut self) -> Result<Result<Checkpoint, String>, Interruption> {
        Ok(Err("call stacks of this worker cannot be recorded".to_owned()))
    }
    /// What was recorded so far; readable after the worker's end.
    #[cfg(memcheck_sites)]
    fn records(&self) -> Option<&Memory> {
        None
    }
    /// Its `/proc/PID/maps`, empty when it cannot be read.
    #[cfg(memcheck_sites)]
    fn maps(&self) -> Vec<u8> {
        Vec::new()
    }
    /// The numbers of its threads, empty when they cannot be read.
    #[cfg(memcheck_sites)]
    fn threads(&self) -> Vec<u32> {
        Vec::new()
    }
    /// The numbers of its child processes, likewise.
    #[cfg(memcheck_sites)]
    fn children(&self) -> Vec<u32> {
        Vec::new()
    }
    /// The kernel's numbers, cheap.
    fn sample(&mut self) -> Sample;
    /// The kernel's numbers, in full.
    fn snapshot(&mut self) -> Option<ProcessSnapshot>;
    /// What could not be read, in sentences.
    fn notes(&self) -> Vec<String>;
    /// Says what its profile is, for its snapshot.
    fn tell_profile(&mut self, text: &str) -> Result<(), Interruption>;
    /// Lets the test come to its end.
    fn finish(&mut self) -> Result<(), Interruption>;
    /// From now on the timeout counts.
    fn set_deadline(&mut self, timeout: Duration);
    /// From now on it may use so much memory; `None` for the default.
    fn set_ceiling(&mut self, ceiling: Option<Bytes>);
    /// Wall time since the worker was started.
    fn elapsed(&self) -> Duration;
    /// How much of it the thread that iterates waited for a processor.
    fn waited(&self) -> Duration {
        Duration::ZERO
    }
}

/// A worker process.
pub(super) struct Process<'a> {
    pub(super) session: Session<'a>,
    watch: Option<Sampler>,
    notes: Vec<String>,
    /// The thread that iterates, once it is known.
    thread: i32,
    started: Instant,
    /// Iterations that were asked for since the start.
    asked: u64,
    guard: Guard,
    progress: &'a mut dyn FnMut(Progress),
    #[cfg(memcheck_sites)]
    memory: Option<Memory>,
}

impl<'a> Process<'a> {
    pub(super) fn new(
        session: Session<'a>,
        started: Instant,
        guard: Guard,
        progress: &'a mut dyn FnMut(Progress),
    ) -> Self {
        let (watch, notes) = match Sampler::new(session.pid()) {
            Ok(watch) => (Some(watch), Vec::new()),
            Err(error) => (None, vec![error.with_cause()]),
        };
        Process {
            session,
            watch,
            notes,
            thread: 0,
            started,
            asked: 0,
            guard,
            progress,
            #[cfg(memcheck_sites)]
            memory: None,
        }
    }

    /// The session alone: nothing more is measured.
    pub(super) fn into_session(self) -> Session<'a> {
        self.session
    }

    fn hear(&mut self) -> Result<Reply, Interruption> {
        let Process { session, guard, progress, .. } = self;
        let mut tick = |at: &Session<'_>| {
            progress(Progress { iterations: at.iterations_done() });
            guard.look(at.iterations_done()).map_err(Stop::OverCeiling)
        };
        match session.hear(&mut tick).map_err(Interruption::Stopped)? {
            Reply::Failed { failure, text } => Err(Interruption::Failed { failure, text }),
            reply => {
                // Batches so short that none of them is looked at may add up to anything.
                let done = session.iterations_done();
                let over = guard.look_if_due(done).map_err(Stop::OverCeiling);
                over.map_err(Interruption::Stopped)?;
                Ok(reply)
            }
        }
    }

    fn ask(&mut self, command: Command) -> Result<Reply, Interruption> {
        if let Err(stop) = self.session.say(command) {
            // What the worker said before it stopped listening is still to be heard.
            return match self.hear() {
                Err(Interruption::Failed { failure, text }) => {
                    Err(Interruption::Failed { failure, text })
                }
                _ => Err(Interruption::Stopped(stop)),
            };
        }
        self.hear()
    }

    fn checkpoint(&mut self, command: Command) -> Result<Checkpoint, Interruption> {
        if let Command::Run { iterations } = command {
            self.asked = self.asked.saturating_add(iterations);
        }
        match self.ask(command)? {
            // Any other number is the answer to something else, or another process's.
            Reply::Checkpoint(checkpoint) if checkpoint.iterations == self.asked => Ok(checkpoint),
            other => Err(unexpected(other)),
        }
    }
}

fn unexpected(reply: Reply) -> Interruption {
    Interruption::Stopped(Stop::Unexpected(Box::new(reply)))
}

impl WorkerHandle for Process<'_> {
    fn hello(&mut self) -> Result<Hello, Interruption> {
        match self.hear()? {
            Reply::Hello(hello) => {
                self.session.let_begin().map_err(Interruption::Stopped)?;
                self.thread = hello.thread;
                Ok(*hello)
            }
            other => Err(unexpected(other)),
        }
    }

    fn run(&mut self, iterations: u64) -> Result<Checkpoint, Interruption> {
        self.checkpoint(Command::Run { iterations })
    }

    fn profile(&mut self, iterations: u64) -> Result<Profile, Interruption> {
        self.asked = self.asked.saturating_add(iterations);
        match self.ask(Command::Profile { iterations })? {
            Reply::Profile(profile) if profile.iterations == iterations => Ok(profile),
            other => Err(unexpected(other)),
        }
    }

    fn counters(&mut self) -> Result<Checkpoint, Interruption> {
        self.checkpoint(Command::Sample)
    }

    fn drive(&mut self, tasks: u64, limit: Duration) -> Result<Checkpoint, Interruption> {
        let limit_ns = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
        self.checkpoint(Command::Drive { tasks, limit_ns })
    }

    fn plant(&mut self, plant: Plant) -> Result<(), Interruption> {
        self.checkpoint(Command::Plant(plant)).map(drop)
    }

    fn has_other_threads(&self) -> bool {
        settle::has_other_threads(self.session.pid())
    }

    fn others_sleep(&self) -> bool {
        settle::all_sleep(self.session.pid())
    }

    fn trim(&mut self) -> Result<(), Interruption> {
        self.checkpoint(Command::Trim).map(drop)
    }

    fn allocators(&mut self) -> Result<Vec<AllocatorStats>, Interruption> {
        match self.ask(Command::Allocators)? {
            Reply::Allocators(metrics) => Ok(metrics),
            other => Err(unexpected(other)),
        }
    }

    #[cfg(memcheck_sites)]
    fn record(&mut self) -> Result<Result<Checkpoint, String>, Interruption> {
        let memory = match self.session.recorder_memory() {
            Ok(memory) => self.memory.insert(memory),
            Err(error) => {
                return Ok(Err(format!(
                    "call stacks were not recorded: no memory for them ({error})"
                )));
            }
        };
        debug_assert!(!memory.tables().is_started());
        let checkpoint = self.checkpoint(Command::Record)?;
        let started = self.memory.as_ref().is_some_and(|memory| memory.tables().is_started());
        Ok(if started {
            Ok(checkpoint)
        } else {
            Err("call stacks were not recorded: the test is built without the feature `sites` of memcheck-lib (one of its default features), or the memory for it could not be had".to_owned())
        })
    }

    #[cfg(memcheck_sites)]
    fn records(&self) -> Option<&Memory> {
        self.memory.as_ref()
    }

    #[cfg(memcheck_sites)]
    fn maps(&self) -> Vec<u8> {
        std::fs::read(format!("/proc/{}/maps", self.session.pid())).unwrap_or_default()
    }

    #[cfg(memcheck_sites)]
    fn threads(&self) -> Vec<u32> {
        let folder = std::fs::read_dir(format!("/proc/{}/task", self.session.pid()));
        let names = folder.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.file_name()));
        names.filter_map(|name| name.to_str()?.parse().ok()).collect()
    }

    #[cfg(memcheck_sites)]
    fn children(&self) -> Vec<u32> {
        process::child_numbers(self.session.pid())
    }

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

    fn notes(&self) -> Vec<String> {
        let mut notes = self.notes.clone();
        notes.extend(self.watch.iter().flat_map(|watch| watch.notes().iter().cloned()));
        notes
    }

    fn tell_profile(&mut self, text: &str) -> Result<(), Interruption> {
        let length = text.len() as u64;
        let session = &mut self.session;
        session.say(Command::Snapshot { length }).map_err(Interruption::Stopped)?;
        session.say_text(text).map_err(Interruption::Stopped)?;
        match self.hear()? {
            Reply::Checkpoint(_) => Ok(()),
            other => Err(unexpected(other)),
        }
    }

    fn finish(&mut self) -> Result<(), Interruption> {
        match self.ask(Command::Finish)? {
            Reply::Ended => Ok(()),
            other => Err(unexpected(other)),
        }
    }

    fn set_deadline(&mut self, timeout: Duration) {
        self.session.set_deadline(self.started + timeout);
    }

    fn set_ceiling(&mut self, ceiling: Option<Bytes>) {
        self.guard.set(ceiling);
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn waited(&self) -> Duration {
        run_queue_delay::waited(self.session.pid(), self.thread)
    }
}
