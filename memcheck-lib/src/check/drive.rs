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

/// Rounds without any change after which nothing more is expected of a current-thread runtime. In
/// each round every task that is ready runs, and its driver looks for what has become ready.
#[cfg(feature = "tokio")]
const CALM_ROUNDS: u32 = 2;
#[cfg(feature = "tokio")]
const FIRST_PAUSE: Duration = Duration::from_micros(20);
#[cfg(feature = "tokio")]
const LONGEST_PAUSE: Duration = Duration::from_millis(1);

impl Drive {
    pub(crate) fn new(runtime: Runtime, tasks: u64, limit: Duration) -> Self {
        Drive { runtime, tasks, limit }
    }

    /// Drives from inside of the runtime, until no more tasks are left than may be and the heap has
    /// stopped, or the time is over.
    pub(crate) async fn run(self) {
        #[cfg(feature = "tokio")]
        {
            let until = Instant::now() + self.limit;
            let seen = || (heap::process(Heap::Rust), heap::process(Heap::Native));
            let (mut last, mut calm, mut pause) = (seen(), 0, FIRST_PAUSE);
            loop {
                tokio::task::yield_now().await;
                let now = seen();
                calm = if now == last { calm + 1 } else { 0 };
                last = now;
                let few = self.runtime.tasks().is_none_or(|tasks| tasks <= self.tasks);
                if few && calm >= CALM_ROUNDS || Instant::now() >= until {
                    return;
                }
                if calm >= CALM_ROUNDS {
                    // What is left waits for a clock, another thread or the kernel: to ask all the
                    // time would take the processor from them. Nothing else runs on this thread.
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// For a loop that is not `async`. It may stand in a task of a current-thread runtime, whose
    /// other tasks cannot run before it ends, so only for other threads it waits.
    pub(crate) fn wait(self) {
        #[cfg(feature = "tokio")]
        {
            use tokio::runtime::{Handle, RuntimeFlavor};
            let multi = |handle: &Handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread;
            if !self.runtime.handle.as_ref().is_some_and(multi) {
                return;
            }
            let until = Instant::now() + self.limit;
            while self.runtime.tasks().is_some_and(|tasks| tasks > self.tasks)
                && Instant::now() < until
            {
                std::thread::sleep(FIRST_PAUSE);
            }
        }
    }
}
