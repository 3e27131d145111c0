//! A hot path that must not allocate.
//!
//! A histogram of durations is filled for every request of a server, or in an audio callback, where an
//! allocation may wait for a lock. `allocations = 0` turns the rule into a test. This is not about leaks:
//! `record_and_log` frees its string at once, every time, and keeps nothing. It just must not allocate.

/// Durations in buckets of powers of two of a microsecond.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [u64; 32],
}

impl Histogram {
    /// Counts a duration. Allocates nothing.
    pub fn record(&mut self, microseconds: u32) {
        self.buckets[Self::bucket(microseconds)] += 1;
    }

    /// Counts a duration and says so if it is long. Its string is an allocation for each slow
    /// request.
    pub fn record_and_log(&mut self, microseconds: u32, log: impl FnOnce(&str)) {
        self.record(microseconds);
        if microseconds > 1_000 {
            log(&format!("slow: {microseconds} us"));
        }
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    fn bucket(microseconds: u32) -> usize {
        (u32::BITS - microseconds.leading_zeros()).min(31) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use memcheck::{Workload, memcheck};

    /// Passes.
    #[memcheck(allocations = 0)]
    fn recording_does_not_allocate(workload: Workload) {
        let mut histogram = Histogram::default();
        workload.iterate(|| histogram.record(700));
        assert!(histogram.count() > 0);
    }

    /// Fails as LIMIT, with the iteration that allocated.
    #[memcheck(allocations = 0)]
    fn recording_and_logging_does_not_allocate(workload: Workload) {
        let mut histogram = Histogram::default();
        let mut requests = 0;
        workload.iterate(|| {
            requests += 1;
            // Every 20th request is slow.
            let microseconds = if requests % 20 == 0 { 5_000 } else { 300 };
            histogram.record_and_log(microseconds, |line| assert!(!line.is_empty()));
        });
    }
}
