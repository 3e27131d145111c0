//! The shape in which one metric changed. `docs/src/how/verdict.md` describes the rule and its error
//! rates.

use super::series::{
    Point, STEPS, Series, WINDOWS, Window, deepest_fall, difference, never_falls, without_peaks,
};
use super::step_pattern::has_leak_pattern;
use super::verdict::Shape;
use crate::metric::Metric;

/// What the windows of one metric look like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ShapeAnalysis {
    pub(super) shape: Shape,
    /// Change per iteration over the last windows.
    pub(super) rate: f64,
    /// Change per iteration over the last two steps, floor to floor. Its projection decides whether a
    /// rise is worth an alarm.
    pub(super) late_rate: f64,
    /// Nothing hints at growth, not even weakly.
    pub(super) is_flat: bool,
    /// It grew, and has been flat to the end for so long that the growth is over.
    pub(super) levelled_off: bool,
}

impl ShapeAnalysis {
    /// Analyses a series.
    pub(super) fn of(metric: Metric, series: &Series) -> ShapeAnalysis {
        let count = series.windows.len();
        let rises = |back: usize| count > back && step_rises(series, count - 1 - back);
        let late_steps = rises(0) || rises(1);
        let pauses = Pauses::of(series);
        // A container that doubles rises in every window that doubles, but not in every one that was
        // cut short. Without noise the ends of the windows may be moved.
        let never_fell = never_falls(&series.windows);
        let halves = never_fell && series.is_cut_short(WINDOWS);
        // Items have no sizes, so they cannot be records of random sizes.
        let is_leak =
            |series: &Series| grows(series) && (!metric.is_bytes() || has_leak_pattern(series));
        let grows = is_leak(series) || (halves && is_leak(&series.in_halves()));
        // A metric that rose, and has not been flat for longer than before, may be between two rises.
        let between = never_fell && series.growth() > 0 && !pauses.ended();
        let late_steps = late_steps || between;
        let shape = if count < WINDOWS {
            Shape::TooShort
        } else if grows && !pauses.ended() {
            Shape::Growing
        } else if late_steps && !pauses.levelled_off() {
            Shape::Rising
        } else {
            Shape::Steady
        };
        // The verdict on a metric that levelled off rests on its flat end.
        let levelled_off = shape == Shape::Steady && series.growth() > 0 && pauses.levelled_off();
        ShapeAnalysis {
            shape,
            rate: if levelled_off { 0.0 } else { rate(series) },
            late_rate: floor_rate(series, 2),
            is_flat: !late_steps && !climbs(series),
            levelled_off,
        }
    }
}

/// Whether all of the last steps rise, and do not slow down.
fn grows(series: &Series) -> bool {
    let count = series.windows.len();
    count >= WINDOWS
        && (0..STEPS).all(|back| step_rises(series, count - 1 - back))
        && !decays(series)
}

/// Whether window `number` lies above the one before it, by more than noise explains.
///
/// The noise is the deepest fall in this window and the three before it. A metric that only rose has
/// none: one event between two floors is a step. A metric that also fell must step further up than it
/// ever stepped down, which noise between a few levels cannot do.
fn step_rises(series: &Series, number: usize) -> bool {
    let Some(window) = series.window(number) else { return false };
    let Some(before) = number.checked_sub(1).and_then(|before| series.window(before)) else {
        return false;
    };
    let seen = series.windows.get(number.saturating_sub(STEPS)..=number).unwrap_or(&[]);
    difference(window.floor().value, before.floor().value) > deepest_fall(seen)
}

/// Rate from floor to floor over the last `steps` steps.
fn floor_rate(series: &Series, steps: usize) -> f64 {
    let Some(last) = series.windows.last() else { return 0.0 };
    let Some(first) = series.late(steps + 1).first() else { return 0.0 };
    slope(first.floor(), last.floor())
}

/// Rates of the last three steps, floor to floor.
pub(super) fn step_rates(series: &Series) -> Vec<f64> {
    let floors: Vec<Point> = series.late(WINDOWS).iter().map(Window::floor).collect();
    floors.windows(2).map(|pair| slope(pair[0], pair[1])).collect()
}

fn slope(from: Point, to: Point) -> f64 {
    let iterations = to.at.saturating_sub(from.at);
    if iterations == 0 {
        return 0.0;
    }
    difference(to.value, from.value) / iterations as f64
}

/// Whether the rate of the last step is less than half that of the first of the last three.
fn decays(series: &Series) -> bool {
    let rates = step_rates(series);
    match (rates.first(), rates.last()) {
        (Some(first), Some(last)) => *last < *first / 2.0,
        _ => true,
    }
}

/// Change per iteration over the last three windows: exact from end to end for a metric without
/// noise, from middle to middle for others.
fn rate(series: &Series) -> f64 {
    let late = series.late(WINDOWS);
    let (Some(first), Some(last)) = (late.first(), late.last()) else { return 0.0 };
    if never_falls(late) {
        let from = if late.len() < WINDOWS { series.origin() } else { Some(first.last()) };
        return from.map_or(0.0, |from| slope(from, last.last()));
    }
    let ((from, low), (to, high)) = (first.middle(), last.middle());
    if to > from { (high - low) / (to - from) } else { 0.0 }
}

/// A hint that is too weak for a verdict but a reason to continue: the middles of the last three
/// windows climb, or a metric without noise rose within the last window.
fn climbs(series: &Series) -> bool {
    let late = series.late(STEPS);
    let Some(last) = late.last() else { return false };
    if never_falls(series.late(WINDOWS)) {
        return last.last().value > last.first().value;
    }
    let middles: Vec<f64> = late.iter().map(|window| window.middle().1).collect();
    middles.windows(2).all(|pair| pair[1] > pair[0])
}

