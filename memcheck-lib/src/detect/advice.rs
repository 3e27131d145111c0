//! What to do about an unclear result, as data.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::metric::Metric;
use crate::units;

/// What to do about an unclear result. It is displayed as one sentence.
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
    /// The metric rises but slows down, like a cache that fills up.
    StillFilling {
        /// The metric.
        #[serde(alias = "figure")]
        metric: Metric,
        /// Iterations of warm-up after which the cache is likely to be full.
        warmup: u64,
        /// A `time` that is enough for two more windows.
        time: Duration,
    },
    /// The metric rose too late in the run to be called growing.
    RoseLate {
        /// The metric.
        #[serde(alias = "figure")]
        metric: Metric,
        /// A `time` that shows whether the rise continues.
        time: Duration,
    },
    /// The metric goes up and down so much that a leak would not show, and its lowest value rises.
    HiddenByNoise {
        /// The metric.
        metric: Metric,
        /// Its deepest fall, in bytes or items.
        noise: i64,
        /// A `time` that shows whether the rise continues.
        time: Duration,
    },
    /// The machine was so busy that the test did not get the time that its verdict takes.
    BusyMachine {
        /// The share of the wall time, from 0 to 1, in which the test waited for a processor.
        waited: f64,
    },
    /// The metric grew, and fell again after the other threads had worked off their backlog.
    FellBehind {
        /// The metric.
        #[serde(alias = "figure")]
        metric: Metric,
        /// Growth at the last iteration.
        grown: i64,
        /// Growth that was left after that.
        left: i64,
    },
    /// The metric grows, but a cache that needs more iterations to fill looks the same.
    MayStillFill {
        /// The metric.
        #[serde(alias = "figure")]
        metric: Metric,
        /// Iterations judged.
        iterations: u64,
    },
    /// The user's limit is smaller than the growth that the run can detect.
    LimitBelowSensitivity {
        /// The metric.
        #[serde(alias = "figure")]
        metric: Metric,
        /// The limit, in bytes or items (`heap`: per iteration).
        limit: u64,
        /// The smallest growth per iteration that would have been detected.
        sensitivity: f64,
        /// Iterations that would be enough for the limit.
        iterations: u64,
    },
    /// The metric could not be read at some or all checkpoints.
    Unreadable {
        /// The metric.
        #[serde(alias = "figure")]
        metric: Metric,
    },
}

impl Advice {
    /// Whether it is about too few iterations for a verdict.
    pub(crate) fn is_too_few(&self) -> bool {
        matches!(self, Advice::LongerTime { .. } | Advice::MoreIterations { .. })
    }

    /// Whether it is about the rise of this metric.
    pub(super) fn is_of_rise(&self, of: Metric) -> bool {
        match self {
            Advice::StillFilling { metric, .. }
            | Advice::RoseLate { metric, .. }
            | Advice::HiddenByNoise { metric, .. }
            | Advice::FellBehind { metric, .. }
            | Advice::MayStillFill { metric, .. } => *metric == of,
            _ => false,
        }
    }

    /// The topic, without the metric: a reader needs only one advice on each.
    pub(crate) fn topic(&self) -> &'static str {
        match self {
            Advice::LongerTime { .. } => "longer-time",
            Advice::MoreIterations { .. } => "more-iterations",
            Advice::StillFilling { .. }
            | Advice::RoseLate { .. }
            | Advice::HiddenByNoise { .. } => "rising",
            Advice::BusyMachine { .. } => "busy-machine",
            Advice::FellBehind { .. } => "behind",
            Advice::MayStillFill { .. } => "cache",
            Advice::LimitBelowSensitivity { .. } => "limit",
            Advice::Unreadable { .. } => "unreadable",
        }
    }
}

/// A size, or a number of items.
fn amount(metric: Metric, value: i64) -> String {
    match metric.is_bytes() {
        true => units::scaled(value as f64),
        false => units::grouped(value),
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
                "the body is too slow for a verdict within the time budget; set `time` to at least {time:.1?}"
            ),
            Advice::MoreIterations { iterations } => write!(
                f,
                "too few iterations for a verdict; set `iterations` to at least {iterations}"
            ),
            Advice::StillFilling { metric, warmup, time } => write!(
                f,
                "{metric} still rises but slows down, like a cache that fills up; set `warmup` to {warmup} or `time` to {time:.1?}"
            ),
            Advice::RoseLate { metric, time } => write!(
                f,
                "{metric} rose too late in the run for a verdict; set `time` to {time:.1?}"
            ),
            Advice::HiddenByNoise { metric, noise, time } => write!(
                f,
                "{metric} goes up and down by {}, so much that a leak would not show, and still rises; set `time` to {time:.1?}",
                amount(*metric, *noise)
            ),
            Advice::BusyMachine { waited } => write!(
                f,
                "the machine is busy: the test waited for a processor for {:.0} % of the time; run fewer tests at once (`-j`), or raise `timeout`",
                waited * 100.0
            ),
            Advice::FellBehind { metric, grown, left } => {
                write!(
                    f,
                    "{metric} grew by {} up to the last iteration, but only by {} after the other threads had finished their work: they have a backlog; wait in each iteration for the work that it hands over, or raise `settle`",
                    amount(*metric, *grown),
                    amount(*metric, *left)
                )
            }
            Advice::MayStillFill { metric, iterations } => {
                let row = metric.row();
                if let Some(fix) = row.usual_fix {
                    write!(f, "{fix}; ")?;
                }
                write!(
                    f,
                    "{} that needs more than {} to fill looks the same; if this is one, set `warmup` to more iterations than it needs",
                    row.may_fill,
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
                    "the limit of {limit} on {metric} is too small for the noise of this run, which hides growth below {seen} per iteration; raise `time` to run about {}, or raise the limit",
                    units::iterations(*iterations)
                )
            }
            Advice::Unreadable { metric } => write!(
                f,
                "{metric} could not be read at every checkpoint, so it has no verdict; check that other processes can read this one"
            ),
        }
    }
}
