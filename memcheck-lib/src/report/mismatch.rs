//! Blocks that are allocated on one side of the language border and freed on the other.

use super::{MetricReport, Report, Verdict};
use crate::metric::Metric;

/// A side of the border.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Rust's global allocator.
    Rust,
    /// The malloc family of the C library.
    C,
}

/// Blocks that one heap's allocator gives out and the other's takes back.
///
/// The counters show it as one heap that grows and one that falls, by as many blocks. No memory is
/// lost where both sides end in the same allocator, but nothing promises that they do: the
/// behaviour is undefined ([`GlobalAlloc::dealloc`](std::alloc::GlobalAlloc::dealloc) takes only
/// blocks of its own allocator, `free` only those of malloc), and the program breaks on the day its
/// global allocator changes. So it fails the test, under a name of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mismatch {
    /// Where the blocks are allocated.
    pub allocated_by: Side,
    /// Blocks per iteration.
    pub rate: f64,
}

impl Report {
    /// Blocks allocated on one side and freed on the other, found in the metrics: the blocks of
    /// one heap grow, those of the other fall at the same rate (within a twentieth).
    pub fn mismatch(&self) -> Option<Mismatch> {
        let blocks = |metric| self.metric(metric);
        let (rust, c) = (blocks(Metric::HeapBlocks)?, blocks(Metric::NativeBlocks)?);
        balance(rust, c, Side::Rust, self.iterations)
            .or_else(|| balance(c, rust, Side::C, self.iterations))
    }

    /// The same, if nothing else grows: then it is no leak.
    pub(super) fn mismatch_alone(&self) -> Option<Mismatch> {
        let mismatch = self.mismatch()?;
        let own = match mismatch.allocated_by {
            Side::Rust => [Metric::HeapBytes, Metric::HeapBlocks],
            Side::C => [Metric::NativeBytes, Metric::NativeBlocks],
        };
        let elsewhere =
            |of: &&MetricReport| of.verdict == Verdict::Growing && !own.contains(&of.metric);
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
    fn blocks_that_cross_the_border_are_named_with_their_side() {
        let one = report((Growing, 1000), (Steady, -1000), Steady);
        assert_eq!(one.mismatch(), Some(Mismatch { allocated_by: Side::Rust, rate: 1.0 }));
        assert_eq!(one.status(), Status::Fail);
        let two = report((Steady, -1990), (Growing, 2000), Steady);
        assert_eq!(two.mismatch(), Some(Mismatch { allocated_by: Side::C, rate: 2.0 }));
    }

    #[test]
    fn a_leak_is_not_excused() {
        // The C heap is steady, grows too, or falls by far less.
        for c in [(Steady, 0), (Growing, 1000), (Steady, -500)] {
            let report = report((Growing, 1000), c, Steady);
            assert_eq!(report.mismatch(), None);
            assert_eq!(report.status(), Status::Leak);
        }
        // Something else grows besides.
        let both = report((Growing, 1000), (Steady, -1000), Growing);
        assert!(both.mismatch().is_some());
        assert_eq!(both.status(), Status::Leak);
    }
}
