//! One judged run: which window to run next, and when to stop.

use std::time::Duration;

use super::conclusion::{Conclusion, Stop};
use super::readings::Readings;
use super::recorded_run::{RecordedRun, RecordedWindow, TimeSpent};
use super::schedule::{FOUR_WINDOWS, WindowPlan, first_window, fixed_windows};
use super::series::{Series, WINDOWS};
use super::settings::JudgeSettings;
use super::shape::ShapeAnalysis;
use super::verdict::{Shape, Verdict};
use crate::metric::Metric;

/// Iterations after which a run that shows no growth has seen enough. Windows double from 16, so it
/// then has 4,080, and would have detected one event in 72 iterations.
const ENOUGH_ITERATIONS: u64 = 2048;
/// CPU time after which it has, if it also did [`FEWEST_ITERATIONS`].
const ENOUGH_CPU: Duration = Duration::from_millis(100);
/// A run may take this many times its budget of own time to get its four windows, or to see how a
/// rise continues.
const EXTENSION: u32 = 3;
/// With fewer iterations a leak in every hundredth could be missed by chance. Five windows that
/// double from 16 have as many.
const FEWEST_ITERATIONS: u64 = 496;
/// A rise counts for nothing if it is expected to stay below this part of the tolerance.
const NEGLIGIBLE: f64 = 0.25;
/// The smallest room for growth that a window gets, as a part of the risk, when the metric has already
/// grown that far.
const LEAST_ROOM: f64 = 1.0 / 16.0;

/// Iterations that fit into the rest of a run.
#[derive(Clone, Copy, Debug)]
struct Affordable {
    /// Into the budget of own time.
    own: u64,
    /// Into the longest wall time.
    wall: u64,
}

/// What one window may take of `left`, so that the rest is enough for a judgement.
fn window_share(left: u64, windows: usize) -> u64 {
    left / WINDOWS.saturating_sub(windows).max(1) as u64
}

/// One judged run: schedule and judge together, without a clock.
#[derive(Clone, Debug)]
pub struct JudgedRun {
    run: RecordedRun,
    /// Sizes of all windows, if the number of iterations is given.
    fixed: Option<Vec<u64>>,
    stopped: Option<Stop>,
    next: Option<WindowPlan>,
}

