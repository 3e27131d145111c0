//! The state of a run.

use std::time::Duration;

use crate::detect::{Conclusion, LimitedResource};
use crate::heap::allocators::AllocatorChange;
use crate::observer::recording::{Coverage, Recordable};
use crate::observer::settings::Record;
use crate::observer::worker_handle::capabilities::WorkerHandle;
use crate::observer::worker_handle::readings::CountedHeaps;
use crate::options::Options;
use crate::protocol::message::Hello;
use crate::report::{AllocationProfile, Plant, Retention, Sites};
use crate::snapshot::Snapshot;

/// A worker that can be measured and recorded.
pub(in crate::observer) trait MeasuredWorker:
    WorkerHandle + Recordable
{
}

impl<W: WorkerHandle + Recordable> MeasuredWorker for W {}

/// What is requested of a run, in addition to the options of the worker's attribute.
#[derive(Clone, Copy)]
pub(in crate::observer) struct RunRequest<'a> {
    /// Options that the attribute overrides.
    pub(in crate::observer) defaults: &'a Options,
    /// Options that override the attribute.
    pub(in crate::observer) overrides: &'a Options,
    /// Whether call stacks are recorded after the judgement.
    pub(in crate::observer) record: Record,
    /// A leak to plant. The run ends when its metric is called growing.
    pub(in crate::observer) plant: Option<Plant>,
    /// Call no metric growing, to test the proof.
    pub(in crate::observer) blind: bool,
    /// Makes the text of the profile for the snapshot; `None` if there is none to compare.
    pub(in crate::observer) snapshot_text: &'a dyn Fn(Measured) -> Option<String>,
}

/// What was measured so far.
#[derive(Clone, Debug, Default)]
pub(in crate::observer) struct Measured {
    pub(in crate::observer) hello: Option<Hello>,
    pub(in crate::observer) options: Options,
    pub(in crate::observer) profile: Option<AllocationProfile>,
    pub(in crate::observer) before: Option<Snapshot>,
    pub(in crate::observer) after: Option<Snapshot>,
    pub(in crate::observer) conclusion: Option<Conclusion>,
    pub(in crate::observer) allocators: Vec<AllocatorChange>,
    pub(in crate::observer) retention: Option<Retention>,
    pub(in crate::observer) sites: Option<Sites>,
    /// How much of the growth the sites explain.
    pub(in crate::observer) coverage: Coverage,
    /// Everything was judged, but recording call stacks ended the worker.
    pub(in crate::observer) lost_while_recording: bool,
    /// All iterations were run and the test ended by itself.
    pub(in crate::observer) completed: bool,
}

/// A run: the worker, what is requested, and what the phases have found out.
pub(super) struct Run<'a, W> {
    pub(super) worker: &'a mut W,
    pub(super) request: &'a RunRequest<'a>,
    pub(super) measured: Measured,
    pub(super) counted: CountedHeaps,
    /// Whether the test asserts a snapshot of its profile.
    pub(super) asserts_snapshot: bool,
    pub(super) idle: Idle,
    pub(super) warm_up: WarmUp,
    /// A limited resource that the body uses up.
    pub(super) limited: Option<LimitedResource>,
    /// Wall time of the judged part.
    pub(super) judged_for: Duration,
}

/// The worker before its first iteration.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Idle {
    pub(super) tasks: Option<u64>,
    pub(super) fds: Option<u64>,
}

/// What the warm-up showed.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::observer) struct WarmUp {
    /// Wall time of an iteration after it.
    pub(super) cost: Duration,
    /// Least wall time of an iteration, without the delays of a busy machine.
    pub(super) least_cost: Duration,
    /// Number of its iterations.
    pub(in crate::observer) iterations: u64,
}

impl<'a, W: MeasuredWorker> Run<'a, W> {
    pub(super) fn new(worker: &'a mut W, request: &'a RunRequest<'a>) -> Self {
        Run {
            worker,
            request,
            measured: Measured::default(),
            counted: CountedHeaps::default(),
            asserts_snapshot: false,
            idle: Idle::default(),
            warm_up: WarmUp::default(),
            limited: None,
            judged_for: Duration::ZERO,
        }
    }
}
