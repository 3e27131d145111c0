//! A leak comes again: before a test is called growing for what rose only a few times, the same
//! number of iterations runs again. A pool that two threads met in, a table of the C library or a
//! cache that filled late rose by chance in each of the judged steps; it does not go on.

use std::time::Duration;

use super::settle::drained;
use super::worker_handle::{Interruption, WorkerHandle};
use crate::detect::{Advice, Conclusion, MetricReport, Readings, Sensitivity, Shape, Verdict};
use crate::metric::Metric;
use crate::protocol::message::Checkpoint;

/// Rises of a whole run up to which they may be a matter of chance.
const FEW: usize = 16;
/// A metric that rises in every so many iterations or more often does so in few iterations.
const OFTEN: u64 = 4;
/// Rises after which it is no chance that as many iterations again had none: also the events that a
/// leak must have had in them to be seen in nearly every run.
const RISES: usize = 4;
/// What must come again of the growth of a leak, as a part of it. A container that doubles comes again
/// with half of its growth or more.
const LEAK: i64 = 4;
/// What may come again of growth that is over, as a part of it.
const OVER: i64 = 16;

/// Parts in which the iterations run again, so that a body that became slow is not run past its
/// timeout.
pub(super) const PARTS: u64 = 8;
/// Longest wait for threads that still release memory.
const REST: Duration = Duration::from_secs(1);

/// Looks again at metrics that rose a few times, if the verdict hangs on them. `spent` is the time of
/// the judged part, `timeout` what the whole check may take; without time for as much again nothing
/// is tried. `read` makes the readings as at a checkpoint.
pub(super) fn look<S: WorkerHandle>(
    worker: &mut S,
    conclusion: &mut Conclusion,
    spent: Duration,
    timeout: Duration,
    read: impl Fn(&mut S, &Checkpoint) -> Readings,
) -> Result<(), Interruption> {
    let doubtful = doubtful(conclusion);
    if doubtful.is_empty() || worker.elapsed() + spent.mul_f64(1.5) > timeout {
        return Ok(());
    }
    let rested = drained(worker, REST)?;
    let before = read(worker, &rested);
    // As many as were ever run, so that a container that doubles does so once more.
    if !run_again(worker, rested.iterations, spent, timeout)? {
        return Ok(());
    }
    let rested = drained(worker, REST)?;
    let after = read(worker, &rested);
    for metric in doubtful {
        if let Some((before, after)) = before.get(metric).zip(after.get(metric)) {
            apply(conclusion, metric, after.saturating_sub(before), spent);
        }
    }
    Ok(())
}

/// Runs so many iterations, which are expected to take about as long as `spent`; `false` when they
/// would take longer than there is time.
pub(super) fn run_again(
    worker: &mut impl WorkerHandle,
    iterations: u64,
    spent: Duration,
    timeout: Duration,
) -> Result<bool, Interruption> {
    for part in 0..PARTS {
        let batch = iterations * (part + 1) / PARTS - iterations * part / PARTS;
        if batch == 0 {
            continue;
        }
        worker.run(batch)?;
        if worker.elapsed() + spent / PARTS as u32 > timeout {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The metrics that may turn out not to grow, if the verdict hangs on such metrics alone. What the
/// allocator keeps of the footprint is another matter.
fn doubtful(conclusion: &Conclusion) -> Vec<Metric> {
    let few = |of: &&MetricReport| {
        let rises = of.rises(1);
        let rare = rises <= FEW && rises as u64 * OFTEN < conclusion.iterations;
        rare && match of.verdict {
            Verdict::Growing => true,
            // It can only come out of this as steady.
            Verdict::Inconclusive => of.shape == Shape::Rising && rises >= RISES,
            _ => false,
        }
    };
    let others = || conclusion.metrics.iter().filter(|of| of.metric != Metric::Resident);
    let mut gravest = others().filter(|of| Some(of.verdict) == conclusion.verdict).peekable();
    if gravest.peek().is_none() || !gravest.all(|of| few(&of)) {
        return Vec::new();
    }
    others().filter(few).map(|of| of.metric).collect()
}

/// Draws the conclusion from what came again.
fn apply(conclusion: &mut Conclusion, metric: Metric, again: i64, spent: Duration) {
    let iterations = conclusion.iterations;
    let Some(of) = conclusion.metrics.iter_mut().find(|of| of.metric == metric) else { return };
    if of.rises(1) >= RISES && again.saturating_mul(OVER) <= of.growth {
        of.sensitivity = Some(sensitivity(of, iterations));
        let over = of.limit.is_some_and(|limit| {
            !metric.is_limited_by_rate() && i128::from(of.growth) > i128::from(limit)
        });
        let verdict = if over { Verdict::OverLimit } else { Verdict::Steady };
        conclusion.revise(metric, verdict, None);
    } else if of.verdict == Verdict::Growing && again.saturating_mul(LEAK) < of.growth {
        let (warmup, time) = (iterations.saturating_mul(2), spent.saturating_mul(4));
        let advice = Advice::StillFilling { metric, warmup, time };
        conclusion.revise(metric, Verdict::Inconclusive, Some(advice));
    }
}

/// The smallest leak that would have come again: [`RISES`] events like those that were seen.
fn sensitivity(of: &MetricReport, iterations: u64) -> Sensitivity {
    let event = of.growth as f64 / of.rises(1).max(1) as f64;
    let amount = RISES as f64 * event / iterations.max(1) as f64;
    match of.sensitivity {
        Some(before) if before.per_iteration() >= amount => before,
        _ => Sensitivity::PerIteration { amount },
    }
}

#[cfg(test)]
mod tests;
