//! From the shapes of the metrics to the verdict on the run.

use super::advice::Advice;
use super::conclusion::Conclusion;
use super::judged_run::{FOUR_WINDOWS, JudgedRun};
use super::rarity::{is_of_rare_blocks, is_rare};
use super::series::{Series, deepest_fall};
use super::shape::{ShapeAnalysis, WINDOWS};
use super::verdict::{MetricReport, Sensitivity, Shape, Verdict};
use crate::metric::Metric;
use std::collections::BTreeSet;

impl JudgedRun {
    /// What the run has shown so far. May be asked at any time, also when the worker has died.
    pub fn conclude(&self) -> Conclusion {
        let mut advice = Vec::new();
        let mut metrics: Vec<MetricReport> = Vec::new();
        for metric in Metric::ALL {
            let Some(series) = self.series(metric) else { continue };
            metrics.push(self.report(metric, &series, &mut advice));
        }
        self.permit_blocks(&mut metrics);
        advice.retain(|advice| match advice {
            Advice::MayStillFill { metric, .. } => metrics
                .iter()
                .any(|report| report.metric == *metric && report.verdict == Verdict::Growing),
            _ => true,
        });
        let mut verdict = metrics.iter().map(|report| report.verdict).max();
        let limited = self.rules.limits.iter().map(|(metric, _)| metric);
        let wanted: BTreeSet<Metric> =
            limited.chain(self.rules.must_read.iter().copied()).collect();
        for metric in wanted {
            let read = |metric| metrics.iter().any(|report| report.metric == metric);
            // The limit on the heap is one on the C heap too. Where blocks of Rust are seen in neither,
            // the report says so.
            let elsewhere = metric == Metric::HeapBytes && read(Metric::NativeBytes);
            if !read(metric) && !elsewhere {
                advice.push(Advice::Unreadable { metric });
                verdict = verdict.map(|verdict| verdict.max(Verdict::Inconclusive));
            }
        }
        if self.windows() < WINDOWS && verdict.is_some() {
            advice.insert(0, self.more());
        }
        Conclusion {
            verdict,
            iterations: self.iterations(),
            checkpoints: self.checkpoints(),
            metrics,
            advice,
            stopped: self.stopped,
        }
    }

    /// Whether the metric would be called growing if the run ended here.
    pub(super) fn is_growing(&self, metric: Metric) -> bool {
        let growing = |series| self.report(metric, &series, &mut Vec::new()).verdict;
        self.series(metric).map(growing) == Some(Verdict::Growing)
    }

    fn report(&self, metric: Metric, series: &Series, advice: &mut Vec<Advice>) -> MetricReport {
        let form = ShapeAnalysis::of(metric, series);
        let limits = &self.rules.limits;
        let iterations = self.iterations();
        let tolerance = self.tolerance(metric);
        let growth = series.growth();
        let blind = self.rules.blind;
        let over =
            limits.absolute(metric).is_some_and(|limit| i128::from(growth) > i128::from(limit));
        let projected = |rate: f64| rate * iterations as f64;
        let mut verdict = match form.shape {
            Shape::Growing if blind => Verdict::Steady,
            Shape::Growing if over || projected(form.rate) > tolerance => Verdict::Growing,
            Shape::Rising
                if projected(form.late_rate) > tolerance && !self.rare(metric, series) =>
            {
                Verdict::Inconclusive
            }
            Shape::TooShort => Verdict::Inconclusive,
            Shape::Growing | Shape::Rising | Shape::Steady => Verdict::Steady,
        };
        if over {
            verdict = verdict.max(Verdict::OverLimit);
        }
        match (form.shape, verdict) {
            (Shape::Growing, Verdict::Growing) => {
                advice.push(Advice::MayStillFill { metric, iterations });
            }
            (Shape::Rising, Verdict::Inconclusive) => advice.push(self.longer(metric, &form)),
            _ => {}
        }
        if !self.complete(metric) {
            advice.push(Advice::Unreadable { metric });
            verdict = verdict.max(Verdict::Inconclusive);
        }
        let sensitivity = Sensitivity::of(series, tolerance);
        let limit = limits.rate(metric).or(limits.absolute(metric));
        advice.extend(match (limits.rate(metric), limits.absolute(metric)) {
            (Some(rate), _) => sensitivity.and_then(|seen| {
                rate_below_sensitivity(metric, rate, seen.per_iteration(), iterations)
            }),
            (None, Some(absolute)) => absolute_below_noise(metric, absolute, series, iterations),
            (None, None) => None,
        });
        MetricReport {
            metric,
            verdict,
            shape: form.shape,
            growth,
            rate: form.rate,
            limit,
            sensitivity,
            windows: series
                .windows
                .iter()
                .map(|window| window.points().iter().map(|point| point.value).collect())
                .collect(),
        }
    }

