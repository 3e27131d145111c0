//! A scripted worker for tests: what counters and kernel would show of a body that leaks, retains memory
//! or passes work to other threads.

use std::cell::Cell;
use std::time::Duration;

use super::measure::measure;
use super::measure::run::{Measured, RunRequest};
use super::recording::Recordable;
use super::settings::Record;
use super::worker_handle::capabilities::{Bounds, Counters, Iterate, KernelView, Lifecycle};
use super::worker_handle::interruption::Interruption;
use crate::heap::CHeapState;
use crate::heap::allocators::AllocatorStats;
use crate::options::Options;
use crate::process::{Footprint, ProcessSnapshot, Sample};
use crate::protocol::message::{Checkpoint, Hello};
use crate::report::{AllocationProfile, Plant, TestId};
use crate::units::Bytes;

pub(super) const PAGE: u64 = 4096;

/// The footprint before the first iteration.
const BASE: u64 = 16 << 20;

/// Wall and CPU time of an iteration.
const ITERATION: Duration = Duration::from_micros(100);

/// A worker whose iterations do what the fields say.
pub(super) struct ScriptedWorker {
    /// Bytes by which the footprint grows in an iteration.
    pub(super) per_iteration: u64,
    /// Percentage of that growth that the allocator returns when asked.
    pub(super) returned: u64,
    /// Bytes that leak from the heap in an iteration.
    pub(super) heap_per_iteration: i64,
    /// An iteration, and the bytes by which the footprint grows in it.
    pub(super) step: Option<(u64, u64)>,
    /// Bytes of the heap that an iteration passes to another thread, which frees them later.
    pub(super) handed_over: i64,
    /// A cache on the heap that is cleared every so many iterations; its memory is retained.
    pub(super) cleared: Option<u64>,
    /// Threads that an iteration starts. One ends at each reading but the first after an iteration.
    pub(super) starts: u64,
    /// Additional bytes and blocks of the heap after so many iterations.
    pub(super) heap: Box<dyn FnMut(u64) -> (i64, i64)>,
    /// Iterations done.
    pub(super) done: u64,
    /// How often the allocator was asked to return memory.
    pub(super) trims: u64,
    pub(super) queued: i64,
    pub(super) running: u64,
    pub(super) sampled_at: u64,
    pub(super) footprint: u64,
    pub(super) elapsed: Cell<Duration>,
}

impl ScriptedWorker {
    pub(super) fn new(per_iteration: u64, returned: u64) -> Self {
        ScriptedWorker {
            per_iteration,
            returned,
            heap_per_iteration: 0,
            step: None,
            handed_over: 0,
            cleared: None,
            starts: 0,
            heap: Box::new(|_| (0, 0)),
            done: 0,
            trims: 0,
            queued: 0,
            running: 0,
            sampled_at: 0,
            footprint: BASE,
            elapsed: Cell::new(Duration::ZERO),
        }
    }

    /// A worker whose heap has so many bytes and blocks after so many iterations.
    pub(super) fn of_heap(heap: impl FnMut(u64) -> (i64, i64) + 'static) -> Self {
        ScriptedWorker { heap: Box::new(heap), ..ScriptedWorker::new(0, 0) }
    }

    /// Measures this worker to its end.
    pub(super) fn measured(&mut self, options: Options) -> Measured {
        let request = RunRequest {
            defaults: &Options::default(),
            overrides: &options,
            record: Record::Never,
            plant: None,
            blind: false,
            snapshot_text: &|_| None,
        };
        let (measured, result) = measure(self, &request);
        result.unwrap();
        measured
    }
}

impl Lifecycle for ScriptedWorker {
    fn hello(&mut self) -> Result<Hello, Interruption> {
        Ok(Hello {
            library: String::new(),
            test: TestId::default(),
            options: Options::default(),
            heap_counted: true,
            own_allocator: false,
            heap_counted_as_c: false,
            native_heap: CHeapState::Counted,
            snapshot: false,
            thread: 0,
        })
    }

    fn send_profile(&mut self, _text: &str) -> Result<(), Interruption> {
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Interruption> {
        Ok(())
    }
}

impl Iterate for ScriptedWorker {
    fn run(&mut self, iterations: u64) -> Result<Checkpoint, Interruption> {
        self.done += iterations;
        self.footprint += iterations * self.per_iteration;
        if let Some((_, bytes)) = self.step.take_if(|(at, _)| *at <= self.done) {
            self.footprint += bytes;
        }
        self.queued += iterations as i64 * self.handed_over;
        self.running += iterations * self.starts;
        let took = ITERATION * u32::try_from(iterations).unwrap();
        self.elapsed.set(self.elapsed.get() + took);
        let mut checkpoint = self.counters()?;
        checkpoint.wall_ns = took.as_nanos() as u64;
        Ok(checkpoint)
    }

    fn profile(&mut self, iterations: u64) -> Result<AllocationProfile, Interruption> {
        self.run(iterations)?;
        Ok(AllocationProfile { iterations, ..AllocationProfile::default() })
    }

    fn plant(&mut self, _: Plant) -> Result<(), Interruption> {
        Ok(())
    }
}

impl Counters for ScriptedWorker {
    fn counters(&mut self) -> Result<Checkpoint, Interruption> {
        let mut checkpoint = Checkpoint {
            iterations: self.done,
            cpu_ns: self.elapsed.get().as_nanos() as u64,
            ..Checkpoint::default()
        };
        // The other thread frees a part of its queue between two readings.
        self.queued = (self.queued - self.queued / 16 - (64 << 10)).max(0);
        let (bytes, blocks) = (self.heap)(self.done);
        checkpoint.rust.live_bytes =
            self.heap_per_iteration * self.done as i64 + self.queued + bytes;
        checkpoint.rust.live_blocks = blocks;
        if let Some(period) = self.cleared {
            checkpoint.rust.live_bytes += (self.done % period) as i64 * PAGE as i64;
        }
        Ok(checkpoint)
    }

    fn drive(&mut self, _: u64, _: Duration) -> Result<Checkpoint, Interruption> {
        self.counters()
    }

    fn trim(&mut self) -> Result<(), Interruption> {
        self.trims += 1;
        self.footprint -= (self.footprint - BASE) / 100 * self.returned;
        Ok(())
    }

    fn allocators(&mut self) -> Result<Vec<AllocatorStats>, Interruption> {
        Ok(Vec::new())
    }
}

impl KernelView for ScriptedWorker {
    fn sample(&mut self) -> Sample {
        let again = std::mem::replace(&mut self.sampled_at, self.done) == self.done;
        self.running = self.running.saturating_sub(u64::from(again));
        let anonymous = (self.footprint + self.queued as u64) / PAGE * PAGE;
        let footprint = Footprint { anonymous, ..Footprint::default() };
        Sample {
            footprint: Some(footprint),
            fds: Some(3),
            threads: Some(1 + self.running),
            children: Some(0),
            mappings: Some(40),
            thread_mappings: Some(0),
            ..Sample::default()
        }
    }

    fn snapshot(&mut self) -> Option<ProcessSnapshot> {
        None
    }

    fn has_other_threads(&self) -> bool {
        self.handed_over > 0 || self.starts > 0
    }

    fn other_threads_sleep(&self) -> bool {
        self.queued == 0 && self.running == 0
    }
}

impl Bounds for ScriptedWorker {
    fn elapsed(&self) -> Duration {
        self.elapsed.get()
    }

    fn set_deadline(&mut self, _timeout: Duration) {}

    fn set_ceiling(&mut self, _ceiling: Option<Bytes>) {}
}

impl Recordable for ScriptedWorker {}
