//! Phase: the judged windows, and the verdict on them.

use std::time::Duration;

use super::run::{MeasuredWorker, Run};
use crate::detect::{JudgeSettings, JudgedRun, Limits, TimeSpent};
use crate::heap::allocators::{AllocatorChange, AllocatorStats};
use crate::metric::{Evidence, Metric};
use crate::observer::worker_handle::interruption::Interruption;
use crate::observer::worker_handle::settle::{SettleBudget, settle};
use crate::options::Options;
use crate::protocol::message::Checkpoint;
use crate::snapshot::Snapshot;

/// The part of the time until the timeout that the judged part may take on a busy machine: a recheck
/// runs the iterations again and needs half as much time to spare, and so does the recording.
const RECHECKED: u32 = 3;

pub(super) fn judge<W: MeasuredWorker>(run: &mut Run<'_, W>) -> Result<(), Interruption> {
    let Run { worker, request, measured, counted, .. } = run;
    let counted = *counted;
    // Not before the warm-up: a container that was empty before the first window doubles in each.
    if let Some(plant) = request.plant {
        worker.plant(plant)?;
    }
    let options = measured.options.clone();
    let mut budget = SettleBudget::new(options.effective_settle(), run.idle.tasks);
    let allocators = worker.allocators()?;
    let start = worker.counters()?;
    let start = settle(*worker, start, &mut budget)?;
    // The first iterations may have started tasks that never end. Those are not waited for.
    budget.expect_tasks(start.tasks);
    // The snapshot before the baseline: the cost of taking it must not be in the judged part.
    let process = worker.snapshot();
    let baseline = counted.readings(&start, &worker.sample());
    measured.before =
        process.map(|process| Snapshot::of_worker(counted.rust_heap(&start), process));

    let settings = JudgeSettings {
        time: options.effective_time(),
        longest: options.effective_timeout().saturating_sub(worker.elapsed()) / RECHECKED,
        iterations: options.iterations,
        limits: growth_limits(&options, &start),
        limited_resource: run.limited,
        stop_when_growing: request.plant.map(|plant| plant.kind.metric()),
        must_read: Metric::ALL.into_iter().filter(|of| of.row().must_be_readable).collect(),
        blind: request.blind,
    };
    let mut judged = JudgedRun::new(settings, run.warm_up.cost, baseline);
    let (began, delayed) = (worker.elapsed(), worker.run_queue_delay());
    let mut last = start;
    let windows = (|| -> Result<(), Interruption> {
        while let Some(window) = judged.next() {
            let mut checkpoints = Vec::with_capacity(window.batches.len());
            for &iterations in &window.batches {
                let checkpoint = worker.run(iterations)?;
                last = settle(*worker, checkpoint, &mut budget)?;
                checkpoints.push(counted.readings(&last, &worker.sample()));
            }
            let spent = TimeSpent {
                elapsed: worker.elapsed().saturating_sub(began),
                cpu: Duration::from_nanos(last.cpu_ns.saturating_sub(start.cpu_ns)),
                run_queue_delay: worker.run_queue_delay().saturating_sub(delayed),
                allocated: counted
                    .rust
                    .then(|| last.rust.total_bytes.saturating_sub(start.rust.total_bytes)),
            };
            judged.add_window(checkpoints, spent);
        }
        Ok(())
    })();
    let mut conclusion = judged.conclude();
    if windows.is_err() {
        // An interrupted run had time left, so advice to give it more would be wrong.
        conclusion.advice.retain(|advice| !advice.is_too_few());
    }
    measured.conclusion = Some(conclusion);
    windows?;

    let process = worker.snapshot();
    measured.after = process.map(|process| Snapshot::of_worker(counted.rust_heap(&last), process));
    measured.allocators = allocator_changes(&allocators, &worker.allocators()?);
    run.judged_for = worker.elapsed().saturating_sub(began);
    Ok(())
}

fn growth_limits(options: &Options, start: &Checkpoint) -> Limits {
    let limit = |metric: Metric| {
        let row = metric.row();
        // A limit on tasks has no meaning for a test without a runtime.
        let applies = row.evidence != Evidence::Runtime || start.tasks.is_some();
        let limit = (row.limited_by.filter(|_| applies)?.value)(options)?;
        Some((metric, limit))
    };
    Metric::ALL.into_iter().filter_map(limit).collect()
}

/// The allocators that have statistics at both ends.
fn allocator_changes(before: &[AllocatorStats], after: &[AllocatorStats]) -> Vec<AllocatorChange> {
    let both = before.iter().filter_map(|&before| {
        let after = *after.iter().find(|after| after.allocator == before.allocator)?;
        Some(AllocatorChange { before, after })
    });
    both.collect()
}
