//! The readings of one figure, window by window, with the iterations they were made at.

/// One reading: iterations of the judged part done, and the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Point {
    /// Iterations done when it was read.
    pub(super) at: u64,
    /// Bytes or items.
    pub(super) value: i64,
}

/// `later - earlier` without overflow.
pub(super) fn difference(later: i64, earlier: i64) -> f64 {
    (i128::from(later) - i128::from(earlier)) as f64
}

/// Consecutive checkpoints that are judged together. Never empty.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Window {
    /// Iterations done before it.
    pub(super) start: u64,
    points: Vec<Point>,
}

impl Window {
    /// A window of at least one reading.
    pub(super) fn new(start: u64, points: Vec<Point>) -> Option<Self> {
        (!points.is_empty()).then_some(Window { start, points })
    }

    pub(super) fn points(&self) -> &[Point] {
        &self.points
    }

    /// The lowest checkpoint, the first of them if there are several.
    pub(super) fn floor(&self) -> Point {
        self.points.iter().copied().min_by_key(|point| point.value).unwrap_or(self.last())
    }

    /// The highest value.
    pub(super) fn ceiling(&self) -> i64 {
        self.points.iter().map(|point| point.value).max().unwrap_or(self.last().value)
    }

    /// The last checkpoint.
    pub(super) fn last(&self) -> Point {
        self.points.last().copied().unwrap_or(Point { at: self.start, value: 0 })
    }

    /// The first checkpoint.
    pub(super) fn first(&self) -> Point {
        self.points.first().copied().unwrap_or(Point { at: self.start, value: 0 })
    }

    /// Median position and median value: for a straight line the middle of the window exactly,
    /// in noise hardly moved by outliers.
    pub(super) fn middle(&self) -> (f64, f64) {
        let mut values: Vec<i64> = self.points.iter().map(|point| point.value).collect();
        values.sort_unstable();
        let at = |index: usize| self.points.get(index).map_or(0.0, |point| point.at as f64);
        let value = |index: usize| values.get(index).map_or(0.0, |value| *value as f64);
        let (low, high) = ((values.len().max(1) - 1) / 2, values.len() / 2);
        ((at(low) + at(high)) / 2.0, (value(low) + value(high)) / 2.0)
    }
}

/// The readings of one figure over the judged part.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Series {
    /// The reading before the judged part.
    pub(super) baseline: Option<i64>,
    /// The windows so far.
    pub(super) windows: Vec<Window>,
}

impl Series {
    /// Windows by number, the last being the highest.
    pub(super) fn window(&self, number: usize) -> Option<&Window> {
        self.windows.get(number)
    }

    /// The last `count` windows, fewer if there are fewer.
    pub(super) fn late(&self, count: usize) -> &[Window] {
        self.windows.get(self.windows.len().saturating_sub(count)..).unwrap_or(&[])
    }

    /// The first reading there is: the baseline if it could be read.
    pub(super) fn origin(&self) -> Option<Point> {
        match self.baseline {
            Some(value) => Some(Point { at: 0, value }),
            None => self.windows.first().map(Window::first),
        }
    }

    /// The last reading there is.
    pub(super) fn end(&self) -> Option<Point> {
        self.windows.last().map(Window::last).or(self.origin())
    }

    /// Change from the first to the last reading.
    pub(super) fn growth(&self) -> i64 {
        match (self.origin(), self.end()) {
            (Some(origin), Some(end)) => end.value.saturating_sub(origin.value),
            _ => 0,
        }
    }

    /// All readings in order, the baseline first.
    pub(super) fn points(&self) -> Vec<Point> {
        let baseline = self.baseline.map(|value| Point { at: 0, value });
        baseline
            .into_iter()
            .chain(self.windows.iter().flat_map(|window| window.points().iter().copied()))
            .collect()
    }
}

/// Deepest fall below a value reached before, over these windows: 0 for a figure that only rises.
pub(super) fn deepest_fall(windows: &[Window]) -> f64 {
    let mut highest: Option<i64> = None;
    let mut deepest = 0.0f64;
    for point in windows.iter().flat_map(Window::points) {
        let before = highest.unwrap_or(point.value);
        deepest = deepest.max(difference(before, point.value));
        highest = Some(before.max(point.value));
    }
    deepest
}

#[cfg(test)]
pub(super) mod literal {
    //! Series written down by hand.
    use super::*;
    use crate::growth::WindowPlan;

    /// Windows of the given iterations, their checkpoints read off `value(iterations done)`.
    pub(in crate::growth) fn from_function(
        windows: &[u64],
        mut value: impl FnMut(u64) -> i64,
    ) -> Series {
        let mut done = 0;
        let baseline = Some(value(0));
        let windows = windows
            .iter()
            .filter_map(|iterations| {
                let start = done;
                let points = WindowPlan::of(*iterations)
                    .batches
                    .iter()
                    .map(|batch| {
                        done += batch;
                        Point { at: done, value: value(done) }
                    })
                    .collect();
                Window::new(start, points)
            })
            .collect();
        Series { baseline, windows }
    }

    /// Doubling windows from 16.
    pub(in crate::growth) fn doubling(count: u32, value: impl FnMut(u64) -> i64) -> Series {
        let windows: Vec<u64> = (0..count).map(|at| 16 << at).collect();
        from_function(&windows, value)
    }
}
