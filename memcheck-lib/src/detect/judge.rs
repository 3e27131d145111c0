//! From the shapes of the metrics to the verdict on the run.

use super::advice::Advice;
use super::conclusion::{Conclusion, Stop};
use super::rare_rises::{comes_with_rare_blocks, is_rare};
use super::recorded_run::RecordedRun;
use super::schedule::FOUR_WINDOWS;
use super::sensitivity::TOLERANCE_MARGIN;
use super::series::{Series, WINDOWS, deepest_fall, difference};
use super::shape::ShapeAnalysis;
use super::statement::{LateRises, exceeds_statement, hides_growth, rises_in_every_iteration};
use super::step_pattern::doubles;
use super::verdict::{MetricReport, Sensitivity, Shape, Verdict};
use crate::metric::{Evidence, Heap, Limit, Metric};
use std::collections::BTreeSet;

impl RecordedRun {
    /// What the run has shown so far.
    pub(super) fn conclude(&self, stopped: Option<Stop>) -> Conclusion {
        let mut advice = Vec::new();
        let mut metrics: Vec<MetricReport> = Vec::new();
        for metric in Metric::ALL {
            let Some(series) = self.series(metric) else { continue };
            metrics.push(self.report(metric, &series, stopped, &mut advice));
        }
        self.allow_blocks(&mut metrics);
        self.allow_peaks(&mut metrics, &mut advice);
        advice.retain(|advice| match advice {
            Advice::MayStillFill { metric, .. } => metrics
                .iter()
                .any(|report| report.metric == *metric && report.verdict == Verdict::Growing),
            _ => true,
        });
        let mut verdict = metrics.iter().map(|report| report.verdict).max();
        let limited = self.settings.limits.iter().map(|(metric, _)| metric);
        let wanted: BTreeSet<Metric> =
            limited.chain(self.settings.must_read.iter().copied()).collect();
        for metric in wanted {
            let read = |metric| metrics.iter().any(|report| report.metric == metric);
            // The limit on the heap holds for the C heap too. If neither counts the blocks of Rust,
            // the report says so.
            let elsewhere = Metric::ALL
                .into_iter()
                .any(|other| other.row().limit == Limit::PerIteration(metric) && read(other));
            if !read(metric) && !elsewhere {
                advice.push(Advice::Unreadable { metric });
                verdict = verdict.map(|verdict| verdict.max(Verdict::Inconclusive));
            }
        }
        if stopped == Some(Stop::BusyMachine) && verdict >= Some(Verdict::Inconclusive) {
            let spent = self.spent();
            let waited =
                spent.run_queue_delay.as_secs_f64() / spent.elapsed.as_secs_f64().max(1e-9);
            advice.insert(0, Advice::BusyMachine { waited: waited.min(1.0) });
        } else if self.windows.len() < WINDOWS
            && verdict.is_some_and(|verdict| verdict != Verdict::Growing)
        {
            advice.insert(0, self.advice_for_four_windows());
        }
        Conclusion {
            verdict,
            iterations: self.iterations(),
            checkpoints: self.checkpoints(),
            metrics,
            advice,
            stopped,
        }
    }

    /// Whether the metric would be called growing if the run ended here.
    pub(super) fn is_growing(&self, metric: Metric) -> bool {
        let growing = |series| self.report(metric, &series, None, &mut Vec::new()).verdict;
        self.series(metric).map(growing) == Some(Verdict::Growing)
    }

