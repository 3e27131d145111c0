//! What to do about what could not be said, as data.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::metric::Metric;
use crate::units;

/// What to do about a result that is not what it could be. Prints as one plain sentence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", tag = "code")]
#[non_exhaustive]
pub enum Advice {
    /// The body is too slow for four windows within the budget.
    LongerTime {
        /// The smallest `time` that fits four windows.
        time: Duration,
    },
    /// `iterations` is too small for four windows.
    MoreIterations {
        /// The smallest `iterations` that gives four windows.
        iterations: u64,
    },
    /// The metric rises but slows down, as a cache that fills up does.
    StillFilling {
        /// The metric.
        #[serde(alias = "figure")]
        metric: Metric,
        /// Iterations of warm-up that would leave out what was seen.
        warmup: u64,
        /// A `time` that shows twice as many iterations twice over.
        time: Duration,
    },
    /// The metric rose late, but not long enough to be called growing.
    RoseLate {
        /// The metric.
        #[serde(alias = "figure")]
        metric: Metric,
        /// A `time` that shows whether it goes on.
        time: Duration,
    },
    /// The metric grew, and fell back when the threads that the body works with came to rest.
    FellBehind {
        /// The metric.
        #[serde(alias = "figure")]
        metric: Metric,
        /// By how much it had grown.
        grown: i64,
        /// How much of that was left.
        left: i64,
    },
    /// The metric grows; a cache that needs more iterations than these to fill looks the same.
    MayStillFill {
        /// The metric.
        #[serde(alias = "figure")]
        metric: Metric,
        /// Iterations judged.
        iterations: u64,
    },
    /// The user's limit is below what the run could have seen.
    LimitBelowSensitivity {
        /// The metric.
        #[serde(alias = "figure")]
        metric: Metric,
        /// The limit, in bytes or items (`heap`: per iteration).
        limit: u64,
        /// The smallest growth per iteration that would have been seen.
        sensitivity: f64,
        /// Iterations that would reach the limit's size.
        iterations: u64,
    },
    /// The metric could not be read at some or all checkpoints although it is judged.
    Unreadable {
        /// The metric.
        #[serde(alias = "figure")]
        metric: Metric,
    },
}

impl Advice {
    /// Whether it is about a run with too few iterations to be judged.
    pub(crate) fn is_too_few(&self) -> bool {
        matches!(self, Advice::LongerTime { .. } | Advice::MoreIterations { .. })
    }

    /// Whether it is about the rise of this metric.
    pub(super) fn is_of_rise(&self, of: Metric) -> bool {
        match self {
            Advice::StillFilling { metric, .. }
            | Advice::RoseLate { metric, .. }
            | Advice::FellBehind { metric, .. }
            | Advice::MayStillFill { metric, .. } => *metric == of,
            _ => false,
        }
    }

    /// What it is about, whatever the metric: two of a kind say the same to a reader.
    pub(crate) fn topic(&self) -> &'static str {
        match self {
            Advice::LongerTime { .. } => "longer-time",
            Advice::MoreIterations { .. } => "more-iterations",
            Advice::StillFilling { .. } | Advice::RoseLate { .. } => "rising",
            Advice::FellBehind { .. } => "behind",
            Advice::MayStillFill { .. } => "cache",
            Advice::LimitBelowSensitivity { .. } => "limit",
            Advice::Unreadable { .. } => "unreadable",
        }
    }
}

fn grouped(iterations: u64) -> String {
    units::grouped(i64::try_from(iterations).unwrap_or(i64::MAX))
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Advice::LongerTime { time } => write!(
                f,
                "the body is too slow to be judged within the time budget; set `time` to at least {time:.1?}"
            ),
            Advice::MoreIterations { iterations } => write!(
                f,
                "too few iterations to be judged; set `iterations` to at least {iterations}"
            ),
            Advice::StillFilling { metric, warmup, time } => write!(
                f,
                "{metric} still rises but slows down, as a cache that fills up does; set `warmup` to {warmup} iterations or `time` to {time:.1?}"
            ),
            Advice::RoseLate { metric, time } => write!(
                f,
                "{metric} rose late in the run, not for long enough to be called growing; set `time` to {time:.1?}"
            ),
            Advice::FellBehind { metric, grown, left } => {
                let amount = |value: i64| match metric.is_bytes() {
                    true => units::scaled(value as f64),
                    false => units::grouped(value),
                };
                write!(
                    f,
                    "{metric} had grown by {} when the last iteration was done, by {} when the threads that work for the body had come to rest: they fell behind; let an iteration wait for what it hands to them, or raise `settle`",
                    amount(*grown),
                    amount(*left)
                )
            }
            Advice::MayStillFill { metric, iterations } => {
                let holder = match metric {
                    Metric::Children => {
                        "wait for each child (`Child::wait`): one that has ended stays as a zombie until then; a pool"
                    }
                    Metric::Fds | Metric::Threads | Metric::Tasks => "a pool",
                    _ => "a cache",
                };
                write!(
                    f,
                    "{holder} that needs more than {} to fill looks the same in {metric}; if this is one, set `warmup` above what fills it",
                    units::iterations(*iterations)
                )
            }
            Advice::LimitBelowSensitivity { metric, limit, sensitivity, iterations } => {
                let (bytes, rate) = (metric.is_bytes(), metric.is_limited_by_rate());
                let limit = match (bytes, rate) {
                    (true, true) => format!("{} per iteration", units::Bytes(*limit)),
                    (true, false) => units::Bytes(*limit).to_string(),
                    (false, _) => grouped(*limit),
                };
                let seen = match bytes {
                    true => units::scaled(*sensitivity),
                    false => units::number(*sensitivity),
                };
                write!(
                    f,
                    "the limit of {limit} on {metric} is below what this run could have seen beside its noise ({seen} per iteration); about {} would reach it: raise `time`, or the limit",
                    units::iterations(*iterations)
                )
            }
            Advice::Unreadable { metric } => write!(
                f,
                "{metric} could not be read at every checkpoint, so nothing is said of it; check that the process may be read from outside"
            ),
        }
    }
}
