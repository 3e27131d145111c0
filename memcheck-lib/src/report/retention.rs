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

fn bound(growth: i64) -> i64 {
    growth / 4
}

impl Retention {
    /// Draws the conclusion.
    ///
    /// Both ends of `again` are taken after the allocators were asked, so whatever they could
    /// return is in neither. A leak of pages grows by `growth` again; a quarter of it is more than
    /// the pages in which two ends of the same heap differ.
    pub(crate) fn new(iterations: u64, growth: i64, given_back: i64, again: i64) -> Self {
        let finding = if again <= bound(growth) { Finding::Retained } else { Finding::Stays };
        Retention { finding, iterations, growth, given_back, again }
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

    #[test]
    fn growth_that_does_not_come_again_is_retained() {
        let finding = |given_back, again| Retention::new(1000, 8 * MIB, given_back, again).finding;
        assert_eq!(finding(8 * MIB, 0), Finding::Retained);
        assert_eq!(finding(8 * MIB, -MIB), Finding::Retained);
        assert_eq!(finding(0, MIB), Finding::Retained);
        assert_eq!(finding(0, 8 * MIB), Finding::Stays);
        assert_eq!(finding(4 * MIB, 4 * MIB), Finding::Stays);
    }
}