/// Where growth paused. A full cache stays flat to the end. A leak that is flat at the end was flat for
/// as long before, and then continued.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Pauses {
    /// Iterations of the whole run.
    total: f64,
    /// Iterations at the end without a rise.
    trailing: f64,
    /// Longest pause before, in iterations.
    longest: f64,
    /// The longest late pause before, as a share of the iterations done when it ended. A container
    /// that doubles pauses for half of the run again and again, each time longer.
    longest_late_share: f64,
}

impl Pauses {
    fn of(series: &Series) -> Pauses {
        let points = without_peaks(series.points().into_iter());
        let (Some(origin), Some(end)) = (points.first(), points.last()) else {
            return Pauses::default();
        };
        // In noise, a rise must exceed the last level by more than the metric ever fell.
        let noise = deepest_fall(series.late(WINDOWS));
        let mut pauses = Pauses { total: end.at as f64, ..Pauses::default() };
        let (mut level, mut since, mut before) = (origin.value, origin.at, origin.at);
        for point in &points {
            if difference(point.value, level) > noise {
                let pause = before.saturating_sub(since) as f64;
                pauses.longest = pauses.longest.max(pause);
                if before as f64 >= pauses.total / 8.0 {
                    pauses.longest_late_share =
                        pauses.longest_late_share.max(pause / before as f64);
                }
                (level, since) = (point.value, point.at);
            }
            before = point.at;
        }
        pauses.trailing = end.at.saturating_sub(since) as f64;
        pauses
    }

    /// The metric has been flat at the end for longer than in any pause before.
    fn ended(&self) -> bool {
        self.trailing > 2.0 * self.longest
            && self.trailing > 1.25 * self.longest_late_share * self.total
    }

    /// It has been flat for more than half of the run, or for a quarter that is much longer than its
    /// pauses before. A leak that the run can detect would have had dozens of events in that time.
    fn levelled_off(&self) -> bool {
        self.ended()
            && (self.trailing > self.total / 2.0
                || (self.trailing > self.total / 4.0 && self.trailing > 8.0 * self.longest))
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_series::{doubling, from_function};
    use super::*;

    fn shape(series: &Series) -> Shape {
        ShapeAnalysis::of(Metric::HeapBytes, series).shape
    }

    #[test]
    fn constant_is_steady() {
        assert_eq!(shape(&doubling(5, |_| 42)), Shape::Steady);
        assert!(ShapeAnalysis::of(Metric::HeapBytes, &doubling(5, |_| 42)).is_flat);
    }

    #[test]
    fn one_byte_per_iteration_grows_at_rate_one() {
        let analysis = ShapeAnalysis::of(Metric::HeapBytes, &doubling(7, |n| n as i64));
        assert_eq!((analysis.shape, analysis.rate), (Shape::Growing, 1.0));
    }

    #[test]
    fn three_windows_are_too_short() {
        assert_eq!(shape(&doubling(3, |n| n as i64)), Shape::TooShort);
    }

    #[test]
    fn falling_metric_is_steady() {
        assert_eq!(shape(&doubling(7, |n| -(n as i64))), Shape::Steady);
    }

    #[test]
    fn one_event_in_100_iterations_grows() {
        for every in [2, 10, 64, 100] {
            assert_eq!(shape(&doubling(10, |n| (n / every) as i64)), Shape::Growing, "{every}");
        }
    }

    #[test]
    fn doubling_container_grows_wherever_the_run_ends() {
        // A container that was large before the run doubles more rarely at first; it must not be
        // called steady then.
        for offset in 1..4096 {
            let container = |n: u64| 24 * (n + offset).next_power_of_two() as i64;
            let found = shape(&doubling(12, container));
            assert_ne!(found, Shape::Steady, "offset {offset}");
            assert!(offset > 64 || found == Shape::Growing, "offset {offset}: {found:?}");
        }
    }

    #[test]
    fn doubling_container_grows_in_shortened_windows() {
        let container = |n: u64| 24 * n.next_power_of_two() as i64;
        for cut in 4..16 {
            let mut windows: Vec<u64> = (0..10).map(|at| 16u64 << at).collect();
            windows.extend([8192 * cut / 8, 8192 * cut / 8]);
            assert_eq!(shape(&from_function(&windows, container)), Shape::Growing, "cut {cut}");
        }
    }

    #[test]
    fn container_between_two_doublings_is_not_steady() {
        // Two short windows at the end, in which it does not double.
        let container = |n: u64| 24 * n.next_power_of_two() as i64;
        let windows = [16, 32, 64, 128, 256, 512, 48, 32];
        assert_ne!(shape(&from_function(&windows, container)), Shape::Steady);
    }

    #[test]
    fn full_cache_does_not_grow() {
        let total: u64 = (0..10).map(|at| 16u64 << at).sum();
        for percent in 1..90 {
            let full = total * percent / 100;
            let cache = doubling(10, |n| 1000 * n.min(full) as i64);
            assert_ne!(shape(&cache), Shape::Growing, "full after {percent} %");
            if percent < 72 {
                assert_eq!(shape(&cache), Shape::Steady, "full after {percent} %");
            }
        }
    }

    #[test]
    fn logarithmic_growth_is_rising() {
        let series = doubling(12, |n| (1e6 * ((n + 1) as f64).ln()) as i64);
        assert_eq!(shape(&series), Shape::Rising);
    }

    #[test]
    fn alternation_between_two_levels_is_steady() {
        // Seven in eight checkpoints are up: whole windows can be.
        let series = from_function(&[16, 32, 64, 128, 256], |n| i64::from(n != 48 && n != 2));
        assert_eq!(shape(&series), Shape::Steady);
    }
}
