//! All metrics at one checkpoint.

use crate::metric::Metric;

/// All metrics at one checkpoint. A metric that could not be read is `None`, not 0, so that a missing
/// reading never becomes a pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Readings {
    values: [Option<i64>; Metric::ALL.len()],
}

impl Readings {
    /// The reading of one metric, in bytes or items.
    pub fn get(&self, metric: Metric) -> Option<i64> {
        self.values.get(metric as usize).copied().flatten()
    }

    /// Sets the reading of one metric, in bytes or items.
    pub fn set(&mut self, metric: Metric, value: i64) {
        if let Some(slot) = self.values.get_mut(metric as usize) {
            *slot = Some(value);
        }
    }

    /// These readings and one more.
    ///
    /// ```
    /// use memcheck::{Metric, tool::detect::Readings};
    /// let readings = Readings::default().with(Metric::Fds, 7);
    /// assert_eq!(readings.get(Metric::Fds), Some(7));
    /// assert_eq!(readings.get(Metric::Threads), None);
    /// ```
    #[must_use]
    pub fn with(mut self, metric: Metric, value: i64) -> Self {
        self.set(metric, value);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_metric_has_its_own_slot() {
        let mut readings = Readings::default();
        for (at, metric) in Metric::ALL.into_iter().enumerate() {
            assert_eq!(metric as usize, at, "Metric::ALL must be in the order of declaration");
            readings.set(metric, at as i64 + 1);
        }
        for (at, metric) in Metric::ALL.into_iter().enumerate() {
            assert_eq!(readings.get(metric), Some(at as i64 + 1));
        }
    }
}
