//! What can be asked of a worker, one trait for each concern.

use std::time::Duration;

use super::interruption::Interruption;
use crate::heap::allocators::AllocatorStats;
use crate::process::{ProcessSnapshot, Sample};
use crate::protocol::message::{Checkpoint, Hello};
use crate::report::{AllocationProfile, Plant};
use crate::units::Bytes;

/// Begin and end of its test.
pub(in crate::observer) trait Lifecycle {
    /// Waits for the worker's first packet. To be called first.
    fn hello(&mut self) -> Result<Hello, Interruption>;
    /// Sends the text of the profile, which the worker compares with the snapshot.
    fn send_profile(&mut self, text: &str) -> Result<(), Interruption>;
    /// Ends the test.
    fn finish(&mut self) -> Result<(), Interruption>;
}

/// Its iterations.
pub(in crate::observer) trait Iterate {
    /// Runs iterations.
    fn run(&mut self, iterations: u64) -> Result<Checkpoint, Interruption>;
    /// Runs iterations and measures each one.
    fn profile(&mut self, iterations: u64) -> Result<AllocationProfile, Interruption>;
    /// Makes every following iteration also leak this.
    fn plant(&mut self, plant: Plant) -> Result<(), Interruption>;
}

/// What it reports of itself between iterations.
pub(in crate::observer) trait Counters {
    /// The process's counters now.
    fn counters(&mut self) -> Result<Checkpoint, Interruption>;
    /// Drives its runtime until at most `tasks` tasks are left in it and its heap no longer changes,
    /// for `limit` at most; returns the counters then.
    fn drive(&mut self, tasks: u64, limit: Duration) -> Result<Checkpoint, Interruption>;
    /// Asks its allocators to return memory to the system.
    fn trim(&mut self) -> Result<(), Interruption>;
    /// Its allocators' own statistics.
    fn allocators(&mut self) -> Result<Vec<AllocatorStats>, Interruption>;
}

/// What the kernel shows of it.
pub(in crate::observer) trait KernelView {
    /// The kernel's numbers for a checkpoint, cheap.
    fn sample(&mut self) -> Sample;
    /// Everything that the kernel shows; `None` if it cannot be read.
    fn snapshot(&mut self) -> Option<ProcessSnapshot>;
    /// Whether it has threads other than the one that iterates.
    fn has_other_threads(&self) -> bool;
    /// Whether all those threads sleep.
    fn other_threads_sleep(&self) -> bool;
    /// How long the thread that iterates was ready to run, but waited for a processor.
    fn run_queue_delay(&self) -> Duration {
        Duration::ZERO
    }
}

/// Its limits of time and memory.
pub(in crate::observer) trait Bounds {
    /// Wall time since the worker was started.
    fn elapsed(&self) -> Duration;
    /// Sets the time, counted from its start, after which the worker is ended.
    fn set_deadline(&mut self, timeout: Duration);
    /// Sets the live footprint above which the worker is ended; `None` for the default.
    fn set_ceiling(&mut self, ceiling: Option<Bytes>);
}

/// A worker whose counters can be read at rest.
pub(in crate::observer) trait Settle: Counters + KernelView + Bounds {}

impl<W: Counters + KernelView + Bounds> Settle for W {}

/// A worker that can be measured.
pub(in crate::observer) trait WorkerHandle:
    Lifecycle + Iterate + Settle
{
}

impl<W: Lifecycle + Iterate + Settle> WorkerHandle for W {}
