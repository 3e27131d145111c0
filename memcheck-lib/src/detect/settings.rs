//! What a judged run may cost, and how strictly it is judged.

use std::time::Duration;

use super::limits::Limits;
use crate::metric::Metric;

/// Something that the system has little of, and that grew before the judged part began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitedResource {
    /// The metric that counts it.
    pub metric: Metric,
    /// Growth within which the run must come to a verdict.
    pub bound: u64,
}

/// What a judged run may cost, and how strictly it is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgeSettings {
    /// The worker's own time that the judged part may take: wall time without run-queue delay. Ignored if `iterations` is set.
    pub time: Duration,
    /// Wall time after which the judged part ends even if a busy machine has not let the worker use
    /// `time`. Ignored if `iterations` is set.
    pub longest: Duration,
    /// Judge exactly this many iterations, without the clock.
    pub iterations: Option<u64>,
    /// The limits that the user set.
    pub limits: Limits,
    /// Keep the windows small enough to judge this resource within its bound.
    pub limited_resource: Option<LimitedResource>,
    /// Stop as soon as this metric is called growing, because nothing else matters to the caller.
    pub stop_when_growing: Option<Metric>,
    /// A run in which one of these was never read is inconclusive. The same holds for every metric
    /// that has a limit.
    pub must_read: Vec<Metric>,
    /// Call nothing growing, whatever the readings are. A test uses it to show that `--prove` detects
    /// a judge that does not work.
    #[doc(hidden)]
    pub blind: bool,
}

impl Default for JudgeSettings {
    /// Two seconds of the worker's own time, twenty in all, no limits.
    fn default() -> Self {
        JudgeSettings {
            time: Duration::from_secs(2),
            longest: Duration::from_secs(20),
            iterations: None,
            limits: Limits::default(),
            limited_resource: None,
            stop_when_growing: None,
            must_read: Vec::new(),
            blind: false,
        }
    }
}