    /// Whether the late rises of a metric are too rare to be called anything, by themselves or by the
    /// blocks that they come with.
    fn rare(&self, metric: Metric, series: &Series) -> bool {
        let blocks = match metric {
            Metric::HeapBytes => self.series(Metric::HeapBlocks),
            Metric::NativeBytes => self.series(Metric::NativeBlocks),
            _ => None,
        };
        is_rare(metric, series) || blocks.is_some_and(|blocks| is_of_rare_blocks(series, &blocks))
    }

    /// Blocks that grow within a `heap` limit that the user set are what the user let through.
    fn permit_blocks(&self, metrics: &mut [MetricReport]) {
        if self.rules.limits.get(Metric::HeapBytes).unwrap_or(0) == 0 {
            return;
        }
        for (bytes, blocks) in
            [(Metric::HeapBytes, Metric::HeapBlocks), (Metric::NativeBytes, Metric::NativeBlocks)]
        {
            let permitted = metrics
                .iter()
                .any(|report| report.metric == bytes && report.verdict == Verdict::Steady);
            for report in metrics.iter_mut() {
                if permitted && report.metric == blocks && report.shape != Shape::TooShort {
                    report.verdict = Verdict::Steady;
                }
            }
        }
    }

    fn longer(&self, metric: Metric, form: &ShapeAnalysis) -> Advice {
        // Twice as many iterations need two more windows: four times the time, a round sum.
        let time = (self.rules.time.max(self.elapsed())).saturating_mul(4);
        if form.rate > form.late_rate {
            Advice::StillFilling { metric, warmup: self.iterations().saturating_mul(2), time }
        } else {
            Advice::RoseLate { metric, time }
        }
    }

    /// What reaches four windows.
    fn more(&self) -> Advice {
        if self.rules.iterations.is_some() {
            return Advice::MoreIterations { iterations: FOUR_WINDOWS };
        }
        // And the checkpoints between them. All that was spent did not suffice.
        let time = self.expected(FOUR_WINDOWS + 1);
        Advice::LongerTime { time: time.max(self.rules.time).max(self.elapsed()) }
    }
}

/// A sensitivity that is no more than this much above a limit is as good as the limit: a leak just at
/// it is seen half of the time only, and the margin for that is in the sensitivity.
const RATE_MARGIN: f64 = 1.5;

/// A limit on a rate that the run could not have held anything to.
fn rate_below_sensitivity(
    metric: Metric,
    limit: u64,
    sensitivity: f64,
    iterations: u64,
) -> Option<Advice> {
    let asked = limit as f64;
    (asked > 0.0 && sensitivity > asked * RATE_MARGIN)
        .then(|| limit_below(metric, limit, sensitivity, asked, iterations))
}

/// A limit on the growth over the whole run that is smaller than the noise: whether the last reading
/// is above it is a matter of chance. (Without such noise an absolute limit is exact, because growth
/// above it is over it in any shape.)
///
/// What the run could have seen is then the leak that stands out of the noise, and what was asked
/// is the limit, spread over the run.
fn absolute_below_noise(
    metric: Metric,
    limit: u64,
    series: &Series,
    iterations: u64,
) -> Option<Advice> {
    if deepest_fall(&series.windows) <= limit as f64 {
        return None;
    }
    let seen = Sensitivity::of(series, 0.0)?.per_iteration();
    let asked = limit.max(1) as f64 / iterations.max(1) as f64;
    (seen > asked).then(|| limit_below(metric, limit, seen, asked, iterations))
}

fn limit_below(
    metric: Metric,
    limit: u64,
    sensitivity: f64,
    asked: f64,
    iterations: u64,
) -> Advice {
    // The sensitivity falls as the windows get longer: so many times as many iterations.
    let enough = (iterations as f64 * sensitivity / asked).min(u64::MAX as f64) as u64;
    Advice::LimitBelowSensitivity { metric, limit, sensitivity, iterations: enough }
}
