//! The readings of a checkpoint: the worker's counters and the kernel's numbers, metric by metric.

use crate::detect::Readings;
use crate::heap::{CHeapState, HeapCounters};
use crate::metric::Metric;
use crate::process::Sample;
use crate::protocol::message::{Checkpoint, Hello};

/// Which heaps of the worker are counted.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::observer) struct CountedHeaps {
    pub(in crate::observer) rust: bool,
    pub(in crate::observer) native: bool,
}

impl CountedHeaps {
    pub(in crate::observer) fn of(hello: &Hello) -> Self {
        let native = hello.native_heap == CHeapState::Counted;
        CountedHeaps { rust: hello.heap_counted, native }
    }

    /// The Rust heap, if it is counted.
    pub(in crate::observer) fn rust_heap(self, checkpoint: &Checkpoint) -> Option<HeapCounters> {
        self.rust.then_some(checkpoint.rust)
    }

    /// All metrics that could be read.
    pub(in crate::observer) fn readings(
        self,
        checkpoint: &Checkpoint,
        sample: &Sample,
    ) -> Readings {
        let mut readings = Readings::default();
        if self.rust {
            readings.set(Metric::HeapBytes, checkpoint.rust.live_bytes);
            readings.set(Metric::HeapBlocks, checkpoint.rust.live_blocks);
        }
        if self.native {
            readings.set(Metric::NativeBytes, checkpoint.native.live_bytes);
            readings.set(Metric::NativeBlocks, checkpoint.native.live_blocks);
        }
        // Threads have a metric of their own, and glibc makes the arenas.
        let mappings = sample.mappings.zip(sample.thread_mappings).map(|(all, of)| all - of);
        let counts = [
            (Metric::Tasks, checkpoint.tasks),
            (Metric::Resident, sample.footprint.map(|footprint| footprint.live())),
            (Metric::FdMemory, sample.fd_memory),
            (Metric::Fds, sample.fds),
            (Metric::Threads, sample.threads),
            (Metric::Children, sample.children),
            (Metric::Mappings, mappings),
        ];
        for (metric, value) in counts {
            if let Some(value) = value {
                readings.set(metric, i64::try_from(value).unwrap_or(i64::MAX));
            }
        }
        readings
    }
}
