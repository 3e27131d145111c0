//! Driving the runtime of an `async` test between batches.
//!
//! The tasks that an iteration spawned are part of that iteration. Tasks of a current-thread runtime run
//! only inside `block_on`, so the worker must run them before a reading. A multi-thread runtime has its
//! own threads, so the worker only waits for it.

use std::time::Duration;
#[cfg(feature = "tokio")]
use std::time::Instant;

#[cfg(feature = "tokio")]
use crate::heap::{self, Heap};

/// The runtime that a body runs in, if memcheck knows one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Runtime {
    #[cfg(feature = "tokio")]
    handle: Option<tokio::runtime::Handle>,
}

impl Runtime {
    /// A runtime of tokio.
    #[cfg(feature = "tokio")]
    pub(crate) fn of(handle: tokio::runtime::Handle) -> Self {
        Runtime { handle: Some(handle) }
    }

    /// Whether its tasks run on its own threads, whatever the calling thread does.
    #[cfg(feature = "tokio")]
    fn has_threads(&self) -> bool {
        use tokio::runtime::RuntimeFlavor::CurrentThread;
        self.handle.as_ref().is_some_and(|handle| handle.runtime_flavor() != CurrentThread)
    }

    /// Lets the tasks that the ending iteration spawned run once; there were `before` tasks at its
    /// start. On a single thread nothing else runs them: a body that spawns without waiting would
    /// accumulate a whole batch of tasks, and the batches grow.
    #[cfg(feature = "tokio")]
    pub(crate) async fn yield_to_new_tasks(&self, before: Option<u64>) {
        if self.tasks() > before && !self.has_threads() {
            tokio::task::yield_now().await;
        }
    }

    /// Its tasks that have not ended.
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

/// A request to drive a runtime until it is idle.
#[derive(Debug)]
#[cfg_attr(not(feature = "tokio"), expect(dead_code, reason = "there is nothing to drive"))]
pub(crate) struct Drive {
    runtime: Runtime,
    /// So many tasks may remain.
    tasks: u64,
    limit: Duration,
}

/// Rounds without any change of the heap after which a runtime without surplus tasks counts as idle. In
/// each round the ready tasks run and the driver polls for events; the second round runs what those
/// events made ready.
#[cfg(feature = "tokio")]
const UNCHANGED_ROUNDS: u32 = 2;
/// A pause in which the runtime has the thread: the resolution of tokio's clock, 1 ms.
#[cfg(feature = "tokio")]
const PAUSE: Duration = Duration::from_millis(1);
/// CPU time of the whole process in a pause up to which the pause counts as idle: a tenth of it. Measured:
/// 50 µs for an idle pause (debug build of tokio); 1 ms when tasks were ready, at least 100 µs on a busy
/// machine, because tokio polls up to 61 tasks before it reads the clock.
#[cfg(feature = "tokio")]
const IDLE_CPU: Duration = Duration::from_micros(100);
/// The wait ends when tasks are busy, but none has ended for so many times the limit: 0.5 s at the
/// default `settle` of 20 ms. Tasks that never end, such as a server loop, would otherwise stall every
/// reading.
#[cfg(feature = "tokio")]
const STALLED: u32 = 25;
/// Least value of that time, which also holds when the budget is used up.
#[cfg(feature = "tokio")]
const LEAST_STALLED: Duration = Duration::from_millis(50);

impl Drive {
    pub(crate) fn new(runtime: Runtime, tasks: u64, limit: Duration) -> Self {
        Drive { runtime, tasks, limit }
    }

    /// Drives from inside the runtime, until few enough tasks are left and the heap no longer changes.
    /// Ready tasks always run, because their work belongs to the iterations. The limit applies to
    /// idle time: to waiting for tasks that wait for something else.
    pub(crate) async fn run(self) {
        #[cfg(feature = "tokio")]
        {
            let heaps = || (heap::process(Heap::Rust), heap::process(Heap::C));
            let (mut last, mut unchanged, mut idle) = (heaps(), 0, Duration::ZERO);
            let (mut fewest, mut progress) = (u64::MAX, Instant::now());
            let stalled = (self.limit * STALLED).max(LEAST_STALLED);
            loop {
                let tasks = self.runtime.tasks().unwrap_or(0);
                if tasks < fewest {
                    (fewest, progress, idle) = (tasks, Instant::now(), Duration::ZERO);
                }
                if tasks <= self.tasks && unchanged >= UNCHANGED_ROUNDS
                    || idle > self.limit
                    || progress.elapsed() > stalled
                {
                    return;
                }
                if unchanged < UNCHANGED_ROUNDS {
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
                let now = heaps();
                unchanged = if now == last { unchanged + 1 } else { 0 };
                last = now;
            }
        }
    }

    /// Waits without driving, for a loop that is not `async`. That loop may run in a task of a
    /// current-thread runtime, whose other tasks cannot run before it ends, so this waits only for a
    /// runtime with its own threads.
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
