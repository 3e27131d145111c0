//! Growth of the footprint without growth of the heap: kept by the allocator, or gone for good?

use serde::{Deserialize, Serialize};

/// What came of asking the worker's allocators to give memory back and running the judged number
/// of iterations once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Retention {
    /// What it shows.
    pub finding: Finding,
    /// Iterations run again.
    pub iterations: u64,
    /// Bytes by which the live footprint grew over the judged part.
    pub growth: i64,
    /// Bytes by which it fell when the allocators were asked.
    pub given_back: i64,
    /// Bytes by which it grew over the same number of iterations again, the allocators having been
    /// asked before and after: what no allocator could give back.
    pub again: i64,
}

/// What growth of the footprint with a steady heap is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// It goes away when the allocators are asked, or does not come again: memory that the
    /// allocator keeps for the next request.
    Retained,
    /// It comes again and stays: fragmentation, or memory that comes from no counted heap.
    Stays,
}

/// What running the iterations again changed, the allocators having been asked before and after.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Again {
    /// Iterations run.
    pub(crate) iterations: u64,
    /// Change of the live footprint, in bytes.
    pub(crate) footprint: i64,
    /// Change of the live heap, in bytes.
    pub(crate) heap: i64,
}

/// Bytes that may be added again by what is called retained: a leak of pages grows by `growth`
/// again; a quarter of it is more than the pages in which two ends of the same heap differ.
pub(crate) fn bound(growth: i64) -> i64 {
    growth / 4
}

impl Retention {
    /// Draws the conclusion; `None` when the two ends cannot be compared.
    ///
    /// Both were taken after the allocators were asked, so whatever they could return is in neither.
    /// Blocks that are alive are judged as such, and are no growth of the footprint beside the heap;
    /// but where the memory under them stays with the process, more of them add nothing to it. So
    /// what is alive may speak for the footprint only as far as a leak cannot hide behind it, and a
    /// heap or a footprint that fell far says nothing.
    pub(crate) fn new(growth: i64, given_back: i64, again: Again) -> Option<Self> {
        let Again { iterations, footprint, heap } = again;
        let bound = bound(growth);
        let beside = footprint.saturating_sub(heap.max(0));
        let like = heap.abs() <= bound;
        let fell = heap < -bound || footprint < -bound;
        let finding = match () {
            () if fell => return None,
            () if footprint <= bound || (like && beside <= bound) => Finding::Retained,
            () if like => Finding::Stays,
            () => return None,
        };
        Some(Retention { finding, iterations, growth, given_back, again: beside })
    }

    /// Bytes that may be added again by what is called retained.
    pub(crate) fn bound(&self) -> i64 {
        bound(self.growth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: i64 = 1 << 20;

    fn finding(given_back: i64, footprint: i64, heap: i64) -> Option<Finding> {
        let again = Again { iterations: 1000, footprint, heap };
        Retention::new(8 * MIB, given_back, again).map(|of| of.finding)
    }

    #[test]
    fn growth_that_does_not_come_again_is_retained() {
        assert_eq!(finding(8 * MIB, 0, 0), Some(Finding::Retained));
        assert_eq!(finding(8 * MIB, -MIB, 0), Some(Finding::Retained));
        assert_eq!(finding(0, MIB, 0), Some(Finding::Retained));
        assert_eq!(finding(0, 8 * MIB, 0), Some(Finding::Stays));
        assert_eq!(finding(4 * MIB, 4 * MIB, 0), Some(Finding::Stays));
    }

    #[test]
    fn no_leak_hides_behind_what_is_alive() {
        // A heap that stands higher at the second end, its memory resident at both.
        assert_eq!(finding(0, 8 * MIB, 10 * MIB), None);
        assert_eq!(finding(0, 8 * MIB, 2 * MIB), Some(Finding::Stays));
        // Blocks that other threads have yet to free.
        assert_eq!(finding(8 * MIB, 3 * MIB, 2 * MIB), Some(Finding::Retained));
        // One that stands lower, its memory given back.
        assert_eq!(finding(0, 0, -8 * MIB), None);
        assert_eq!(finding(0, -6 * MIB, 0), None);
        // The footprint does not grow, whatever the heap does.
        assert_eq!(finding(0, MIB, 10 * MIB), Some(Finding::Retained));
    }
}
