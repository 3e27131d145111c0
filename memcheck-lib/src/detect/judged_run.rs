//! The course of one judged run: what to run next, and when to stop.

use std::time::Duration;

use super::conclusion::Stop;
use super::limits::Rules;
use super::readings::Readings;
use super::schedule::{WindowPlan, first_window, fixed_windows};
use super::series::{Point, Series, Window};
use super::shape::{ShapeAnalysis, WINDOWS};
use super::verdict::{Shape, Verdict};
use crate::metric::Metric;

/// Iterations after which a run that shows no growth has seen enough.
const ENOUGH_ITERATIONS: u64 = 2048;
/// CPU time after which it has, if it also did [`FEWEST_ITERATIONS`].
const ENOUGH_CPU: Duration = Duration::from_millis(100);
/// Times the budget that a run may take to get its four windows, or to see how what rises goes on.
const EXTENSION: u32 = 3;
/// With fewer iterations a leak in every hundredth could be missed by chance.
const FEWEST_ITERATIONS: u64 = 496;

/// Iterations of four doubling windows, the fewest.
pub(super) const FOUR_WINDOWS: u64 = (1 << WINDOWS) - 1;

/// What a window may take of what is `left`, so that it suffices for all that a judgement needs.
fn share(left: u64, windows: usize) -> u64 {
    left / WINDOWS.saturating_sub(windows).max(1) as u64
}

/// What the judged part has cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Wall time since the judged part began, checkpoints included.
    pub elapsed: Duration,
    /// CPU time the worker used in it.
    pub cpu: Duration,
    /// Part of the wall time in which the thread that iterates was ready to run and got no processor.
    pub waited: Duration,
}

impl Spent {
    /// Wall time without what a busy machine took.
    fn own(&self) -> Duration {
        self.elapsed.saturating_sub(self.waited)
    }
}

/// One window that was run.
#[derive(Clone, Debug)]
struct Run {
    plan: WindowPlan,
    readings: Vec<Readings>,
    spent: Spent,
}

/// The course of one judged run: schedule and judge together, without a clock.
#[derive(Clone, Debug)]
pub struct JudgedRun {
    pub(super) rules: Rules,
    cost: Duration,
    baseline: Readings,
    fixed: Option<Vec<u64>>,
    runs: Vec<Run>,
    pub(super) stopped: Option<Stop>,
    next: Option<WindowPlan>,
}

impl JudgedRun {
    /// A run that is about to be judged.
    ///
    /// `iteration_cost` is the wall time of one iteration as warm-up showed it; `baseline` was
    /// read right before the judged part.
    pub fn new(rules: Rules, iteration_cost: Duration, baseline: Readings) -> JudgedRun {
        let fixed = rules.iterations.map(fixed_windows);
        let first = match &fixed {
            Some(windows) => windows.first().copied().unwrap_or(1),
            None => {
                // It was seen to grow with the iterations, at one in two at least.
                let most = rules.scarce.map_or(u64::MAX, |scarce| share(scarce.bound, 0));
                first_window(rules.time, iteration_cost).min(most)
            }
        };
        JudgedRun {
            rules,
            cost: iteration_cost,
            baseline,
            fixed,
            runs: Vec::new(),
            stopped: None,
            next: Some(WindowPlan::of(first)),
        }
    }

    /// The window to run next; `None` when the run is over.
    pub fn next(&self) -> Option<WindowPlan> {
        self.next.clone()
    }

    /// Takes the readings of the planned window, one for each checkpoint.
    ///
    /// Fewer readings than planned say that the worker did not finish the window: what is there is
    /// judged and the run is over. Readings beyond the plan are not looked at.
    pub fn record(&mut self, mut readings: Vec<Readings>, spent: Spent) {
        let Some(mut plan) = self.next.take() else { return };
        readings.truncate(plan.batches.len());
        if readings.len() < plan.batches.len() {
            plan.batches.truncate(readings.len());
            self.stopped = Some(Stop::Interrupted);
        }
        if !readings.is_empty() {
            self.runs.push(Run { plan, readings, spent });
        }
        if self.stopped.is_none() {
            match self.decide() {
                Ok(plan) => self.next = Some(plan),
                Err(stop) => self.stopped = Some(stop),
            }
        }
    }