    fn report(
        &self,
        metric: Metric,
        series: &Series,
        stopped: Option<Stop>,
        advice: &mut Vec<Advice>,
    ) -> MetricReport {
        let analysis = ShapeAnalysis::of(metric, series);
        let limits = &self.settings.limits;
        let iterations = self.iterations();
        let tolerance = self.tolerance(metric);
        let growth = series.growth();
        let blind = self.settings.blind;
        let over =
            limits.absolute(metric).is_some_and(|limit| i128::from(growth) > i128::from(limit));
        let projected = |rate: f64| rate * iterations as f64;
        let mut sensitivity = Sensitivity::of(series, tolerance);
        let hides_growth = analysis.shape == Shape::Steady
            && metric == Metric::HeapBytes
            && self.allocated_per_iteration().is_some_and(|bytes| {
                // Growth below the limit of the user may stay hidden.
                hides_growth(series, bytes.max(tolerance / iterations.max(1) as f64))
            });
        let exact =
            stopped == Some(Stop::Budget) && is_exact(metric) && rises_in_every_iteration(series);
        let exceeds = exceeds_statement(metric, &analysis, series, sensitivity);
        let shape = match analysis.shape {
            Shape::Steady if hides_growth || exceeds => Shape::Rising,
            // A slow body has used all of its time, and each of its iterations leaks the same.
            Shape::TooShort if exact => Shape::Growing,
            shape => shape,
        };
        let rises = exceeds || projected(analysis.late_rate) > tolerance;
        let mut verdict = match shape {
            Shape::Growing if blind => Verdict::Steady,
            Shape::Growing if over || projected(analysis.rate) > tolerance => Verdict::Growing,
            Shape::Rising if hides_growth => Verdict::Inconclusive,
            Shape::Rising if rises && (exceeds || !self.is_rare(metric, series)) => {
                Verdict::Inconclusive
            }
            Shape::TooShort => Verdict::Inconclusive,
            Shape::Growing | Shape::Rising | Shape::Steady => Verdict::Steady,
        };
        if verdict == Verdict::Steady && shape == Shape::Rising && rises {
            // Rare events pass. The statement is about events of their size.
            let event = LateRises::of(series).largest;
            sensitivity = sensitivity.map(|seen| seen.of_events(event));
        }
        if stopped == Some(Stop::BusyMachine) && verdict == Verdict::Growing {
            verdict = Verdict::Inconclusive;
        }
        if over {
            verdict = verdict.max(Verdict::OverLimit);
        }
        match (shape, verdict) {
            (Shape::Growing, Verdict::Growing) => {
                advice.push(Advice::MayStillFill { metric, iterations });
            }
            (Shape::Rising, Verdict::Inconclusive) => {
                advice.push(self.advice_on_rise(metric, series, &analysis, hides_growth));
            }
            _ => {}
        }
        if !self.is_complete(metric) {
            advice.push(Advice::Unreadable { metric });
            verdict = verdict.max(Verdict::Inconclusive);
        }
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
            shape,
            growth,
            rate: analysis.rate,
            limit,
            sensitivity,
            windows: series
                .windows
                .iter()
                .map(|window| window.points().iter().map(|point| point.value).collect())
                .collect(),
        }
    }

    /// Whether the late rises of a metric are too rare for a verdict, by themselves or by the blocks
    /// that they come with.
    fn is_rare(&self, metric: Metric, series: &Series) -> bool {
        let blocks = match metric.row().heap {
            Heap::Bytes { blocks } => self.series(blocks),
            Heap::Blocks { .. } | Heap::Contained | Heap::None => None,
        };
        is_rare(metric, series)
            || blocks.is_some_and(|blocks| comes_with_rare_blocks(series, &blocks))
    }

    /// The user who sets a `heap` limit allows the blocks that grow within it, too.
    fn allow_blocks(&self, metrics: &mut [MetricReport]) {
        if self.settings.limits.get(Metric::HeapBytes).unwrap_or(0) == 0 {
            return;
        }
        for (bytes, blocks) in Metric::heaps() {
            let allowed = metrics
                .iter()
                .any(|report| report.metric == bytes && report.verdict == Verdict::Steady);
            for report in metrics.iter_mut() {
                if allowed && report.metric == blocks && report.shape != Shape::TooShort {
                    report.verdict = Verdict::Steady;
                }
            }
        }
    }

    /// A footprint that grew no more than the highest heap did adds no evidence: the verdict on it is
    /// that on the heap. So a leak of pages has to exceed those peaks, which the statement includes.
    fn allow_peaks(&self, metrics: &mut [MetricReport], advice: &mut Vec<Advice>) {
        let heap_grows = |of: &MetricReport| {
            let heap = matches!(of.metric.row().heap, Heap::Bytes { .. } | Heap::Blocks { .. });
            heap && of.verdict == Verdict::Growing
        };
        if metrics.iter().any(heap_grows) {
            return;
        }
        let complete = self.is_complete(Metric::Resident);
        let limit = self.settings.limits.absolute(Metric::Resident);
        let tolerance = self.tolerance(Metric::Resident);
        let Some(of) = metrics.iter_mut().find(|of| of.metric == Metric::Resident) else { return };
        let Some(peaks) = self.late_peaks().filter(|of| of.heap > 0.0) else { return };
        let hidden = TOLERANCE_MARGIN * (peaks.heap + tolerance) / peaks.iterations;
        of.sensitivity = of.sensitivity.map(|seen| seen.at_least(hidden));
        let rises = of.verdict == Verdict::Growing
            || of.verdict == Verdict::Inconclusive && of.shape == Shape::Rising;
        if complete && rises && peaks.footprint <= peaks.heap + tolerance {
            let over = limit.is_some_and(|limit| i128::from(of.growth) > i128::from(limit));
            of.verdict = if over { Verdict::OverLimit } else { Verdict::Steady };
            of.rate = 0.0;
            advice.retain(|advice| !advice.is_of_rise(Metric::Resident));
        }
    }

    /// How the highest heap and the footprint grew over the last three windows; `None` unless both heaps
    /// were read whenever the footprint was.
    fn late_peaks(&self) -> Option<LatePeaks> {
        let resident = self.series(Metric::Resident)?;
        let rust = self.series(Metric::HeapBytes)?.points();
        let native = self.series(Metric::NativeBytes)?.points();
        let from = resident.late(WINDOWS).first()?.last();
        let end = resident.end()?;
        if rust.len() != native.len() {
            return None;
        }
        let highest = |until: u64| {
            let live = rust.iter().zip(&native).filter(|(rust, _)| rust.at <= until);
            live.map(|(rust, native)| rust.value.saturating_add(native.value)).max()
        };
        Some(LatePeaks {
            heap: difference(highest(end.at)?, highest(from.at)?),
            footprint: difference(end.value, from.value),
            iterations: end.at.saturating_sub(from.at).max(1) as f64,
        })
    }

    fn advice_on_rise(
        &self,
        metric: Metric,
        series: &Series,
        analysis: &ShapeAnalysis,
        hides_growth: bool,
    ) -> Advice {
        // Twice as many iterations take two more windows, which is four times the time.
        let time = (self.settings.time.max(self.spent().without_delay())).saturating_mul(4);
        if hides_growth {
            let noise = deepest_fall(&series.windows);
            Advice::HiddenByNoise { metric, noise: noise as i64, time }
        } else if analysis.rate > analysis.late_rate && !doubles(series) {
            Advice::StillFilling { metric, warmup: self.iterations().saturating_mul(2), time }
        } else {
            Advice::RoseLate { metric, time }
        }
    }

    /// What to set to get four windows.
    fn advice_for_four_windows(&self) -> Advice {
        if self.settings.iterations.is_some() {
            return Advice::MoreIterations { iterations: FOUR_WINDOWS };
        }
        // With one iteration to spare for the checkpoints, and more than the time that was not enough.
        let time = self.expected(FOUR_WINDOWS + 1);
        Advice::LongerTime { time: time.max(self.settings.time).max(self.spent().elapsed) }
    }
}

