//! The worker: runs iterations when the observer says so and answers with its counters. Between
//! the first iteration and the last it allocates nothing of its own.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::{ExitCode, Termination};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use super::connection::Connection;
use super::drive::{Drive, Runtime};
use super::parent_death;
use super::plant::Planting;
use super::profiling::Profiling;
use super::workload::{Step, Steps, Workload};
use crate::heap::allocators::{self, Allocator};
use crate::heap::{self, Heap};
use crate::options::Options;
use crate::protocol::message::{
    Checkpoint, Command, Failure, Hello, encode_allocators, encode_ended, encode_profile,
};
#[cfg(memcheck_sites)]
use crate::recorder;
use crate::report::TestId;

/// Unwinds a test whose iteration returned an error, past its set-up's destructors. The error was
/// printed and reported, so the panic hook is not asked.
struct IterationFailed;

/// Runs a test as a worker, from hello to the end.
pub(crate) fn serve<R: Termination>(
    connection: &Arc<Connection>,
    test: TestId,
    options: Options,
    snapshot: Option<fn(&str)>,
    body: impl FnOnce(Workload) -> R,
) {
    let hello = Hello {
        library: env!("CARGO_PKG_VERSION").to_owned(),
        test,
        options,
        heap_counted: heap::is_counted(),
        own_allocator: heap::OWN_ALLOCATOR,
        heap_counted_as_c: heap::is_counted_as_c(),
        native_heap: heap::c_heap_state(),
        snapshot: snapshot.is_some(),
        thread: rustix::thread::gettid().as_raw_nonzero().get(),
    };
    match hello.encode() {
        Ok(packet) => {
            connection.say(&packet);
            // The observer forgets what the harness has printed.
            let _ = connection.hear();
        }
        // A hello that cannot be written is a worker that never says hello: the observer's case.
        Err(_) => return,
    }
    let workload = Workload::new(Steps::Worker(Iterations::new(Arc::clone(connection))));
    let result = catch_unwind(AssertUnwindSafe(|| {
        let code = body(workload).report();
        let ended_well = code == ExitCode::SUCCESS;
        if !ended_well {
            connection.fail(Failure::ReturnedError, "the test returned an error");
        }
        ended_well
    }));
    match result {
        Ok(true) if connection.finished.load(Ordering::Relaxed) => {
            if let (Some(assert), Some(profile)) = (snapshot, connection.profile.get()) {
                assert_snapshot(connection, assert, profile);
            }
            connection.say_last(&encode_ended());
        }
        Ok(true) => {
            connection.fail(Failure::NeverIterated, "the test never called `Workload::iterate`");
            resume_unwind(Box::new(IterationFailed));
        }
        Ok(false) => resume_unwind(Box::new(IterationFailed)),
        Err(payload) => {
            connection.fail(Failure::Panicked, panic_message(payload.as_ref()));
            resume_unwind(payload);
        }
    }
}

/// Asserts the snapshot here, in the test's own process: insta then finds the environment, the
/// folder and the source file of any other test. What it prints the observer shows.
fn assert_snapshot(connection: &Connection, assert: fn(&str), profile: &str) {
    if let Err(payload) = catch_unwind(|| assert(profile)) {
        connection.fail(Failure::Snapshot, panic_message(payload.as_ref()));
        resume_unwind(Box::new(IterationFailed));
    }
}

fn panic_message(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("")
}

/// The iterations of a worker.
#[derive(Debug)]
pub(crate) struct Iterations {
    connection: Arc<Connection>,
    /// Iterations done since the start.
    done: u64,
    /// Iterations of the running batch that are not begun yet.
    remaining: u64,
    batch: Batch,
    runtime: Runtime,
    planting: Option<Planting>,
}

/// What the running batch is for.
#[derive(Debug)]
enum Batch {
    /// Nothing was asked yet, or all was answered.
    None,
    /// Count, then send a checkpoint.
    Run { since: Instant, took: Duration },
    /// Measure each iteration, then send a profile.
    Profile(Box<Profiling>),
}

impl Iterations {
    fn new(connection: Arc<Connection>) -> Self {
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

    /// The runtime in which the body runs, to be driven and asked for its tasks.
    #[cfg(feature = "tokio")]
    pub(crate) fn runs_in(&mut self, runtime: Runtime) {
        self.runtime = runtime;
    }

    /// That runtime.
    #[cfg(feature = "tokio")]
    pub(crate) fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// What comes next; waits for the observer between batches.
    #[inline]
    pub(crate) fn next(&mut self) -> Step {
        parent_death::end_if_forked();
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

    /// Notes the end of an iteration. Unwinds when it returned an error.
    #[inline]
    pub(crate) fn end<R: Termination>(&mut self, result: R) {
        // Before the result is looked at: an error's report allocates.
        if let Batch::Profile(profiling) = &mut self.batch {
            profiling.end(self.done + 1);
        }
        if result.report() != ExitCode::SUCCESS {
            self.failed();
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
            // What the runtime does before the next command is not the iterations'.
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

    /// The runtime was driven: answers for that.
    pub(crate) fn driven(&self) {
        self.checkpoint(0);
    }

    #[cold]
    fn failed(&self) -> ! {
        self.connection.fail(Failure::ReturnedError, "the iteration returned an error");
        resume_unwind(Box::new(IterationFailed))
    }

    /// Answers for the batch that is done, then obeys until there is something to run.
    #[cold]
    fn next_batch(&mut self) -> Step {
        match std::mem::replace(&mut self.batch, Batch::None) {
            Batch::None => {}
            Batch::Run { took, .. } => self.checkpoint(took.as_nanos() as u64),
            Batch::Profile(profiling) => self.connection.say(&encode_profile(&profiling.profile)),
        }
        loop {
            match self.connection.hear() {
                Command::Run { iterations: 0 } | Command::Profile { iterations: 0 } => {
                    self.checkpoint(0);
                }
                Command::Run { iterations } => {
                    #[cfg(memcheck_sites)]
                    recorder::forget_unloaded_code();
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
                    self.connection.say(&encode_allocators(metrics));
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
                    let text = self.connection.hear_text(length as usize);
                    // The first one counts; there is no second.
                    let _ = self.connection.profile.set(text);
                    self.checkpoint(0);
                }
                // Only in answer to a packet that is said elsewhere.
                Command::GoOn => {}
                Command::Finish => {
                    #[cfg(memcheck_sites)]
                    recorder::stop();
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
        self.connection.say(&checkpoint.encode());
    }
}
