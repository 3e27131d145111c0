//! What a run may cost and what growth is let through.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::metric::Metric;

/// The limits that the user set, by metric. What is not in it takes the default of the metric.
///
/// - [`Metric::HeapBytes`]: bytes per iteration by which the heap may grow, a rate. It holds for the
///   Rust and for the C heap, each by itself, and for their blocks.
/// - every other metric: absolute growth over the judged part, in bytes or items.
///
/// ```
/// use memcheck::{Metric, growth::Limits};
/// let limits: Limits = [(Metric::Fds, 2), (Metric::Resident, 1 << 20)].into_iter().collect();
/// assert_eq!(limits.get(Metric::Fds), Some(2));
/// assert_eq!(limits.get(Metric::Threads), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits(BTreeMap<Metric, u64>);

impl Limits {
    /// What the user set for this metric.
    pub fn get(&self, metric: Metric) -> Option<u64> {
        self.0.get(&metric).copied()
    }

    /// Sets the limit of one metric.
    pub fn set(&mut self, metric: Metric, limit: u64) {
        self.0.insert(metric, limit);
    }

    /// All limits, in the order of [`Metric::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Metric, u64)> + '_ {
        self.0.iter().map(|(metric, limit)| (*metric, *limit))
    }

    /// The limit on bytes per iteration that a heap metric is held to.
    pub(super) fn rate(&self, metric: Metric) -> Option<u64> {
        if metric.is_limited_by_rate() { self.get(Metric::HeapBytes) } else { None }
    }

    /// The limit on the growth over the whole judged part.
    pub(super) fn absolute(&self, metric: Metric) -> Option<u64> {
        if metric.is_limited_by_rate() { None } else { self.get(metric) }
    }

    /// Growth over `iterations` up to which a rising metric is let through.
    ///
    /// A user's absolute limit replaces the default. A heap that may grow by the user's wish takes
    /// pages too: twice its bytes, because allocators round sizes up, and what they need beside each
    /// of the `blocks` by which it grew.
    pub(super) fn tolerance(&self, metric: Metric, iterations: u64, blocks: u64) -> f64 {
        if let Some(rate) = self.rate(metric) {
            return rate as f64 * iterations as f64;
        }
        if let Some(limit) = self.absolute(metric) {
            return limit as f64;
        }
        match metric {
            Metric::Resident => {
                let permitted = self.get(Metric::HeapBytes).unwrap_or(0) as f64;
                let beside = if permitted > 0.0 { BLOCK_OVERHEAD * blocks as f64 } else { 0.0 };
                DEFAULT_RESIDENT as f64 + 2.0 * permitted * iterations as f64 + beside
            }
            Metric::Mappings => DEFAULT_MAPPINGS as f64,
            _ => 0.0,
        }
    }

    /// Growth at which a metric that grows has been watched for long enough. Without this bound
    /// a leaking body runs into its own limits before it is judged.
    pub(super) fn evidence(&self, metric: Metric) -> f64 {
        let bound = match metric {
            Metric::Fds => 128.0,
            Metric::Threads | Metric::Children => 64.0,
            Metric::Tasks | Metric::Mappings => 1024.0,
            Metric::HeapBlocks | Metric::NativeBlocks => f64::INFINITY,
            Metric::HeapBytes | Metric::NativeBytes | Metric::Resident | Metric::FdMemory => {
                (64u64 << 20) as f64
            }
        };
        match self.absolute(metric) {
            Some(limit) => bound.max(2.0 * limit as f64),
            None => bound,
        }
    }

    /// Growth that may end the process (or the machine's budget) before it is judged. Windows
    /// are cut so that they are not expected to go beyond it.
    pub(super) fn risk(&self, metric: Metric) -> f64 {
        self.evidence(metric) * if metric.is_bytes() { 16.0 } else { 4.0 }
    }
}

impl FromIterator<(Metric, u64)> for Limits {
    fn from_iter<I: IntoIterator<Item = (Metric, u64)>>(limits: I) -> Self {
        Limits(limits.into_iter().collect())
    }
}

/// Bytes that a heap needs for a block beside those that were asked for, at most: glibc keeps 8 in
/// front, rounds up to 16, and gives no less than 32
/// (<https://sourceware.org/glibc/wiki/MallocInternals>).
pub(crate) const BLOCK_OVERHEAD: f64 = 32.0;
/// Growth of the live footprint that is let through by default: the page-wise noise of an
/// allocator and of the kernel, seen on clean bodies.
pub(crate) const DEFAULT_RESIDENT: u64 = 256 * 1024;
/// Growth of the number of mappings that is let through by default: heaps are split and merged.
pub(super) const DEFAULT_MAPPINGS: u64 = 8;

/// Something of which the system gives few, and which was seen to grow before the judged part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scarce {
    /// The metric that counts it.
    pub metric: Metric,
    /// Growth within which it is to be judged.
    pub bound: u64,
}

/// What a run may cost and what growth is let through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Wall time that the judged part may take. Not looked at when `iterations` is set.
    pub time: Duration,
    /// Judge exactly so many iterations, without the clock.
    pub iterations: Option<u64>,
    /// What the user set.
    pub limits: Limits,
    /// The windows are made small enough to see this grow within its bound.
    pub scarce: Option<Scarce>,
    /// Stop as soon as this metric is called growing: nothing else is asked of the run.
    pub stop_when_growing: Option<Metric>,
    /// Metrics without which the run has not passed: one that was never read leaves it inconclusive.
    /// (A metric that is limited is always one of these.)
    pub must_read: &'static [Metric],
    /// Call nothing growing, whatever it shows. There is one use for a judge like this: to see that
    /// the control finds it out.
    #[doc(hidden)]
    pub blind: bool,
}

impl Default for Rules {
    /// Two seconds, no limits.
    fn default() -> Self {
        Rules {
            time: Duration::from_secs(2),
            iterations: None,
            limits: Limits::default(),
            scarce: None,
            stop_when_growing: None,
            must_read: &[],
            blind: false,
        }
    }
}