/// Growth over the last three windows.
struct LatePeaks {
    /// Of the highest live heap so far, in bytes.
    heap: f64,
    /// Of the footprint, in bytes.
    footprint: f64,
    /// Iterations in them.
    iterations: f64,
}

/// Whether a metric is a count without noise of its own, so that a straight line cannot be chance.
fn is_exact(metric: Metric) -> bool {
    match metric.row().evidence {
        Evidence::RustHeap | Evidence::CHeap => true,
        Evidence::Kernel | Evidence::Runtime => false,
    }
}

/// A sensitivity up to this multiple of a limit is good enough for it. A leak exactly at the limit is
/// detected in half of the runs; the sensitivity includes the margin that makes it nearly all.
const RATE_MARGIN: f64 = 1.5;

/// A limit on a rate that is too small for this run to enforce.
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

/// A limit on the growth over the whole run that is smaller than the noise, so that chance decides
/// whether the last reading exceeds it. (Without noise an absolute limit is exact: growth above it is
/// over the limit in any shape.)
///
/// The advice compares the leak that exceeds the noise with the limit, spread over the run.
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
    // The sensitivity is inversely proportional to the length of the windows.
    let enough = (iterations as f64 * sensitivity / asked).min(u64::MAX as f64) as u64;
    Advice::LimitBelowSensitivity { metric, limit, sensitivity, iterations: enough }
}
