//! Behind or leaked: before a test that works with other threads is called growing, those may finish
//! what its iterations handed to them. On a busy machine a thread that drops late has no time to do
//! so between the iterations, and its queue looks like a leak.

use std::time::Duration;

use super::settle::drained;
use super::worker_handle::{Interruption, WorkerHandle};
use crate::detect::{Advice, Conclusion, MetricReport, Readings, Sensitivity, Shape, Verdict};
use crate::metric::Metric;
use crate::protocol::message::Checkpoint;

/// Of what a leak leaves behind nothing goes by waiting. What goes by more than this share of the
/// growth was none.
const GONE: f64 = 0.25;

/// Waits for the worker's other threads, at most for `limit`, if anything that they could release
/// grows or rises, and takes out of the verdict what they released. That is a pass if nothing is left;
/// else it is none: how much of the growth was a leak beside it cannot be said. `read` makes the
/// readings as at a checkpoint.
pub(super) fn look<S: WorkerHandle>(
    worker: &mut S,
    conclusion: &mut Conclusion,
    limit: Duration,
    read: impl FnOnce(&mut S, &Checkpoint) -> Readings,
) -> Result<(), Interruption> {
    let growing: Vec<Metric> = conclusion
        .metrics
        .iter()
        // What the allocator keeps of the footprint is another matter.
        .filter(|of| of.metric != Metric::Resident)
        .filter(|of| match of.verdict {
            Verdict::Growing => true,
            Verdict::Inconclusive => of.shape == Shape::Rising,
            _ => false,
        })
        .map(|of| of.metric)
        .collect();
    if growing.is_empty() {
        return Ok(());
    }
    let rested = drained(worker, limit)?;
    let readings = read(worker, &rested);
    for metric in growing {
        let Some((grown, left)) = change(conclusion, metric, &readings) else { continue };
        let Some(of) = conclusion.metrics.iter_mut().find(|of| of.metric == metric) else {
            continue;
        };
        if let Some(queued) = all_gone(of, left, grown) {
            of.sensitivity = Some(beside(of.sensitivity, queued, conclusion.iterations));
            conclusion.revise(metric, Verdict::Steady, None);
        } else if of.verdict == Verdict::Growing && (left as f64) < grown as f64 * (1.0 - GONE) {
            // It may be below where it began: threads were behind then, too.
            let advice = Advice::FellBehind { metric, grown, left: left.max(0) };
            conclusion.revise(metric, Verdict::Inconclusive, Some(advice));
        }
    }
    Ok(())
}

/// What the other threads had yet to release, if nothing is left of all iterations: the metric is no
/// higher than before them and than it ever was in the first window.
fn all_gone(of: &MetricReport, left: i64, grown: i64) -> Option<i64> {
    let last = of.windows.last()?.last()?;
    let least = of.windows.first()?.iter().min()?;
    let queued = grown.saturating_sub(left);
    (queued > 0 && left <= 0 && last.saturating_sub(queued) <= *least).then_some(queued)
}

/// The smallest leak that would have been seen beside a queue. It held as much as `queued` at the end,
/// and no more when the first readings were made: a leak of more than that would have been left.
fn beside(before: Option<Sensitivity>, queued: i64, iterations: u64) -> Sensitivity {
    let amount = queued as f64 / iterations.max(1) as f64;
    match before {
        Some(before) if before.per_iteration() >= amount => before,
        _ => Sensitivity::PerIteration { amount },
    }
}

/// By how much a metric had grown at the last checkpoint, and by how much it has now.
fn change(conclusion: &Conclusion, metric: Metric, now: &Readings) -> Option<(i64, i64)> {
    let of = conclusion.metrics.iter().find(|of| of.metric == metric)?;
    let last = of.windows.last()?.last()?;
    Some((of.growth, of.growth.saturating_sub(last.saturating_sub(now.get(metric)?))))
}
