//! Recheck of a footprint that grows without the heap: memory that the allocator keeps, or a leak? The
//! allocators are asked to return memory and the same number of iterations runs once more.

use std::time::Duration;

use super::recheck::{JudgedPart, Judgement, Recheck};
use super::repeat::{PARTS, repeat};
use crate::detect::{Conclusion, MetricReport, Sensitivity, Shape, Verdict};
use crate::metric::Metric;
use crate::observer::worker_handle::capabilities::{Iterate, KernelView, Settle};
use crate::observer::worker_handle::interruption::Interruption;
use crate::observer::worker_handle::settle::wait_until_idle;
use crate::protocol::message::Checkpoint;
use crate::report::{Retention, RetentionFinding, SecondRun, bound};

/// Longest wait for threads that still release memory before the footprint is read. It is
/// `WITHOUT_RELEASE` of `settle`: a thread that has released nothing for so long is not waited for anyway.
const IDLE_WAIT: Duration = Duration::from_secs(1);

/// The rises that the growth must have come in to be called ended when it does not come again: a leak
/// with four events on average has none in as many iterations with a probability of 1.8 % (e^-4,
/// Poisson). [`recurrence`](super::recurrence) requires the same.
const RISES: usize = 4;
/// The smallest such rise, as a part of the growth. Four rises of an even growth are a quarter each; an
/// eighth of that leaves out pages that come and go (up to four pages in the runs of the tests).
const LEAST_RISE: i64 = 32;
/// Growth has ended if it comes again by at most this part, as in [`recurrence`](super::recurrence).
const ENDED: i64 = 16;

/// Asks the allocators to return memory and runs the iterations once more, if only the footprint grows.
#[derive(Debug)]
pub(in crate::observer) struct AllocatorRetention;

impl<W: Iterate + Settle> Recheck<W> for AllocatorRetention {
    fn applies(&self, conclusion: &Conclusion) -> bool {
        only_footprint_grows(conclusion).is_some()
    }

    fn recheck(
        &self,
        worker: &mut W,
        judgement: &mut Judgement<'_>,
        judged: &JudgedPart<'_>,
    ) -> Result<(), Interruption> {
        *judgement.retention = compare(worker, judgement.conclusion, judged)?;
        revise(judgement.conclusion, judgement.retention.as_ref());
        Ok(())
    }
}

/// Compares footprint and heap before and after the repeated iterations. `None` if there is no time for
/// them, or if the two cannot be compared.
fn compare(
    worker: &mut (impl Iterate + Settle),
    conclusion: &Conclusion,
    judged: &JudgedPart<'_>,
) -> Result<Option<Retention>, Interruption> {
    let Some(resident) = only_footprint_grows(conclusion) else { return Ok(None) };
    let JudgedPart { spent, timeout, .. } = *judged;
    let iterations = conclusion.iterations;
    if !judged.can_be_repeated(worker) {
        return Ok(None);
    }
    let Some(grown) = footprint(worker) else { return Ok(None) };
    let Some(before) = trimmed(worker)? else { return Ok(None) };
    if !repeat(worker, iterations, spent, timeout)? {
        return Ok(None);
    }
    // The heap must be about as large as before: a few more iterations, until it is.
    let (mut done, part) = (iterations, (iterations / PARTS).max(1));
    for _ in 0..PARTS {
        let now = heap(&wait_until_idle(worker, IDLE_WAIT)?);
        if now.abs_diff(before.heap) <= bound(resident.growth).unsigned_abs() {
            break;
        }
        if !repeat(worker, part, spent / PARTS as u32, timeout)? {
            return Ok(None);
        }
        done += part;
    }
    let Some(after) = trimmed(worker)? else { return Ok(None) };
    let again = SecondRun {
        iterations: done,
        footprint: after.footprint - before.footprint,
        heap: after.heap - before.heap,
    };
    Ok(Retention::new(resident.growth, grown - before.footprint, again))
}

/// The report on the footprint, if no other metric grows: the footprint grows, or its rise alone makes
/// the run inconclusive.
fn only_footprint_grows(conclusion: &Conclusion) -> Option<&MetricReport> {
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
struct Live {
    footprint: i64,
    heap: i64,
}

/// Footprint and heap after the other threads became idle and the allocators returned memory.
fn trimmed(worker: &mut impl Settle) -> Result<Option<Live>, Interruption> {
    let idle = wait_until_idle(worker, IDLE_WAIT)?;
    worker.trim()?;
    let heap = heap(&idle);
    Ok(footprint(worker).map(|footprint| Live { footprint, heap }))
}

fn heap(checkpoint: &Checkpoint) -> i64 {
    checkpoint.rust.live_bytes.saturating_add(checkpoint.native.live_bytes)
}

fn footprint(worker: &mut impl KernelView) -> Option<i64> {
    let live = worker.sample().footprint?.live();
    i64::try_from(live).ok()
}

/// Takes retained memory out of the verdict. A limit that the user set is absolute: retained memory
/// counts for it.
fn revise(conclusion: &mut Conclusion, retention: Option<&Retention>) {
    let Some(retention) = retention.filter(|of| of.finding == RetentionFinding::Retained) else {
        return;
    };
    let Some(of) = conclusion.metrics.iter_mut().find(|of| of.metric == Metric::Resident) else {
        return;
    };
    // A rise that was not found to continue may be too rare to come again so soon. So it must have been
    // returned, except for the tolerance over as many iterations, or it must have ended.
    let stays = retention.growth - retention.given_back;
    let may_stay = retention.bound().max(
        i64::try_from(of.limit.unwrap_or(Metric::Resident.row().allowance)).unwrap_or(i64::MAX),
    );
    if of.verdict == Verdict::Inconclusive && stays > may_stay && !has_ended(of, retention) {
        return;
    }
    of.sensitivity = Some(sensitivity(of.sensitivity, retention));
    // The verdict rests on the repeated iterations.
    of.rate = retention.again as f64 / retention.iterations.max(1) as f64;
    let over = of.limit.is_some_and(|limit| i128::from(of.growth) > i128::from(limit));
    let verdict = if over { Verdict::OverLimit } else { Verdict::Steady };
    conclusion.revise(Metric::Resident, verdict, None);
}

/// Whether a rise has ended: it came in several steps, and next to nothing came again.
fn has_ended(of: &MetricReport, retention: &Retention) -> bool {
    of.rises(retention.growth / LEAST_RISE) >= RISES && retention.again <= retention.growth / ENDED
}

/// The smallest leak that would not have counted as retained memory: one that adds twice the bound in
/// the repeated iterations.
fn sensitivity(before: Option<Sensitivity>, retention: &Retention) -> Sensitivity {
    let amount = 2.0 * retention.bound() as f64 / retention.iterations.max(1) as f64;
    match before {
        Some(before) if before.per_iteration() >= amount => before,
        _ => Sensitivity::PerIteration { amount },
    }
}

#[cfg(test)]
mod tests;
