//! What a run may cost and what growth is let through.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::figure::Figure;

/// The limits that the user set, by figure. What is not in it takes the default of the figure.
///
/// - [`Figure::HeapBytes`]: bytes per iteration by which the heap may grow, a rate. It holds for the
///   Rust and for the C heap, each by itself, and for their blocks.
/// - every other figure: absolute growth over the judged part, in bytes or items.
///
/// ```
/// use memcheck::{Figure, growth::Limits};
/// let limits: Limits = [(Figure::Fds, 2), (Figure::Resident, 1 << 20)].into_iter().collect();
/// assert_eq!(limits.get(Figure::Fds), Some(2));
/// assert_eq!(limits.get(Figure::Threads), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits(BTreeMap<Figure, u64>);

impl Limits {
    /// What the user set for this figure.
    pub fn get(&self, figure: Figure) -> Option<u64> {
        self.0.get(&figure).copied()
    }

    /// Sets the limit of one figure.
    pub fn set(&mut self, figure: Figure, limit: u64) {
        self.0.insert(figure, limit);
    }

    /// All limits, in the order of [`Figure::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Figure, u64)> + '_ {
        self.0.iter().map(|(figure, limit)| (*figure, *limit))
    }

    /// The limit on bytes per iteration that a heap figure is held to.
    pub(super) fn rate(&self, figure: Figure) -> Option<u64> {
        if figure.is_limited_by_rate() { self.get(Figure::HeapBytes) } else { None }
    }

    /// The limit on the growth over the whole judged part.
    pub(super) fn absolute(&self, figure: Figure) -> Option<u64> {
        if figure.is_limited_by_rate() { None } else { self.get(figure) }
    }

    /// Growth over `iterations` up to which a rising figure is let through.
    ///
    /// A user's absolute limit replaces the default. A heap that may grow by the user's wish takes
    /// pages too: twice its bytes, because allocators round sizes up, and what they need beside each
    /// of the `blocks` by which it grew.
    pub(super) fn tolerance(&self, figure: Figure, iterations: u64, blocks: u64) -> f64 {
        if let Some(rate) = self.rate(figure) {
            return rate as f64 * iterations as f64;
        }
        if let Some(limit) = self.absolute(figure) {
            return limit as f64;
        }
        match figure {
            Figure::Resident => {
                let permitted = self.get(Figure::HeapBytes).unwrap_or(0) as f64;
                let beside = if permitted > 0.0 { BLOCK_OVERHEAD * blocks as f64 } else { 0.0 };
                DEFAULT_RESIDENT as f64 + 2.0 * permitted * iterations as f64 + beside
            }
            Figure::Mappings => DEFAULT_MAPPINGS as f64,
            _ => 0.0,
        }
    }

    /// Growth at which a figure that grows has been watched for long enough. Without this bound
    /// a leaking body runs into its own limits before it is judged.
    pub(super) fn evidence(&self, figure: Figure) -> f64 {
        let bound = match figure {
            Figure::Fds => 128.0,
            Figure::Threads | Figure::Children => 64.0,
            Figure::Tasks | Figure::Mappings => 1024.0,
            Figure::HeapBlocks | Figure::NativeBlocks => f64::INFINITY,
            Figure::HeapBytes | Figure::NativeBytes | Figure::Resident | Figure::FdMemory => {
                (64u64 << 20) as f64
            }
        };
        match self.absolute(figure) {
            Some(limit) => bound.max(2.0 * limit as f64),
            None => bound,
        }
    }

    /// Growth that may end the process (or the machine's patience) before it is judged. Windows
    /// are cut so that they are not expected to go beyond it.
    pub(super) fn risk(&self, figure: Figure) -> f64 {
        self.evidence(figure) * if figure.is_bytes() { 16.0 } else { 4.0 }
    }
}

impl FromIterator<(Figure, u64)> for Limits {
    fn from_iter<I: IntoIterator<Item = (Figure, u64)>>(limits: I) -> Self {
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
    /// The figure that counts it.
    pub figure: Figure,
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
    /// Stop as soon as this figure is called growing: nothing else is asked of the run.
    pub stop_when_growing: Option<Figure>,
    /// Figures without which the run has not passed: one that was never read leaves it inconclusive.
    /// (A figure that is limited is always one of these.)
    pub must_read: &'static [Figure],
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
