//! The readings of one metric, window by window, with the iterations they were made at.

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

    /// The lowest value, placed at the first checkpoint. There it is found in a metric that only
    /// rises; in noise on a level it could be anywhere, and the distance between two floors would
    /// be a matter of chance.
    pub(super) fn floor(&self) -> Point {
        let value = self.points.iter().map(|point| point.value).min();
        Point { at: self.first().at, value: value.unwrap_or(self.first().value) }
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

/// The readings of one metric over the judged part.
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

    /// Whether some of the last `count` windows are no longer than the one before: the budget, or what
    /// the process can bear, cut them short.
    pub(super) fn is_cut_short(&self, count: usize) -> bool {
        let lengths: Vec<u64> = self
            .late(count)
            .iter()
            .map(|window| window.last().at.saturating_sub(window.start))
            .collect();
        lengths.windows(2).any(|pair| pair[1] < pair[0].saturating_mul(3) / 2)
    }

    /// The same readings in windows that double whatever was run: the last half of the run, the half
    /// before that, and so on.
    pub(super) fn in_halves(&self) -> Series {
        let points: Vec<Point> = self.windows.iter().flat_map(Window::points).copied().collect();
        let mut windows = Vec::new();
        let mut end = points.last().map_or(0, |last| last.at);
        while end > 0 {
            let within = |point: &&Point| point.at > end / 2 && point.at <= end;
            let window = Window::new(end / 2, points.iter().filter(within).copied().collect());
            let Some(window) = window else { break };
            windows.push(window);
            end /= 2;
        }
        windows.reverse();
        Series { baseline: self.baseline, windows }
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

/// Values with peaks of a single checkpoint cut off: each the lower of itself and the next. A
/// metric that only rises is left as it is.
pub(super) fn without_peaks(points: impl Iterator<Item = Point>) -> Vec<Point> {
    let mut kept: Vec<Point> = points.collect();
    for at in 1..kept.len() {
        if let [before, after] = &mut kept[at - 1..=at] {
            before.value = before.value.min(after.value);
        }
    }
    kept
}

/// Checkpoints from which on a single one is an exception and not a share of what was seen.
const MANY: usize = 20;
/// Few checkpoints do not show all of the noise there is.
const FEW_MARGIN: f64 = 1.5;
/// How far above the other falls those from single peaks must be to be peaks and not noise.
const PEAK: f64 = 4.0;

/// The noise in these windows: the deepest fall below a value reached before, 0 for a metric that
/// only rises. Floors do not feel a rare peak of a single checkpoint, so falls from those do not
/// count where there are checkpoints enough to know them from noise.
pub(super) fn deepest_fall(windows: &[Window]) -> f64 {
    let points: Vec<Point> = windows.iter().flat_map(Window::points).copied().collect();
    let deepest = deepest_fall_from(&points, &points);
    if points.len() < MANY {
        return deepest * FEW_MARGIN;
    }
    if deepest == 0.0 {
        return deepest;
    }
    let lasting = deepest_fall_from(&without_peaks(points.iter().copied()), &points);
    if deepest > PEAK * lasting { lasting } else { deepest }
}

/// Deepest fall of a later point below an earlier height.
fn deepest_fall_from(heights: &[Point], points: &[Point]) -> f64 {
    let mut highest: Option<i64> = None;
    let mut deepest = 0.0f64;
    for (height, point) in heights.iter().zip(points) {
        let before = highest.unwrap_or(height.value);
        deepest = deepest.max(difference(before, point.value));
        highest = Some(before.max(height.value));
    }
    deepest
}

/// Whether the metric never fell in these windows.
pub(super) fn never_falls(windows: &[Window]) -> bool {
    windows.iter().flat_map(Window::points).is_sorted_by_key(|point| point.value)
}

#[cfg(test)]
pub(super) mod literal {
    //! Series written down by hand.
    use super::*;
    use crate::detect::WindowPlan;

    /// Windows of the given iterations, their checkpoints read off `value(iterations done)`.
    pub(in crate::detect) fn from_function(
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
    pub(in crate::detect) fn doubling(count: u32, value: impl FnMut(u64) -> i64) -> Series {
        let windows: Vec<u64> = (0..count).map(|at| 16 << at).collect();
        from_function(&windows, value)
    }
}
