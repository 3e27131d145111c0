//! The limits that the user set, and how much growth is allowed.

use std::collections::BTreeMap;

use crate::metric::{Heap, Limit, Metric};

/// Bytes that a heap needs for a block besides the requested ones, at most: glibc keeps 8 in front,
/// rounds up to 16, and returns no block smaller than 32
/// (<https://sourceware.org/glibc/wiki/MallocInternals>).
pub(crate) const BLOCK_OVERHEAD: f64 = 32.0;

/// Pages for each byte of requested memory, at most: allocators round sizes up to size classes.
const PAGES_PER_HEAP_BYTE: f64 = 2.0;

/// How far a metric of bytes may grow before the process is in danger, as a multiple of what is
/// enough evidence: 1 GiB for memory.
const RISK_OF_BYTES: f64 = 16.0;
/// The same for a count: half of the 1,024 descriptors that a shell allows by default.
const RISK_OF_ITEMS: f64 = 4.0;

/// The limits that the user set, by metric. A metric without one has the default of its kind.
///
/// - [`Metric::HeapBytes`]: bytes per iteration by which the heap may grow, a rate. It holds for the
///   Rust heap and for the C heap, each by itself, and for their blocks.
/// - every other metric: growth over the whole judged part, in bytes or items.
///
/// ```
/// use memcheck::{Metric, tool::detect::Limits};
/// let limits: Limits = [(Metric::Fds, 2), (Metric::Resident, 1 << 20)].into_iter().collect();
/// assert_eq!(limits.get(Metric::Fds), Some(2));
/// assert_eq!(limits.get(Metric::Threads), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits(BTreeMap<Metric, u64>);

impl Limits {
    /// The limit of this metric, if the user set one.
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

    /// The limit on the growth per iteration.
    pub(super) fn rate(&self, metric: Metric) -> Option<u64> {
        match metric.row().limit {
            Limit::PerIteration(of) => self.get(of),
            Limit::Total => None,
        }
    }

    /// The limit on the growth over the whole judged part.
    pub(super) fn absolute(&self, metric: Metric) -> Option<u64> {
        if metric.is_limited_by_rate() { None } else { self.get(metric) }
    }

    /// Growth over `iterations` that is allowed for a rising metric.
    ///
    /// An absolute limit of the user replaces the default. If the user lets the heap grow, its pages
    /// may grow too: by twice its bytes, plus the overhead of each of the `blocks` by which it grew.
    pub(super) fn tolerance(&self, metric: Metric, iterations: u64, blocks: u64) -> f64 {
        if let Some(rate) = self.rate(metric) {
            return rate as f64 * iterations as f64;
        }
        if let Some(limit) = self.absolute(metric) {
            return limit as f64;
        }
        let row = metric.row();
        let heap = match row.heap {
            Heap::Contained => {
                let allowed = self.get(Metric::HeapBytes).unwrap_or(0) as f64;
                let overhead = if allowed > 0.0 { BLOCK_OVERHEAD * blocks as f64 } else { 0.0 };
                PAGES_PER_HEAP_BYTE * allowed * iterations as f64 + overhead
            }
            Heap::Bytes { .. } | Heap::Blocks { .. } | Heap::None => 0.0,
        };
        row.allowance as f64 + heap
    }

    /// Growth after which a growing metric needs no further evidence.
    pub(super) fn evidence(&self, metric: Metric) -> f64 {
        let bound = metric.row().enough_growth;
        match self.absolute(metric) {
            Some(limit) => bound.max(2.0 * limit as f64),
            None => bound,
        }
    }

    /// Growth that may end the process before it is judged. Windows are kept so short that they are
    /// not expected to exceed it.
    pub(super) fn risk(&self, metric: Metric) -> f64 {
        self.evidence(metric) * if metric.is_bytes() { RISK_OF_BYTES } else { RISK_OF_ITEMS }
    }
}

impl FromIterator<(Metric, u64)> for Limits {
    fn from_iter<I: IntoIterator<Item = (Metric, u64)>>(limits: I) -> Self {
        Limits(limits.into_iter().collect())
    }
}