    /// Iterations recorded so far.
    pub(super) fn iterations(&self) -> u64 {
        self.runs.iter().map(|run| run.plan.iterations()).sum()
    }

    /// Iterations done at each checkpoint so far, window by window.
    pub(super) fn checkpoints(&self) -> Vec<Vec<u64>> {
        let mut done = 0;
        let mut after = |batch: &u64| {
            done += batch;
            done
        };
        self.runs.iter().map(|run| run.plan.batches.iter().map(&mut after).collect()).collect()
    }

    /// Windows recorded so far.
    pub(super) fn windows(&self) -> usize {
        self.runs.len()
    }

    /// Wall time spent so far.
    pub(super) fn elapsed(&self) -> Duration {
        self.runs.last().map_or(Duration::ZERO, |run| run.spent.elapsed)
    }

    /// The readings of one metric; `None` when it was never read.
    pub(super) fn series(&self, metric: Metric) -> Option<Series> {
        let mut done = 0u64;
        let mut series = Series { baseline: self.baseline.get(metric), windows: Vec::new() };
        for run in &self.runs {
            let start = done;
            let mut points = Vec::with_capacity(run.readings.len());
            for (batch, readings) in run.plan.batches.iter().zip(&run.readings) {
                done += batch;
                if let Some(value) = readings.get(metric) {
                    points.push(Point { at: done, value });
                }
            }
            series.windows.extend(Window::new(start, points));
        }
        (series.baseline.is_some() || !series.windows.is_empty()).then_some(series)
    }

    /// Growth over the run so far up to which a rising metric is let through.
    pub(super) fn tolerance(&self, metric: Metric) -> f64 {
        let grown =
            |heap| self.series(heap).map_or(0, |series| series.growth().max(0).unsigned_abs());
        let blocks = match metric {
            Metric::Resident => grown(Metric::HeapBlocks) + grown(Metric::NativeBlocks),
            _ => 0,
        };
        self.rules.limits.tolerance(metric, self.iterations(), blocks)
    }

    /// What to run next, or why to stop.
    fn decide(&self) -> Result<WindowPlan, Stop> {
        let last = self.runs.last().map_or(1, |run| run.plan.iterations());
        let seen: Vec<(Metric, Series, ShapeAnalysis)> = Metric::ALL
            .into_iter()
            .filter_map(|metric| self.series(metric).map(|series| (metric, series)))
            .map(|(metric, series)| {
                let form = ShapeAnalysis::of(metric, &series);
                (metric, series, form)
            })
            .collect();
        let proven = |(metric, series, form): &(Metric, Series, ShapeAnalysis)| {
            let growth = series.growth() as f64;
            form.shape == Shape::Growing
                && growth > self.rules.limits.evidence(*metric)
                && growth > self.tolerance(*metric)
        };
        if seen.iter().any(proven) {
            return Err(Stop::Evidence);
        }
        if let Some(scarce) = self.rules.scarce
            && self.is_growing(scarce.metric)
        {
            return Err(Stop::Evidence);
        }
        if let Some(metric) = self.rules.stop_when_growing
            && self.is_growing(metric)
        {
            return Err(Stop::CalledGrowing);
        }
        let mut next = last.saturating_mul(2);
        if let Some(windows) = &self.fixed {
            next = *windows.get(self.runs.len()).ok_or(Stop::IterationsDone)?;
            return Ok(WindowPlan::of(next));
        }
        let iterations = self.iterations();
        if self.windows() >= WINDOWS
            && self.enough_seen(iterations)
            && seen.iter().all(|(metric, _, form)| self.quiet(*metric, form, iterations))
        {
            return Err(Stop::EnoughSeen);
        }
        for (metric, series, form) in &seen {
            next = next.min(self.bearable(*metric, series, form));
        }
        let room = self.room();
        if room < last.div_ceil(2) && room < next {
            return Err(Stop::Budget);
        }
        // What is left after the next window must be worth a window of its own, else this one
        // takes it: the last third of the budget is where a cache may level off.
        let enough_windows = self.windows() + 1 >= WINDOWS;
        if enough_windows
            && next == last.saturating_mul(2)
            && room.saturating_sub(next) < next.div_ceil(2)
        {
            next = room;
        }
        // Where four doubling windows would fit, a body that became slow must not spend on the third
        // what the fourth needs.
        if self.windows() < WINDOWS && iterations.saturating_add(room) >= FOUR_WINDOWS {
            next = next.min(share(room, self.windows()));
        }
        Ok(WindowPlan::of(next.min(room)))
    }

