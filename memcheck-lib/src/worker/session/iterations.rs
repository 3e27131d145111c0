//! The iterations of a worker: runs those that the observer asks for and answers with the counters.
//! Between the first iteration and the last it allocates nothing of its own.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use super::connection::Connection;
use super::plant::Planting;
use super::profiling::Profiling;
use super::{parent_death, recording};
use crate::heap::allocators::{self, Allocator};
use crate::heap::{self, Heap};
use crate::protocol::message::{Checkpoint, Command, Failure};
use crate::protocol::packet::{encode_allocators, encode_profile};
use crate::worker::drive::{Drive, Runtime};
use crate::worker::iteration_result::{IterationResult, print_failure};
use crate::worker::step::Step;

/// Payload that unwinds a test whose iteration returned an error, so that its destructors run. The error
/// was printed and sent already, so the panic hook is not called.
pub(crate) struct IterationFailed;

/// The iterations of a worker.
#[derive(Debug)]
pub(crate) struct Iterations {
    connection: Arc<Connection>,
    /// Iterations done since the start.
    done: u64,
    /// Iterations of the running batch that have not begun.
    remaining: u64,
    batch: Batch,
    runtime: Runtime,
    planting: Option<Planting>,
}

/// The purpose of the running batch.
#[derive(Debug)]
enum Batch {
    /// There is no batch, or it was answered.
    None,
    /// Count, then send a checkpoint.
    Run { since: Instant, took: Duration },
    /// Measure each iteration, then send a profile.
    Profile(Box<Profiling>),
}

impl Iterations {
    pub(crate) fn new(connection: Arc<Connection>) -> Self {
        let runtime = Runtime::default();
        Iterations {
            connection,
            done: 0,
            remaining: 0,
            batch: Batch::None,
            runtime,
            planting: None,
        }
    }

    /// Sets the runtime in which the body runs. It is driven and asked for its tasks.
    #[cfg(feature = "tokio")]
    pub(crate) fn runs_in(&mut self, runtime: Runtime) {
        self.runtime = runtime;
    }

    /// The runtime in which the body runs.
    #[cfg(feature = "tokio")]
    pub(crate) fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// What to do next. Waits for the observer between batches.
    #[inline]
    pub(crate) fn next(&mut self) -> Step {
        parent_death::exit_if_forked();
        if self.remaining == 0 {
            match self.next_batch() {
                Step::Iterate => {}
                other => return other,
            }
        }
        self.remaining -= 1;
        if let Some(page) = &self.connection.page {
            page.begin(self.done + 1);
        }
        if let Batch::Profile(profiling) = &mut self.batch {
            profiling.begin();
        }
        Step::Iterate
    }

    /// Ends an iteration. Unwinds if it returned an error.
    #[inline]
    pub(crate) fn end<R: IterationResult>(&mut self, result: R) {
        // Drops the value, so that it is not counted as one that stays.
        if let Some(message) = result.failure() {
            self.failed(&message);
        }
        if let Batch::Profile(profiling) = &mut self.batch {
            profiling.end(self.done + 1);
        }
        self.done += 1;
        if let Some(planting) = &mut self.planting
            && let Err(error) = planting.iterate()
        {
            self.cannot_plant(&error);
        }
        if self.remaining == 0
            && let Batch::Run { since, took } = &mut self.batch
        {
            // The runtime's work before the next command is not part of the iterations.
            *took = since.elapsed();
        }
        if let Some(page) = &self.connection.page {
            page.end(self.done);
        }
    }

    #[cold]
    fn cannot_plant(&self, error: &std::io::Error) -> ! {
        self.connection.fail(Failure::CannotPlant, &error.to_string());
        resume_unwind(Box::new(IterationFailed));
    }

    /// The loop has driven the runtime: sends a checkpoint.
    pub(crate) fn driven(&self) {
        self.checkpoint(0);
    }

    #[cold]
    fn failed(&self, message: &str) -> ! {
        print_failure(message);
        self.connection.fail(Failure::ReturnedError, message);
        resume_unwind(Box::new(IterationFailed))
    }

    /// Answers the finished batch, then executes commands until there is something to run.
    #[cold]
    fn next_batch(&mut self) -> Step {
        match std::mem::replace(&mut self.batch, Batch::None) {
            Batch::None => {}
            Batch::Run { took, .. } => self.checkpoint(took.as_nanos() as u64),
            Batch::Profile(profiling) => self.connection.send(&encode_profile(&profiling.profile)),
        }
        loop {
            match self.connection.receive() {
                Command::Run { iterations: 0 } | Command::Profile { iterations: 0 } => {
                    self.checkpoint(0);
                }
                Command::Run { iterations } => {
                    // The body may have loaded other code where it unloaded some.
                    recording::forget_unloaded_code();
                    self.remaining = iterations;
                    self.batch = Batch::Run { since: Instant::now(), took: Duration::ZERO };
                    return Step::Iterate;
                }
                Command::Profile { iterations } => {
                    self.remaining = iterations;
                    self.batch = Batch::Profile(Box::new(Profiling::new()));
                    return Step::Iterate;
                }
                Command::Sample => self.checkpoint(0),
                Command::Trim => {
                    allocators::release_unused_memory();
                    self.checkpoint(0);
                }
                Command::Allocators => {
                    let metrics = Allocator::ALL.map(allocators::stats);
                    self.connection.send(&encode_allocators(metrics));
                }
                Command::Drive { tasks, limit_ns } => {
                    let limit = Duration::from_nanos(limit_ns);
                    return Step::Drive(Drive::new(self.runtime.clone(), tasks, limit));
                }
                Command::Plant(plant) => {
                    self.planting = Some(Planting::new(plant));
                    self.checkpoint(0);
                }
                Command::Record => {
                    self.connection.record();
                    self.checkpoint(0);
                }
                Command::Snapshot { length } => {
                    let text = self.connection.receive_text(length as usize);
                    // The observer sends it once.
                    let _ = self.connection.profile.set(text);
                    self.checkpoint(0);
                }
                // Comes only as the answer to the first and the last packet.
                Command::GoOn => {}
                Command::Finish => {
                    recording::stop();
                    self.connection.finished.store(true, Ordering::Relaxed);
                    return Step::End;
                }
            }
        }
    }

    fn checkpoint(&self, wall_ns: u64) {
        let cpu = clock_gettime(ClockId::ProcessCPUTime);
        let cpu_ns = (cpu.tv_sec as u64).wrapping_mul(1_000_000_000) + cpu.tv_nsec as u64;
        let checkpoint = Checkpoint {
            iterations: self.done,
            cpu_ns,
            wall_ns,
            rust: heap::process(Heap::Rust),
            native: heap::process(Heap::C),
            tasks: self.runtime.tasks(),
        };
        self.connection.send(&checkpoint.encode());
    }
}
