//! Blocks that one allocator allocates and the other one frees: Rust's and C's.

use super::test_report::Report;
use crate::detect::{MetricReport, Verdict};
use crate::metric::{Heap, Metric};

/// An allocator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Rust's global allocator.
    Rust,
    /// The malloc family of the C library.
    C,
}

impl Side {
    /// The metric that counts the blocks of this allocator.
    pub(crate) const fn blocks(self) -> Metric {
        match self {
            Side::Rust => Metric::HeapBlocks,
            Side::C => Metric::NativeBlocks,
        }
    }
}

/// Blocks that one allocator allocates and the other one frees.
///
/// In the counters one heap grows and the other one falls, by the same number of blocks. If both
/// allocators end in the same `malloc`, no memory is lost, but nothing guarantees that they do. The
/// behaviour is undefined: [`GlobalAlloc::dealloc`](std::alloc::GlobalAlloc::dealloc) takes only blocks
/// of its own allocator, and `free` only those of malloc. The program breaks when its global allocator
/// changes. So a mismatch fails the test, with a code of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mismatch {
    /// The allocator that allocates the blocks.
    pub allocated_by: Side,
    /// Blocks per iteration.
    pub rate: f64,
}

impl Report {
    /// Blocks that one allocator allocates and the other one frees, according to the metrics: the blocks
    /// of one heap grow, and those of the other one fall at the same rate (within 5 %).
    #[doc(hidden)]
    pub fn mismatch(&self) -> Option<Mismatch> {
        let rust = self.metric(Side::Rust.blocks())?;
        let c = self.metric(Side::C.blocks())?;
        balance(rust, c, Side::Rust, self.iterations)
            .or_else(|| balance(c, rust, Side::C, self.iterations))
    }

    /// The same, if nothing else grows. Then the test does not leak.
    pub(super) fn mismatch_alone(&self) -> Option<Mismatch> {
        let mismatch = self.mismatch()?;
        let blocks = mismatch.allocated_by.blocks();
        let is_own = |metric: Metric| {
            metric == blocks || blocks.row().heap == Heap::Blocks { bytes: metric }
        };
        let elsewhere = |of: &&MetricReport| of.verdict == Verdict::Growing && !is_own(of.metric);
        self.metrics.iter().find(elsewhere).is_none().then_some(mismatch)
    }
}

fn balance(
    grows: &MetricReport,
    falls: &MetricReport,
    allocated_by: Side,
    iterations: u64,
) -> Option<Mismatch> {
    let (up, down) = (grows.growth, falls.growth.checked_neg()?);
    let alike = up.abs_diff(down) <= (up / 20).unsigned_abs();
    let found = grows.verdict == Verdict::Growing && down > 0 && alike && iterations > 0;
    found.then(|| Mismatch { allocated_by, rate: up as f64 / iterations as f64 })
}

#[cfg(test)]
mod tests {
    use super::super::{Outcome, Shape, Status, TestId};
    use super::*;

    fn metric(metric: Metric, verdict: Verdict, growth: i64) -> MetricReport {
        MetricReport {
            metric,
            verdict,
            shape: Shape::Steady,
            growth,
            rate: growth as f64 / 1000.0,
            limit: None,
            sensitivity: None,
            windows: Vec::new(),
        }
    }

    fn report(rust: (Verdict, i64), c: (Verdict, i64), resident: Verdict) -> Report {
        let mut report = Report::unobserved(TestId::default(), Outcome::Passed);
        report.iterations = 1000;
        report.verdict = Some(rust.0.max(c.0).max(resident));
        report.metrics = vec![
            metric(Metric::HeapBlocks, rust.0, rust.1),
            metric(Metric::NativeBlocks, c.0, c.1),
            metric(Metric::Resident, resident, 0),
        ];
        report
    }

    use Verdict::{Growing, Steady};

    #[test]
    fn mismatch_names_the_allocator() {
        let one = report((Growing, 1000), (Steady, -1000), Steady);
        assert_eq!(one.mismatch(), Some(Mismatch { allocated_by: Side::Rust, rate: 1.0 }));
        assert_eq!(one.status(), Status::Fail);
        let two = report((Steady, -1990), (Growing, 2000), Steady);
        assert_eq!(two.mismatch(), Some(Mismatch { allocated_by: Side::C, rate: 2.0 }));
    }

    #[test]
    fn leak_is_not_a_mismatch() {
        // The C heap is steady, grows too, or falls by far less.
        for c in [(Steady, 0), (Growing, 1000), (Steady, -500)] {
            let report = report((Growing, 1000), c, Steady);
            assert_eq!(report.mismatch(), None);
            assert_eq!(report.status(), Status::Leak);
        }
        // Another metric grows as well.
        let both = report((Growing, 1000), (Steady, -1000), Growing);
        assert!(both.mismatch().is_some());
        assert_eq!(both.status(), Status::Leak);
    }
}
