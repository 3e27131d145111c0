//! The readings of a checkpoint: the worker's counters and the kernel's numbers, metric by metric.

use crate::detect::Readings;
use crate::heap::{CHeapState, HeapCounters};
use crate::metric::{Evidence, Metric};
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
        for metric in Metric::ALL {
            if let Some(value) = self.reading(metric, checkpoint, sample) {
                readings.set(metric, value);
            }
        }
        readings
    }

    /// The reading of one metric, if there is one.
    fn reading(self, metric: Metric, checkpoint: &Checkpoint, sample: &Sample) -> Option<i64> {
        let is_counted = match metric.row().evidence {
            Evidence::RustHeap => self.rust,
            Evidence::CHeap => self.native,
            Evidence::Kernel | Evidence::Runtime => true,
        };
        if !is_counted {
            return None;
        }
        let value = match metric {
            Metric::HeapBytes => return Some(checkpoint.rust.live_bytes),
            Metric::HeapBlocks => return Some(checkpoint.rust.live_blocks),
            Metric::NativeBytes => return Some(checkpoint.native.live_bytes),
            Metric::NativeBlocks => return Some(checkpoint.native.live_blocks),
            Metric::Tasks => checkpoint.tasks?,
            Metric::Resident => sample.footprint?.live(),
            Metric::FdMemory => sample.fd_memory?,
            Metric::Fds => sample.fds?,
            Metric::Threads => sample.threads?,
            Metric::Children => sample.children?,
            // Threads have a metric of their own, and glibc makes the arenas.
            Metric::Mappings => sample.mappings? - sample.thread_mappings?,
        };
        Some(i64::try_from(value).unwrap_or(i64::MAX))
    }
}
