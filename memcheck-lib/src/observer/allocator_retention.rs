//! Retained or leaked: before a test is called growing or unsure for its footprint alone, its
//! allocators are asked to give memory back and the same number of iterations runs again.

use std::time::Duration;

use super::recurrence::{PARTS, run_again};
use super::settle::drained;
use super::worker_handle::{Interruption, WorkerHandle};
use crate::detect::{Conclusion, DEFAULT_RESIDENT, MetricReport, Sensitivity, Shape, Verdict};
use crate::metric::Metric;
use crate::protocol::message::Checkpoint;
use crate::report::{Again, Finding, Retention, Warning, bound};
use crate::units::{self, scaled};

/// Longest wait for threads that still release memory when the footprint is to be read.
const REST: Duration = Duration::from_secs(1);

/// Looks again at a run in which only the footprint rises. `spent` is the time of the judged part,
/// `timeout` what the whole check may take; without time for as much again nothing is tried.
pub(super) fn look(
    worker: &mut impl WorkerHandle,
    conclusion: &Conclusion,
    spent: Duration,
    timeout: Duration,
) -> Result<Option<Retention>, Interruption> {
    let Some(resident) = risen_alone(conclusion) else { return Ok(None) };
    let iterations = conclusion.iterations;
    if worker.elapsed() + spent.mul_f64(1.5) > timeout {
        return Ok(None);
    }
    let Some(grown) = footprint(worker) else { return Ok(None) };
    let Some(before) = trimmed(worker)? else { return Ok(None) };
    if !run_again(worker, iterations, spent, timeout)? {
        return Ok(None);
    }
    // Both ends must have about the same heap: a few parts more, until they do.
    let (mut done, part) = (iterations, (iterations / PARTS).max(1));
    for _ in 0..PARTS {
        let now = heap(&drained(worker, REST)?);
        if now.abs_diff(before.heap) <= bound(resident.growth).unsigned_abs() {
            break;
        }
        if !run_again(worker, part, spent / PARTS as u32, timeout)? {
            return Ok(None);
        }
        done += part;
    }
    let Some(after) = trimmed(worker)? else { return Ok(None) };
    let again = Again {
        iterations: done,
        footprint: after.footprint - before.footprint,
        heap: after.heap - before.heap,
    };
    Ok(Retention::new(resident.growth, grown - before.footprint, again))
}

/// The report on the footprint, if nothing else grows: it grows, or it is all that keeps the run
/// from a verdict.
fn risen_alone(conclusion: &Conclusion) -> Option<&MetricReport> {
    let resident = conclusion.metrics.iter().find(|of| of.metric == Metric::Resident)?;
    let rises = match resident.verdict {
        Verdict::Growing => true,
        Verdict::Inconclusive => {
            resident.shape == Shape::Rising && conclusion.verdict == Some(Verdict::Inconclusive)
        }
        _ => false,
    };
    let worst_of_others = conclusion
        .metrics
        .iter()
        .filter(|of| of.metric != Metric::Resident)
        .map(|of| of.verdict)
        .max();
    (rises && worst_of_others < Some(resident.verdict)).then_some(resident)
}

/// Live footprint and live heap, in bytes.
struct Held {
    footprint: i64,
    heap: i64,
}

/// What is held once the other threads rest and the allocators have given back what they can.
fn trimmed(worker: &mut impl WorkerHandle) -> Result<Option<Held>, Interruption> {
    let rested = drained(worker, REST)?;
    worker.trim()?;
    let heap = heap(&rested);
    Ok(footprint(worker).map(|footprint| Held { footprint, heap }))
}

fn heap(checkpoint: &Checkpoint) -> i64 {
    checkpoint.rust.live_bytes.saturating_add(checkpoint.native.live_bytes)
}

fn footprint(worker: &mut impl WorkerHandle) -> Option<i64> {
    let live = worker.sample().footprint?.live();
    i64::try_from(live).ok()
}

/// Takes retained memory out of the verdict. A limit that the user set is absolute: passed by
/// retained memory it is passed.
pub(super) fn apply(conclusion: &mut Conclusion, retention: Option<&Retention>) {
    let Some(retention) = retention.filter(|of| of.finding == Finding::Retained) else { return };
    let Some(of) = conclusion.metrics.iter_mut().find(|of| of.metric == Metric::Resident) else {
        return;
    };
    // A rise that was not found to go on need not come again so soon: it must have come back, all but
    // what is let through over as many iterations, or be over.
    let stays = retention.growth - retention.given_back;
    let may_stay = retention
        .bound()
        .max(i64::try_from(of.limit.unwrap_or(DEFAULT_RESIDENT)).unwrap_or(i64::MAX));
    if of.verdict == Verdict::Inconclusive && stays > may_stay && !is_over(of, retention) {
        return;
    }
    of.sensitivity = Some(sensitivity(of.sensitivity, retention));
    let over = of.limit.is_some_and(|limit| i128::from(of.growth) > i128::from(limit));
    let verdict = if over { Verdict::OverLimit } else { Verdict::Steady };
    conclusion.revise(Metric::Resident, verdict, None);
}

/// Rises after which it is no chance that as many iterations again had none.
const RISES: usize = 4;
/// The least of these, as a part of the growth: pages that come and go are not among them.
const RISE: i64 = 32;
/// What may come again of a rise that is over, as a part of the growth.
const AGAIN: i64 = 16;

/// Whether a rise has ended: it came in several steps, and next to nothing came again.
fn is_over(of: &MetricReport, retention: &Retention) -> bool {
    of.rises(retention.growth / RISE) >= RISES && retention.again <= retention.growth / AGAIN
}

/// The smallest leak that would not have been taken for retained memory: one that adds, in as many
/// iterations again, twice what may be added.
fn sensitivity(before: Option<Sensitivity>, retention: &Retention) -> Sensitivity {
    let amount = 2.0 * retention.bound() as f64 / retention.iterations.max(1) as f64;
    match before {
        Some(before) if before.per_iteration() >= amount => before,
        _ => Sensitivity::PerIteration { amount },
    }
}

/// What the reader of a test with retained memory must know.
pub(super) fn warning(retention: &Retention, verdict: Option<Verdict>) -> Option<Warning> {
    let Retention { iterations, growth, given_back, again, .. } = *retention;
    let is_so = retention.finding == Finding::Retained && verdict != Some(Verdict::Inconclusive);
    is_so.then(|| Warning {
        code: "retained".to_owned(),
        message: format!(
            "the footprint grew by {} beside the heap, but is retained by the allocator, not leaked: asked to give memory back it returned {}, and {} more added {}",
            scaled(growth as f64),
            scaled(given_back.max(0) as f64),
            units::iterations(iterations),
            scaled(again.max(0) as f64),
        ),
    })
}

#[cfg(test)]
pub(super) mod tests;
