//! Recheck of metrics that rose only a few times. A pool that two threads met in, a table of the C
//! library or a cache that filled late may rise by chance in each of the judged steps. A leak rises again
//! when the same number of iterations runs once more.

use std::time::Duration;

use super::recheck::{JudgedPart, Judgement, Recheck};
use super::repeat::repeat;
use crate::detect::{Advice, Conclusion, MetricReport, Sensitivity, Shape, Verdict};
use crate::metric::Metric;
use crate::observer::worker_handle::capabilities::{Iterate, Settle};
use crate::observer::worker_handle::interruption::Interruption;
use crate::observer::worker_handle::settle::wait_until_idle;

/// Rises of a whole run up to which it is repeated. A leak that rose more often than 16 times would show
/// a quarter of that again with a probability above 0.999 (Poisson), so repeating it could not change
/// its verdict. Chance events are fewer: seven at most in a database on a busy machine (`BY_CHANCE` in
/// the tests).
const FEW: usize = 16;
/// A metric that rises in one of so many iterations or more often is not repeated. 16 rises in fewer than
/// 64 iterations are a slow body that leaks in most iterations.
const OFTEN: u64 = 4;
/// The rises that a metric must have had to be called steady when it does not rise again: a leak with
/// four events on average has none in as many iterations with a probability of 1.8 % (e^-4, Poisson).
/// The stated sensitivity of a run rests on the same number (`EVENTS` in `detect`).
const RISES: usize = 4;
/// A leak grows again by at least this part of its growth. A container that doubles grows again by half
/// of its growth or more; a quarter leaves a margin of two.
const LEAK: i64 = 4;
/// Growth has ended if it comes again by at most this part: one event of [`FEW`].
const ENDED: i64 = 16;

/// Longest wait for threads that still release memory. It is `WITHOUT_RELEASE` of `settle`: a thread
/// that has released nothing for so long is not waited for anyway.
const IDLE_WAIT: Duration = Duration::from_secs(1);

/// Runs the iterations once more for metrics that rose a few times, if the verdict rests on them.
#[derive(Debug)]
pub(in crate::observer) struct Recurrence;

impl<W: Iterate + Settle> Recheck<W> for Recurrence {
    fn applies(&self, conclusion: &Conclusion) -> bool {
        !doubtful(conclusion).is_empty()
    }

    fn recheck(
        &self,
        worker: &mut W,
        judgement: &mut Judgement<'_>,
        judged: &JudgedPart<'_>,
    ) -> Result<(), Interruption> {
        if !judged.can_be_repeated(worker) {
            return Ok(());
        }
        let idle = wait_until_idle(worker, IDLE_WAIT)?;
        let before = judged.read(worker, &idle);
        // As many iterations as ever ran, so that a container that doubles does so once more.
        if !repeat(worker, idle.iterations, judged.spent, judged.timeout)? {
            return Ok(());
        }
        let idle = wait_until_idle(worker, IDLE_WAIT)?;
        let after = judged.read(worker, &idle);
        for metric in doubtful(judgement.conclusion) {
            if let Some((before, after)) = before.get(metric).zip(after.get(metric)) {
                revise(judgement.conclusion, metric, after.saturating_sub(before), judged.spent);
            }
        }
        Ok(())
    }
}

/// The metrics that may turn out not to grow, if the verdict rests on such metrics alone. The footprint
/// is not among them: its recheck is that of allocator retention.
fn doubtful(conclusion: &Conclusion) -> Vec<Metric> {
    let few = |of: &&MetricReport| {
        let rises = of.rises(1);
        let rare = rises <= FEW && rises as u64 * OFTEN < conclusion.iterations;
        rare && match of.verdict {
            Verdict::Growing => true,
            // The recheck can only call it steady.
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

/// Revises the conclusion on a metric that grew by `again` when the iterations ran once more.
fn revise(conclusion: &mut Conclusion, metric: Metric, again: i64, spent: Duration) {
    let iterations = conclusion.iterations;
    let Some(of) = conclusion.metrics.iter_mut().find(|of| of.metric == metric) else { return };
    if of.rises(1) >= RISES && again.saturating_mul(ENDED) <= of.growth {
        of.sensitivity = Some(sensitivity(of, iterations));
        // The verdict rests on the repeated iterations.
        of.rate = again as f64 / iterations.max(1) as f64;
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

/// The smallest leak that would have risen again: [`RISES`] events like those of the judged part.
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
