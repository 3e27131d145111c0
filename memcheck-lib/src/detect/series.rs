//! The readings of one metric, window by window, with the iterations they were made at.

/// Steps between windows that must all rise for a metric to be called growing. `docs/src/how/verdict.md`
/// has the error rates of this number.
pub(super) const STEPS: usize = 3;
/// Windows that are judged together: those that the steps lie between.
pub(super) const WINDOWS: usize = STEPS + 1;

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

    /// The lowest value, placed at the first checkpoint. That is its place in a metric that only rises.
    /// In noise it could be anywhere, and chance would decide the distance between two floors.
    pub(super) fn floor(&self) -> Point {
        let value = self.points.iter().map(|point| point.value).min();
        Point { at: self.first().at, value: value.unwrap_or(self.first().value) }
    }

    /// The highest value.
    pub(super) fn peak(&self) -> i64 {
        self.points.iter().map(|point| point.value).max().unwrap_or(self.first().value)
    }

    /// The last checkpoint.
    pub(super) fn last(&self) -> Point {
        self.points.last().copied().unwrap_or(Point { at: self.start, value: 0 })
    }

    /// The first checkpoint.
    pub(super) fn first(&self) -> Point {
        self.points.first().copied().unwrap_or(Point { at: self.start, value: 0 })
    }

    /// Median position and median value: exactly the middle of the window for a straight line, and
    /// robust against outliers in noise.
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
    /// A window by its number, from 0.
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

    /// Whether one of the last `count` windows is hardly longer than the one before it. The time budget
    /// or a limit of the process cut it short.
    pub(super) fn is_cut_short(&self, count: usize) -> bool {
        let lengths: Vec<u64> = self
            .late(count)
            .iter()
            .map(|window| window.last().at.saturating_sub(window.start))
            .collect();
        lengths.windows(2).any(|pair| pair[1] < pair[0].saturating_mul(3) / 2)
    }

    /// The same readings in windows that double, whatever was run: the last half of the run, the half
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

/// Values without the peaks of a single checkpoint: each is the lower of itself and the next. A metric
/// that only rises stays as it is.
pub(super) fn without_peaks(points: impl Iterator<Item = Point>) -> Vec<Point> {
    let mut kept: Vec<Point> = points.collect();
    for at in 1..kept.len() {
        if let [before, after] = &mut kept[at - 1..=at] {
            before.value = before.value.min(after.value);
        }
    }
    kept
}

/// With this many checkpoints or more, a single one is an outlier and not a share of the data.
const MANY: usize = 20;
/// Few checkpoints do not show all of the noise.
const FEW_MARGIN: f64 = 1.5;
/// Falls from single checkpoints are peaks and not noise if they are this many times as deep as the
/// other falls.
const PEAK: f64 = 4.0;

/// The noise in these windows: the deepest fall below a value reached before, 0 for a metric that only
/// rises. A rare peak of a single checkpoint does not change a floor, so falls from such peaks do not
/// count if there are enough checkpoints to tell them from noise.
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

/// The deepest fall of a later point below an earlier height.
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
