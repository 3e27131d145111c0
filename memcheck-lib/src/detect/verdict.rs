//! The verdict on a metric and on a run.

use serde::{Deserialize, Serialize};

use crate::metric::Metric;

/// The verdict on memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// Enough was seen and nothing grows.
    Steady,
    /// The readings do not allow another verdict.
    Inconclusive,
    /// Growth exceeded a limit that the user set.
    OverLimit,
    /// It grows with the iterations.
    Growing,
}

/// The shape in which one metric changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Shape {
    /// The last windows do not rise.
    Steady,
    /// Rises in every late window and does not slow down.
    Growing,
    /// Rises late, but slows down or has not risen long enough to be called growing.
    Rising,
    /// There are too few windows to tell.
    TooShort,
}

/// The smallest leak that the run would have detected.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", tag = "unit")]
#[non_exhaustive]
pub enum Sensitivity {
    /// One item (block, descriptor …) in this many iterations.
    OneIn {
        /// Iterations.
        iterations: u64,
    },
    /// This many bytes (or items, if there is noise) per iteration.
    PerIteration {
        /// Amount per iteration.
        amount: f64,
    },
}

/// The readings of one metric and the verdict on them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct MetricReport {
    /// Which metric.
    #[serde(alias = "figure")]
    pub metric: Metric,
    /// The verdict on it.
    pub verdict: Verdict,
    /// The shape found.
    pub shape: Shape,
    /// Change from the first to the last checkpoint, in bytes or items.
    pub growth: i64,
    /// Change per iteration over the judged windows.
    pub rate: f64,
    /// The limit the user set, if any, in bytes or items (`heap`: bytes per iteration).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// The smallest growth that this run would have called growing; `None` if the run was too short
    /// to call anything growing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensitivity: Option<Sensitivity>,
    /// The readings, one list for each window.
    pub windows: Vec<Vec<i64>>,
}

impl MetricReport {
    /// A metric with this verdict, without readings.
    #[doc(hidden)]
    pub fn new(metric: Metric, verdict: Verdict, shape: Shape) -> Self {
        let (growth, rate, windows) = (0, 0.0, Vec::new());
        MetricReport {
            metric,
            verdict,
            shape,
            growth,
            rate,
            limit: None,
            sensitivity: None,
            windows,
        }
    }

    /// Whether it grows, but a limit of the user allows that.
    pub(crate) fn grows_within_limit(&self) -> bool {
        self.verdict == Verdict::Steady && self.shape == Shape::Growing && self.limit.is_some()
    }

    /// How often it rose above all readings before, each time by `least` or more.
    pub(crate) fn rises(&self, least: i64) -> usize {
        let mut readings = self.windows.iter().flatten();
        let Some(mut level) = readings.next().copied() else { return 0 };
        let rises = |value: &&i64| {
            let rose = **value > level && value.saturating_sub(level) >= least;
            if rose {
                level = **value;
            }
            rose
        };
        readings.filter(rises).count()
    }

    /// Whether it grew, or rose at nearly every checkpoint and never fell. A process that crashed or
    /// was stopped may have had too few iterations for a verdict.
    pub(crate) fn rose_to_the_end(&self) -> bool {
        let readings: Vec<i64> = self.windows.iter().flatten().copied().collect();
        let steps = readings.windows(2);
        let rises = steps.clone().filter(|pair| pair[1] > pair[0]).count();
        let never_falls = steps.clone().all(|pair| pair[1] >= pair[0]);
        let rose = self.growth > 0 && never_falls && rises * 4 >= steps.len() * 3 && rises > 2;
        self.verdict == Verdict::Growing || self.verdict == Verdict::Inconclusive && rose
    }
}
