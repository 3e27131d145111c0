//! The interface of a recheck.

use std::time::Duration;

use crate::detect::{Conclusion, Readings};
use crate::observer::worker_handle::capabilities::{Bounds, Iterate, KernelView, Settle};
use crate::observer::worker_handle::interruption::Interruption;
use crate::observer::worker_handle::readings::CountedHeaps;
use crate::process::ProcessSnapshot;
use crate::protocol::message::Checkpoint;
use crate::report::Retention;

/// What was judged, as a recheck may revise it.
#[derive(Debug)]
pub(in crate::observer) struct Judgement<'a> {
    pub(in crate::observer) conclusion: &'a mut Conclusion,
    pub(in crate::observer) retention: &'a mut Option<Retention>,
}

/// The judged part of the run.
#[derive(Clone, Copy, Debug)]
pub(in crate::observer) struct JudgedPart<'a> {
    pub(in crate::observer) counted: CountedHeaps,
    /// Whether the Rust heap is counted as a part of the C heap.
    pub(in crate::observer) rust_as_c: bool,
    /// The process before and after it.
    pub(in crate::observer) snapshots: Option<(&'a ProcessSnapshot, &'a ProcessSnapshot)>,
    /// Its wall time.
    pub(in crate::observer) spent: Duration,
    /// Time limit of the whole check.
    pub(in crate::observer) timeout: Duration,
}

impl JudgedPart<'_> {
    /// Whether its iterations can run once more before the timeout, with half as much time to spare for
    /// what surrounds them.
    pub(super) fn can_be_repeated(&self, worker: &impl Bounds) -> bool {
        worker.elapsed() + self.spent.mul_f64(1.5) <= self.timeout
    }

    /// The readings at `checkpoint`.
    pub(super) fn read(&self, worker: &mut impl KernelView, checkpoint: &Checkpoint) -> Readings {
        self.counted.readings(checkpoint, &worker.sample())
    }
}

/// A recheck of one kind of growth.
pub(in crate::observer) trait Recheck<W: Iterate + Settle> {
    /// Whether the conclusion rests on this kind of growth.
    fn applies(&self, conclusion: &Conclusion) -> bool;

    /// Takes more readings and revises the conclusion. Leaves it unchanged where the time does not
    /// suffice.
    fn recheck(
        &self,
        worker: &mut W,
        judgement: &mut Judgement<'_>,
        judged: &JudgedPart<'_>,
    ) -> Result<(), Interruption>;
}
