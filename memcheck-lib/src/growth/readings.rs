//! All figures at one checkpoint.

use crate::figure::Figure;

/// All figures at one checkpoint. A figure that could not be read is `None`, which is not 0: a
/// missing reading never becomes a pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Readings {
    values: [Option<i64>; Figure::ALL.len()],
}

impl Readings {
    /// The reading of one figure, in bytes or items.
    pub fn get(&self, figure: Figure) -> Option<i64> {
        self.values.get(figure as usize).copied().flatten()
    }

    /// Writes the reading of one figure, in bytes or items.
    pub fn set(&mut self, figure: Figure, value: i64) {
        if let Some(slot) = self.values.get_mut(figure as usize) {
            *slot = Some(value);
        }
    }

    /// These readings with one figure more.
    ///
    /// ```
    /// use memcheck::{Figure, growth::Readings};
    /// let readings = Readings::default().with(Figure::Fds, 7);
    /// assert_eq!(readings.get(Figure::Fds), Some(7));
    /// assert_eq!(readings.get(Figure::Threads), None);
    /// ```
    #[must_use]
    pub fn with(mut self, figure: Figure, value: i64) -> Self {
        self.set(figure, value);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_has_its_own_place() {
        let mut readings = Readings::default();
        for (at, figure) in Figure::ALL.into_iter().enumerate() {
            assert_eq!(figure as usize, at, "Figure::ALL must be in the order of declaration");
            readings.set(figure, at as i64 + 1);
        }
        for (at, figure) in Figure::ALL.into_iter().enumerate() {
            assert_eq!(readings.get(figure), Some(at as i64 + 1));
        }
    }
}
