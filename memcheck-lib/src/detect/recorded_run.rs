//! The windows of a judged run so far, with their readings.

use std::time::Duration;

use super::readings::Readings;
use super::schedule::WindowPlan;
use super::series::{Point, Series, Window};
use super::settings::JudgeSettings;
use crate::metric::{Heap, Metric};

/// What the judged part has cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeSpent {
    /// Wall time since the judged part began, checkpoints included.
    pub elapsed: Duration,
    /// CPU time that the worker used in it.
    pub cpu: Duration,
    /// Part of the wall time in which the iterating thread was runnable but got no CPU.
    pub run_queue_delay: Duration,
    /// Bytes that the body requested from the Rust allocator in it, if they are counted.
    pub allocated: Option<u64>,
}

impl TimeSpent {
    /// Wall time without the run-queue delay, which belongs to a busy machine.
    pub(super) fn without_delay(&self) -> Duration {
        self.elapsed.saturating_sub(self.run_queue_delay)
    }
}

/// One window that was run.
#[derive(Clone, Debug)]
pub(super) struct RecordedWindow {
    pub(super) plan: WindowPlan,
    pub(super) readings: Vec<Readings>,
    /// Spent at its end, since the judged part began.
    pub(super) spent: TimeSpent,
}

/// The windows of a judged run so far, with their readings.
#[derive(Clone, Debug)]
pub(super) struct RecordedRun {
    pub(super) settings: JudgeSettings,
    /// Wall time of one iteration of the warm-up.
    pub(super) warmup_cost: Duration,
    /// Read right before the judged part.
    pub(super) baseline: Readings,
    pub(super) windows: Vec<RecordedWindow>,
}

impl RecordedRun {
    /// Iterations done.
    pub(super) fn iterations(&self) -> u64 {
        self.windows.iter().map(|window| window.plan.iterations()).sum()
    }

    /// Iterations done at each checkpoint, one list for each window.
    pub(super) fn checkpoints(&self) -> Vec<Vec<u64>> {
        let mut done = 0;
        let mut after = |batch: &u64| {
            done += batch;
            done
        };
        let batches = self.windows.iter().map(|window| &window.plan.batches);
        batches.map(|batches| batches.iter().map(&mut after).collect()).collect()
    }

    /// What it cost so far.
    pub(super) fn spent(&self) -> TimeSpent {
        self.windows.last().map_or(TimeSpent::default(), |window| window.spent)
    }

    /// What it had cost before the last window.
    pub(super) fn spent_before_last(&self) -> TimeSpent {
        self.windows.iter().nth_back(1).map_or(TimeSpent::default(), |window| window.spent)
    }

    /// Bytes that an iteration requests from the Rust allocator, on average.
    pub(super) fn allocated_per_iteration(&self) -> Option<f64> {
        Some(self.spent().allocated? as f64 / self.iterations().max(1) as f64)
    }

    /// Wall time of the last window.
    pub(super) fn last_took(&self) -> Duration {
        self.spent().elapsed.saturating_sub(self.spent_before_last().elapsed)
    }

    /// Expected wall time of this many iterations, if they take as long as those of the last window.
    pub(super) fn expected(&self, iterations: u64) -> Duration {
        let each = match self.windows.last() {
            Some(last) => self.last_took().as_secs_f64() / last.plan.iterations() as f64,
            None => self.warmup_cost.as_secs_f64(),
        };
        Duration::try_from_secs_f64(each * iterations as f64).unwrap_or(Duration::MAX)
    }

    /// The readings of one metric; `None` if it was never read.
    pub(super) fn series(&self, metric: Metric) -> Option<Series> {
        let mut done = 0u64;
        let mut series = Series { baseline: self.baseline.get(metric), windows: Vec::new() };
        for window in &self.windows {
            let start = done;
            let mut points = Vec::with_capacity(window.readings.len());
            for (batch, readings) in window.plan.batches.iter().zip(&window.readings) {
                done += batch;
                if let Some(value) = readings.get(metric) {
                    points.push(Point { at: done, value });
                }
            }
            series.windows.extend(Window::new(start, points));
        }
        (series.baseline.is_some() || !series.windows.is_empty()).then_some(series)
    }

    /// Whether the metric was read before the first iteration and at every checkpoint.
    pub(super) fn is_complete(&self, metric: Metric) -> bool {
        let mut readings = self.windows.iter().flat_map(|window| &window.readings);
        self.baseline.get(metric).is_some() && readings.all(|at| at.get(metric).is_some())
    }

    /// Growth over the run so far that is allowed for a rising metric.
    pub(super) fn tolerance(&self, metric: Metric) -> f64 {
        let growth = |metric| self.series(metric).map_or(0, |of| of.growth().max(0).unsigned_abs());
        let blocks = match metric.row().heap {
            Heap::Contained => Metric::heaps().map(|(_, blocks)| growth(blocks)).sum(),
            Heap::Bytes { .. } | Heap::Blocks { .. } | Heap::None => 0,
        };
        self.settings.limits.tolerance(metric, self.iterations(), blocks)
    }
}
