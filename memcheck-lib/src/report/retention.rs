//! Growth of the footprint without growth of the heap: allocator retention, or pages that are touched for
//! the first time.

use serde::{Deserialize, Serialize};

/// The result of asking the allocators to return free memory and running the judged iterations again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Retention {
    /// The conclusion.
    pub finding: RetentionFinding,
    /// Iterations of the second run; of the judged part if nothing was repeated.
    pub iterations: u64,
    /// Growth of the live footprint over the judged part, in bytes.
    pub growth: i64,
    /// Bytes that the allocators returned.
    pub given_back: i64,
    /// Growth over the second run, in bytes. The allocators were asked before and after it, so this is
    /// memory that no allocator could return.
    pub again: i64,
}

/// The cause of a growing footprint with a steady heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RetentionFinding {
    /// Allocator retention: the allocators returned it, or it did not recur.
    Retained,
    /// Pages of memory that was allocated or mapped before the judged part, touched in it for the first
    /// time. Nothing was repeated: `again` is the growth elsewhere.
    FirstTouch,
    /// It recurs and stays: fragmentation, or memory of no counted heap.
    Stays,
}

/// The changes over a second run of the judged iterations. The allocators were asked to return memory
/// before and after it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SecondRun {
    /// Iterations run.
    pub(crate) iterations: u64,
    /// Change of the live footprint, in bytes.
    pub(crate) footprint: i64,
    /// Change of the live heap, in bytes.
    pub(crate) heap: i64,
}

/// Growth over the second run that still counts as allocator retention. A leak of pages grows by
/// `growth` again. A quarter of that is more than the difference between two readings of the same heap.
pub(crate) fn bound(growth: i64) -> i64 {
    growth / 4
}

impl Retention {
    /// Concludes from both ends of the second run; `None` if they cannot be compared.
    ///
    /// Both were read after the allocators were asked, so neither contains memory that they can return.
    /// Growth of the live heap explains growth of the footprint, but only up to the bound: the pages of
    /// a larger heap may have been there before, and a leak must not hide behind it. If heap or
    /// footprint fell by more than the bound, the readings prove nothing.
    pub(crate) fn new(growth: i64, given_back: i64, again: SecondRun) -> Option<Self> {
        let SecondRun { iterations, footprint, heap } = again;
        let bound = bound(growth);
        let outside_heap = footprint.saturating_sub(heap.max(0));
        let like = heap.abs() <= bound;
        let fell = heap < -bound || footprint < -bound;
        let finding = match () {
            () if fell => return None,
            () if footprint <= bound || (like && outside_heap <= bound) => {
                RetentionFinding::Retained
            }
            () if like => RetentionFinding::Stays,
            () => return None,
        };
        Some(Retention { finding, iterations, growth, given_back, again: outside_heap })
    }

    /// Growth over the second run that still counts as allocator retention.
    pub(crate) fn bound(&self) -> i64 {
        bound(self.growth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: i64 = 1 << 20;

    fn finding(given_back: i64, footprint: i64, heap: i64) -> Option<RetentionFinding> {
        let again = SecondRun { iterations: 1000, footprint, heap };
        Retention::new(8 * MIB, given_back, again).map(|of| of.finding)
    }

    #[test]
    fn growth_that_does_not_recur_is_retention() {
        assert_eq!(finding(8 * MIB, 0, 0), Some(RetentionFinding::Retained));
        assert_eq!(finding(8 * MIB, -MIB, 0), Some(RetentionFinding::Retained));
        assert_eq!(finding(0, MIB, 0), Some(RetentionFinding::Retained));
        assert_eq!(finding(0, 8 * MIB, 0), Some(RetentionFinding::Stays));
        assert_eq!(finding(4 * MIB, 4 * MIB, 0), Some(RetentionFinding::Stays));
    }

    #[test]
    fn live_heap_hides_no_leak() {
        // A heap that is larger at the end, its pages resident before.
        assert_eq!(finding(0, 8 * MIB, 10 * MIB), None);
        assert_eq!(finding(0, 8 * MIB, 2 * MIB), Some(RetentionFinding::Stays));
        // Blocks that other threads have not freed yet.
        assert_eq!(finding(8 * MIB, 3 * MIB, 2 * MIB), Some(RetentionFinding::Retained));
        // A heap that is smaller at the end, its pages returned.
        assert_eq!(finding(0, 0, -8 * MIB), None);
        assert_eq!(finding(0, -6 * MIB, 0), None);
        // The footprint does not grow, whatever the heap does.
        assert_eq!(finding(0, MIB, 10 * MIB), Some(RetentionFinding::Retained));
    }
}