impl JudgedRun {
    /// A run that is about to be judged.
    ///
    /// `iteration_cost` is the wall time of one iteration of the warm-up; `baseline` was read right
    /// before the judged part.
    pub fn new(settings: JudgeSettings, iteration_cost: Duration, baseline: Readings) -> JudgedRun {
        let fixed = settings.iterations.map(fixed_windows);
        let first = match &fixed {
            Some(windows) => windows.first().copied().unwrap_or(1),
            None => {
                // The resource grows by one in two iterations, or faster.
                let most = settings
                    .limited_resource
                    .map_or(u64::MAX, |resource| window_share(resource.bound, 0));
                first_window(settings.time, iteration_cost).min(most)
            }
        };
        JudgedRun {
            run: RecordedRun {
                settings,
                warmup_cost: iteration_cost,
                baseline,
                windows: Vec::new(),
            },
            fixed,
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
    /// Fewer readings than planned mean that the worker did not finish the window: the run is over,
    /// and its readings so far are judged. Readings beyond the plan are ignored.
    pub fn add_window(&mut self, mut readings: Vec<Readings>, spent: TimeSpent) {
        let Some(mut plan) = self.next.take() else { return };
        readings.truncate(plan.batches.len());
        if readings.len() < plan.batches.len() {
            plan.batches.truncate(readings.len());
            self.stopped = Some(Stop::Interrupted);
        }
        if !readings.is_empty() {
            self.run.windows.push(RecordedWindow { plan, readings, spent });
        }
        if self.stopped.is_none() {
            match self.decide() {
                Ok(plan) => self.next = Some(plan),
                Err(stop) => self.stopped = Some(stop),
            }
        }
    }

    /// What the run has shown so far. It may be called at any time, also when the worker has died.
    pub fn conclude(&self) -> Conclusion {
        self.run.conclude(self.stopped)
    }

    /// What to run next, or why to stop.
    fn decide(&self) -> Result<WindowPlan, Stop> {
        let run = &self.run;
        let last = run.windows.last().map_or(1, |window| window.plan.iterations());
        let seen: Vec<(Metric, Series, ShapeAnalysis)> = Metric::ALL
            .into_iter()
            .filter_map(|metric| run.series(metric).map(|series| (metric, series)))
            .map(|(metric, series)| {
                let analysis = ShapeAnalysis::of(metric, &series);
                (metric, series, analysis)
            })
            .collect();
        let is_proven = |(metric, series, analysis): &(Metric, Series, ShapeAnalysis)| {
            let growth = series.growth() as f64;
            analysis.shape == Shape::Growing
                && growth > run.settings.limits.evidence(*metric)
                && growth > run.tolerance(*metric)
        };
        if seen.iter().any(is_proven) {
            return Err(Stop::Evidence);
        }
        if let Some(resource) = run.settings.limited_resource
            && run.is_growing(resource.metric)
        {
            return Err(Stop::Evidence);
        }
        if let Some(metric) = run.settings.stop_when_growing
            && run.is_growing(metric)
        {
            return Err(Stop::CalledGrowing);
        }
        if let Some(windows) = &self.fixed {
            let next = *windows.get(run.windows.len()).ok_or(Stop::IterationsDone)?;
            return Ok(WindowPlan::of(next));
        }
        let doubled = last.saturating_mul(2);
        let mut next = doubled;
        let iterations = run.iterations();
        if run.windows.len() >= WINDOWS
            && self.is_enough(iterations)
            && seen.iter().all(|(metric, _, analysis)| self.is_flat(*metric, analysis, iterations))
            && !self.is_undecided()
        {
            return Err(Stop::EnoughSeen);
        }
        for (metric, series, analysis) in &seen {
            next = next.min(self.safe_iterations(*metric, series, analysis));
        }
        let Affordable { own, wall } = self.affordable();
        let affordable = own.min(wall);
        if affordable < last.div_ceil(2) && affordable < next {
            // The worker's own time alone would have allowed another window.
            let busy = own >= last.div_ceil(2) || own >= next;
            return Err(if busy { Stop::BusyMachine } else { Stop::Budget });
        }
        // If the rest after the next window is too small for a window of its own, this window takes
        // it: a cache may level off in the last third of the budget.
        let enough_windows = run.windows.len() + 1 >= WINDOWS;
        let rest = affordable.saturating_sub(next);
        if enough_windows && next == doubled && rest < next.div_ceil(2) {
            next = affordable;
        }
        // If four doubling windows would fit, a body that became slow must leave enough for the
        // fourth.
        if run.windows.len() < WINDOWS && iterations.saturating_add(affordable) >= FOUR_WINDOWS {
            next = next.min(window_share(affordable, run.windows.len()));
        }
        Ok(WindowPlan::of(next.min(affordable)))
    }

    fn is_enough(&self, iterations: u64) -> bool {
        iterations >= ENOUGH_ITERATIONS
            || (self.run.spent().cpu >= ENOUGH_CPU && iterations >= FEWEST_ITERATIONS)
    }

    /// Whether nothing in the metric is a reason to go on. A rise far below the tolerance is none.
    fn is_flat(&self, metric: Metric, analysis: &ShapeAnalysis, iterations: u64) -> bool {
        let projected = analysis.late_rate.max(analysis.rate) * iterations as f64;
        analysis.is_flat || projected < self.run.tolerance(metric) * NEGLIGIBLE
    }

    /// Iterations after which the metric is expected to endanger the process, from its rate so far.
    fn safe_iterations(&self, metric: Metric, series: &Series, analysis: &ShapeAnalysis) -> u64 {
        if analysis.rate <= 0.0 {
            return u64::MAX;
        }
        let settings = &self.run.settings;
        if let Some(resource) = settings.limited_resource.filter(|of| of.metric == metric) {
            let left = resource.bound.saturating_sub(series.growth().max(0).unsigned_abs());
            let share = window_share(left, self.run.windows.len()) as f64;
            return ((share / analysis.rate) as u64).max(1);
        }
        let risk = settings.limits.risk(metric);
        let room = (risk - series.growth() as f64).max(risk * LEAST_ROOM);
        (room / analysis.rate).max(1.0) as u64
    }

    /// Iterations that fit into the rest of the budget, if they take as long as those of the last
    /// window.
    ///
    /// The budget is the worker's own time. Run-queue delay belongs to a busy machine: it makes the
    /// run longer, not shorter, up to [`JudgeSettings::longest`].
    fn affordable(&self) -> Affordable {
        let Some(last) = self.run.windows.last() else {
            return Affordable { own: u64::MAX, wall: u64::MAX };
        };
        let before = self.run.spent_before_last();
        let JudgeSettings { time, longest, .. } = self.run.settings;
        // Fewer than four windows give no verdict, and neither does a rise that has only begun. So a
        // slow body gets more time.
        let needs_more = self.run.windows.len() < WINDOWS || self.is_undecided();
        let budget = if needs_more { time.saturating_mul(EXTENSION) } else { time };
        let fits = |left: Duration, took: Duration| match took.as_secs_f64() {
            0.0 if left > Duration::ZERO => u64::MAX,
            0.0 => 0,
            took => (left.as_secs_f64() / took * last.plan.iterations() as f64) as u64,
        };
        let own = last.spent.without_delay();
        let longest = longest.max(budget);
        Affordable {
            own: fits(budget.saturating_sub(own), own.saturating_sub(before.without_delay())),
            wall: fits(longest.saturating_sub(last.spent.elapsed), self.run.last_took()),
        }
    }

    /// Whether the run, if it ended here, would be inconclusive about a rise, or would call growing
    /// what rose in few iterations.
    fn is_undecided(&self) -> bool {
        let conclusion = self.conclude();
        match conclusion.verdict {
            Some(Verdict::Growing) => self.run.iterations() < FEWEST_ITERATIONS,
            Some(Verdict::Inconclusive) => conclusion
                .metrics
                .iter()
                .any(|of| of.verdict == Verdict::Inconclusive && of.shape == Shape::Rising),
            _ => false,
        }
    }
}
