//! What is said of a metric and of a run.

use serde::{Deserialize, Serialize};

use crate::metric::Metric;

/// The judgement on memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Enough was seen and nothing grows.
    Steady,
    /// It cannot be told from what was seen.
    Inconclusive,
    /// A limit that the user set was passed.
    OverLimit,
    /// It grows with the iterations.
    Growing,
}

/// The shape in which one metric changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// The last windows do not rise.
    Steady,
    /// Rises in every late window and does not slow down.
    Growing,
    /// Rises late, but slows down or has not risen long enough to be called growing.
    Rising,
    /// Too few windows to say.
    TooShort,
}

/// How small a leak the run would have seen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", tag = "unit")]
pub enum Sensitivity {
    /// One item (block, descriptor …) in every so many iterations.
    OneIn {
        /// Iterations.
        iterations: u64,
    },
    /// So many bytes (or items, with noise) in every iteration.
    PerIteration {
        /// Amount per iteration.
        amount: f64,
    },
}

/// Everything seen and said of one metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MetricReport {
    /// Which metric.
    #[serde(alias = "figure")]
    pub metric: Metric,
    /// The judgement on it.
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
    /// The smallest growth per iteration that this run would have called growing; `None` when
    /// the run was too short to call anything growing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensitivity: Option<Sensitivity>,
    /// The readings, one list for each window.
    pub windows: Vec<Vec<i64>>,
}

impl MetricReport {
    /// Whether it goes on growing, and a limit of the user lets that through.
    pub(crate) fn grows_within_limit(&self) -> bool {
        self.verdict == Verdict::Steady && self.shape == Shape::Growing && self.limit.is_some()
    }

    /// How often it rose above all that was read before, each time by `least` or more.
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

    /// Whether it grew, or rose at nearly every checkpoint and never fell: what a process that came
    /// to a bad end was on the way to, however few its iterations were.
    pub(crate) fn rose_to_the_end(&self) -> bool {
        let readings: Vec<i64> = self.windows.iter().flatten().copied().collect();
        let steps = readings.windows(2);
        let rises = steps.clone().filter(|pair| pair[1] > pair[0]).count();
        let never_falls = steps.clone().all(|pair| pair[1] >= pair[0]);
        let rose = self.growth > 0 && never_falls && rises * 4 >= steps.len() * 3 && rises > 2;
        self.verdict == Verdict::Growing || self.verdict == Verdict::Inconclusive && rose
    }
}