    fn enough_seen(&self, iterations: u64) -> bool {
        let cpu = self.runs.last().map_or(Duration::ZERO, |run| run.spent.cpu);
        iterations >= ENOUGH_ITERATIONS || (cpu >= ENOUGH_CPU && iterations >= FEWEST_ITERATIONS)
    }

    /// Whether nothing in the metric is a reason to go on. A rise far below the tolerance is none.
    fn quiet(&self, metric: Metric, form: &ShapeAnalysis, iterations: u64) -> bool {
        let tolerance = self.tolerance(metric);
        form.calm || form.late_rate.max(form.rate) * (iterations as f64) < tolerance / 4.0
    }

    /// Iterations after which the metric is expected to have grown to where it endangers the
    /// process, from the rate so far.
    fn bearable(&self, metric: Metric, series: &Series, form: &ShapeAnalysis) -> u64 {
        if form.rate <= 0.0 {
            return u64::MAX;
        }
        if let Some(scarce) = self.rules.scarce.filter(|scarce| scarce.metric == metric) {
            let left = scarce.bound.saturating_sub(series.growth().max(0).unsigned_abs());
            return ((share(left, self.windows()) as f64 / form.rate) as u64).max(1);
        }
        let risk = self.rules.limits.risk(metric);
        let room = (risk - series.growth() as f64).max(risk / 16.0);
        (room / form.rate).max(1.0) as u64
    }

    /// What had been spent before the last window.
    fn spent_before(&self) -> Spent {
        self.runs.iter().rev().nth(1).map_or(Spent::default(), |run| run.spent)
    }

    /// Wall time of the last window.
    fn last_took(&self) -> Duration {
        self.elapsed().saturating_sub(self.spent_before().elapsed)
    }

    /// Wall time that so many iterations take at the pace of the last window.
    pub(super) fn expected(&self, iterations: u64) -> Duration {
        let each = match self.runs.last() {
            Some(last) => self.last_took().as_secs_f64() / last.plan.iterations() as f64,
            None => self.cost.as_secs_f64(),
        };
        Duration::try_from_secs_f64(each * iterations as f64).unwrap_or(Duration::MAX)
    }

    /// Iterations that fit into the rest of the budget, at the pace of the last window. The time that a
    /// busy machine took does not count, but a run takes no more than three times its budget in all.
    fn room(&self) -> u64 {
        let Some(last) = self.runs.last() else { return u64::MAX };
        let before = self.spent_before();
        let most = self.rules.time.saturating_mul(EXTENSION);
        // With fewer than four windows nothing can be said at all, and of what rises nothing yet: a slow
        // body, or a machine that has much else to do, gets more time.
        let more = self.windows() < WINDOWS || self.is_undecided();
        let budget = if more { most } else { self.rules.time };
        let fits = |left: Duration, took: Duration| match took.as_secs_f64() {
            0.0 if left > Duration::ZERO => u64::MAX,
            0.0 => 0,
            took => (left.as_secs_f64() / took * last.plan.iterations() as f64) as u64,
        };
        let own = fits(
            budget.saturating_sub(last.spent.own()),
            last.spent.own().saturating_sub(before.own()),
        );
        own.min(fits(most.saturating_sub(last.spent.elapsed), self.last_took()))
    }

    /// Whether the run, if it ended here, would end without a word on what rises, or with one on what
    /// rose in few iterations.
    fn is_undecided(&self) -> bool {
        let conclusion = self.conclude();
        match conclusion.verdict {
            Some(Verdict::Growing) => self.iterations() < FEWEST_ITERATIONS,
            Some(Verdict::Inconclusive) => conclusion
                .metrics
                .iter()
                .any(|of| of.verdict == Verdict::Inconclusive && of.shape == Shape::Rising),
            _ => false,
        }
    }

    /// Whether the metric was read at every checkpoint, the baseline included.
    pub(super) fn complete(&self, metric: Metric) -> bool {
        self.baseline.get(metric).is_some()
            && self.runs.iter().flat_map(|run| &run.readings).all(|at| at.get(metric).is_some())
    }
}
