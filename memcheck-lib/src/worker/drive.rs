//! Driving the runtime of an `async` test between batches.
//!
//! What an iteration spawned is part of that iteration. The tasks of a current-thread runtime only run
//! inside of `block_on`, so before a reading somebody must let them; a multi-thread runtime has threads
//! of its own, and is only waited for.

use std::time::Duration;
#[cfg(feature = "tokio")]
use std::time::Instant;

#[cfg(feature = "tokio")]
use crate::heap::{self, Heap};

/// The runtime that a body runs in, where one is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Runtime {
    #[cfg(feature = "tokio")]
    handle: Option<tokio::runtime::Handle>,
}

impl Runtime {
    /// One of tokio's.
    #[cfg(feature = "tokio")]
    pub(crate) fn of(handle: tokio::runtime::Handle) -> Self {
        Runtime { handle: Some(handle) }
    }

    /// Whether tasks run on threads of its own, whatever this one does.
    #[cfg(feature = "tokio")]
    fn has_threads(&self) -> bool {
        use tokio::runtime::RuntimeFlavor::CurrentThread;
        self.handle.as_ref().is_some_and(|handle| handle.runtime_flavor() != CurrentThread)
    }

    /// Lets the tasks take a step that have come in the iteration that ends, of which there were
    /// `before` at its start. On one thread nobody else does: a body that spawns and does not wait
    /// would pile up a batch of tasks, and batches become larger and larger.
    #[cfg(feature = "tokio")]
    pub(crate) async fn breathe(&self, before: Option<u64>) {
        if self.tasks() > before && !self.has_threads() {
            tokio::task::yield_now().await;
        }
    }

    /// Tasks in it that have not ended.
    pub(crate) fn tasks(&self) -> Option<u64> {
        #[cfg(feature = "tokio")]
        {
            let handle = self.handle.as_ref()?;
            Some(handle.metrics().num_alive_tasks() as u64)
        }
        #[cfg(not(feature = "tokio"))]
        None
    }
}

/// An order to drive a runtime until it is quiet.
#[derive(Debug)]
#[cfg_attr(not(feature = "tokio"), expect(dead_code, reason = "there is nothing to drive"))]
pub(crate) struct Drive {
    runtime: Runtime,
    /// As many tasks may be left.
    tasks: u64,
    limit: Duration,
}

/// Rounds without any change of the heap after which nothing more is expected of a runtime that has no
/// task too many. In each round tasks that are ready run, and the driver looks for what has become
/// ready.
#[cfg(feature = "tokio")]
const CALM_ROUNDS: u32 = 2;
/// A pause in which the runtime has the thread. The resolution of tokio's clock.
#[cfg(feature = "tokio")]
const PAUSE: Duration = Duration::from_millis(1);
/// CPU time of the whole process in a pause below which nothing to speak of ran in it: a tenth. An
/// idle pause was measured at 50 µs (debug build of tokio), one in which tasks were ready at 1 ms, or at
/// 100 µs and more when the machine had much else to do: 61 tasks are polled before the clock is
/// looked at.
#[cfg(feature = "tokio")]
const IDLE_CPU: Duration = Duration::from_micros(100);
/// Tasks that are busy all the time, but of which none ends for so many times the limit, are not
/// waited for.
#[cfg(feature = "tokio")]
const STALLED: u32 = 25;
/// That time at least, also once all budget is used.
#[cfg(feature = "tokio")]
const LEAST_STALLED: Duration = Duration::from_millis(50);

impl Drive {
    pub(crate) fn new(runtime: Runtime, tasks: u64, limit: Duration) -> Self {
        Drive { runtime, tasks, limit }
    }

    /// Drives from inside of the runtime, until no more tasks are left than may be and the heap has
    /// stopped. Tasks that are ready run in any case: what they do is work of the iterations, of which
    /// the limit is none. It is one on being idle: on waiting for tasks that wait for something else.
    pub(crate) async fn run(self) {
        #[cfg(feature = "tokio")]
        {
            let seen = || (heap::process(Heap::Rust), heap::process(Heap::C));
            let (mut last, mut calm, mut idle) = (seen(), 0, Duration::ZERO);
            let (mut fewest, mut progress) = (u64::MAX, Instant::now());
            let stalled = (self.limit * STALLED).max(LEAST_STALLED);
            loop {
                let tasks = self.runtime.tasks().unwrap_or(0);
                if tasks < fewest {
                    (fewest, progress, idle) = (tasks, Instant::now(), Duration::ZERO);
                }
                if tasks <= self.tasks && calm >= CALM_ROUNDS
                    || idle > self.limit
                    || progress.elapsed() > stalled
                {
                    return;
                }
                if calm < CALM_ROUNDS {
                    tokio::task::yield_now().await;
                } else {
                    let before = cpu_time();
                    match self.runtime.has_threads() {
                        true => std::thread::sleep(PAUSE),
                        false => tokio::time::sleep(PAUSE).await,
                    }
                    let ran = cpu_time().saturating_sub(before) > IDLE_CPU;
                    idle = if ran { Duration::ZERO } else { idle + PAUSE };
                }
                let now = seen();
                calm = if now == last { calm + 1 } else { 0 };
                last = now;
            }
        }
    }

    /// For a loop that is not `async`. It may stand in a task of a current-thread runtime, whose
    /// other tasks cannot run before it ends, so only for other threads it waits.
    pub(crate) fn wait(self) {
        #[cfg(feature = "tokio")]
        {
            if !self.runtime.has_threads() {
                return;
            }
            let until = Instant::now() + self.limit;
            while self.runtime.tasks().is_some_and(|tasks| tasks > self.tasks)
                && Instant::now() < until
            {
                std::thread::sleep(PAUSE / 10);
            }
        }
    }
}

/// CPU time of the process.
#[cfg(feature = "tokio")]
fn cpu_time() -> Duration {
    #[cfg(target_os = "linux")]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
    }
    #[cfg(not(target_os = "linux"))]
    Duration::ZERO
}
