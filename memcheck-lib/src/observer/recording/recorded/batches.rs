//! How many iterations are recorded, and in which batches. Pure.

use crate::report::{MetricReport, Verdict};

/// The first batch: a prime below 64, so that six doubling batches make up the about 4,000 iterations of
/// a default run.
const FIRST: u64 = 61;
/// The first batch is at most this part of all iterations, so that at least three batches follow each
/// other: a series needs them to distinguish a leak from a full cache.
const BATCHES: u64 = 8;

/// The largest number of iterations to record: as many as were run before, because a container that
/// doubles does so once in as many, but no more than the evidence needs.
pub(super) fn target(before: u64, metrics: &[MetricReport]) -> u64 {
    let growing = metrics.iter().filter(|of| of.verdict == Verdict::Growing && of.rate > 0.0);
    let bounds = growing.map(|of| (of.metric.row().recorded_growth / of.rate) as u64);
    bounds.fold(before, u64::min).max(before.min(BATCHES))
}

/// Batches of a prime number of iterations, so that they do not coincide with what a body does every so
/// many iterations. Each is about twice as long as the previous one.
#[derive(Debug)]
pub(super) struct Batches {
    left: u64,
    last: Option<u64>,
}

impl Batches {
    pub(super) fn new(target: u64) -> Batches {
        Batches { left: target, last: None }
    }
}

impl Iterator for Batches {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        if self.left == 0 {
            return None;
        }
        let wanted = match self.last {
            None => at_most(FIRST.min(self.left / BATCHES).max(2)),
            Some(last) => at_least(last * 2),
        };
        // A rest that is no longer than this batch is added to it.
        let batch = if self.left < wanted * 2 { at_least(self.left) } else { wanted };
        self.left = self.left.saturating_sub(batch);
        self.last = Some(batch);
        Some(batch)
    }
}

fn is_prime(number: u64) -> bool {
    number >= 2
        && (2..).take_while(|of: &u64| of * of <= number).all(|of| !number.is_multiple_of(of))
}

fn at_least(number: u64) -> u64 {
    (number..).find(|&of| is_prime(of)).unwrap_or(number)
}

fn at_most(number: u64) -> u64 {
    (2..=number).rev().find(|&of| is_prime(of)).unwrap_or(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::Metric;
    use crate::report::Shape;

    fn growing(metric: Metric, rate: f64) -> MetricReport {
        MetricReport {
            metric,
            verdict: Verdict::Growing,
            shape: Shape::Growing,
            growth: 0,
            rate,
            limit: None,
            sensitivity: None,
            windows: Vec::new(),
        }
    }

    #[test]
    fn batches_are_primes_that_double() {
        assert_eq!(Batches::new(2000).collect::<Vec<_>>(), [61, 127, 257, 521, 1039]);
        assert_eq!(Batches::new(496).collect::<Vec<_>>(), [61, 127, 311]);
        assert_eq!(Batches::new(31).collect::<Vec<_>>(), [3, 7, 23]);
        assert_eq!(Batches::new(8).collect::<Vec<_>>(), [2, 7]);
        assert_eq!(Batches::new(1).collect::<Vec<_>>(), [2]);
        assert_eq!(Batches::new(0).collect::<Vec<_>>(), [0u64; 0]);
    }

    #[test]
    fn the_target_is_limited_by_the_evidence_needed() {
        assert_eq!(target(4000, &[]), 4000);
        assert_eq!(target(4000, &[growing(Metric::HeapBytes, 8.0)]), 4000);
        assert_eq!(target(4000, &[growing(Metric::Threads, 1.0)]), 48);
        assert_eq!(target(4000, &[growing(Metric::Fds, 0.5)]), 128);
        assert_eq!(target(4000, &[growing(Metric::HeapBytes, 1e9)]), 4000);
        assert_eq!(target(4000, &[growing(Metric::HeapBlocks, 1e9)]), 8);
        assert_eq!(target(3, &[growing(Metric::Fds, 1e9)]), 3);
    }
}
