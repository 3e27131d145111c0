//! Recheck of work that other threads have not done yet. On a busy machine a thread that drops values
//! late gets no time to do so between the iterations, and its queue looks like a leak. So before a test
//! with other threads is called growing, those threads may finish what its iterations passed to them.

use std::time::Duration;

use super::recheck::{JudgedPart, Judgement, Recheck};
use crate::detect::{Advice, Conclusion, MetricReport, Readings, Sensitivity, Shape, Verdict};
use crate::metric::Metric;
use crate::observer::worker_handle::capabilities::{Iterate, Settle};
use crate::observer::worker_handle::interruption::Interruption;
use crate::observer::worker_handle::settle::wait_until_idle;

/// The share of the growth that must go away by waiting for it to count as a backlog. Waiting releases
/// nothing that leaked, but every checkpoint of a body with threads has some blocks that are about to be
/// freed: with a quarter of the growth or less of those, a leak is still called growing.
const RELEASED: f64 = 0.25;

/// How long other threads are waited for at least. It equals the longest pause between two releases
/// (`WITHOUT_RELEASE` of `settle`), so that even a short run waits for one release.
const LEAST_WAIT: Duration = Duration::from_secs(1);

/// Waits for the worker's other threads, at most as long as the judged part took, if anything that they
/// could release grows or rises. What they release does not count: the metric is steady if nothing is
/// left, and else inconclusive, because the share of a leak in the growth is unknown.
#[derive(Debug)]
pub(in crate::observer) struct Backlog;

impl<W: Iterate + Settle> Recheck<W> for Backlog {
    fn applies(&self, conclusion: &Conclusion) -> bool {
        !growing(conclusion).is_empty()
    }

    fn recheck(
        &self,
        worker: &mut W,
        judgement: &mut Judgement<'_>,
        judged: &JudgedPart<'_>,
    ) -> Result<(), Interruption> {
        let left = judged.timeout.saturating_sub(worker.elapsed());
        let idle = wait_until_idle(worker, judged.spent.max(LEAST_WAIT).min(left / 2))?;
        let readings = judged.read(worker, &idle);
        revise(judgement.conclusion, &readings);
        Ok(())
    }
}

/// The metrics that other threads could lower. The footprint is not among them: its recheck is that of
/// allocator retention.
fn growing(conclusion: &Conclusion) -> Vec<Metric> {
    conclusion
        .metrics
        .iter()
        .filter(|of| of.metric != Metric::Resident)
        .filter(|of| match of.verdict {
            Verdict::Growing => true,
            Verdict::Inconclusive => of.shape == Shape::Rising,
            _ => false,
        })
        .map(|of| of.metric)
        .collect()
}

/// Revises the conclusion by the readings after the wait.
fn revise(conclusion: &mut Conclusion, readings: &Readings) {
    for metric in growing(conclusion) {
        let Some((grown, left)) = change(conclusion, metric, readings) else { continue };
        let Some(of) = conclusion.metrics.iter_mut().find(|of| of.metric == metric) else {
            continue;
        };
        if let Some(backlog) = whole_backlog(of, left, grown) {
            of.sensitivity = Some(sensitivity(of.sensitivity, backlog, conclusion.iterations));
            // The verdict rests on what is left.
            of.rate = left as f64 / conclusion.iterations.max(1) as f64;
            conclusion.revise(metric, Verdict::Steady, None);
        } else if of.verdict == Verdict::Growing && (left as f64) < grown as f64 * (1.0 - RELEASED)
        {
            // It may be below its start: there was a backlog at the first reading, too.
            let advice = Advice::FellBehind { metric, grown, left: left.max(0) };
            conclusion.revise(metric, Verdict::Inconclusive, Some(advice));
        }
    }
}

/// The size of the backlog, if it explains all of the growth: the metric is now no higher than before
/// the judged part and than its lowest reading in the first window.
fn whole_backlog(of: &MetricReport, left: i64, grown: i64) -> Option<i64> {
    let last = of.windows.last()?.last()?;
    let least = of.windows.first()?.iter().min()?;
    let backlog = grown.saturating_sub(left);
    (backlog > 0 && left <= 0 && last.saturating_sub(backlog) <= *least).then_some(backlog)
}

/// The smallest leak that would have been found next to the backlog. The backlog was largest at the end:
/// a leak of more than that would have been left.
fn sensitivity(before: Option<Sensitivity>, backlog: i64, iterations: u64) -> Sensitivity {
    let amount = backlog as f64 / iterations.max(1) as f64;
    match before {
        Some(before) if before.per_iteration() >= amount => before,
        _ => Sensitivity::PerIteration { amount },
    }
}

/// By how much a metric had grown at the last checkpoint, and by how much it has grown now.
fn change(conclusion: &Conclusion, metric: Metric, now: &Readings) -> Option<(i64, i64)> {
    let of = conclusion.metrics.iter().find(|of| of.metric == metric)?;
    let last = of.windows.last()?.last()?;
    Some((of.growth, of.growth.saturating_sub(last.saturating_sub(now.get(metric)?))))
}
