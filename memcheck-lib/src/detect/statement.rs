//! The invariant of a pass: no metric is called steady that grew faster, over the windows that the
//! verdict rests on, than the run says it would have detected.

use super::sensitivity::above_noise;
use super::series::{
    Point, STEPS, Series, WINDOWS, Window, deepest_fall, difference, never_falls, without_peaks,
};
use super::shape::ShapeAnalysis;
use super::verdict::Sensitivity;
use crate::metric::Metric;

/// Rises of a metric over the last four windows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct LateRises {
    /// How many.
    pub(super) count: usize,
    /// The largest one.
    pub(super) largest: f64,
    /// All of them together.
    pub(super) total: f64,
    /// Iterations between the first and the last reading.
    pub(super) iterations: f64,
}

impl LateRises {
    /// Every rise above the last level by more than the noise.
    pub(super) fn of(series: &Series) -> LateRises {
        let late = series.late(WINDOWS);
        let noise = if never_falls(late) { 0.0 } else { deepest_fall(late) };
        let points = without_peaks(late.iter().flat_map(|window| window.points().iter().copied()));
        let (Some(&origin), Some(end)) = (points.first(), points.last()) else {
            return LateRises::default();
        };
        let iterations = end.at.saturating_sub(origin.at).max(1) as f64;
        let mut rises = LateRises { iterations, ..LateRises::default() };
        let mut level = origin.value;
        for Point { value, .. } in points {
            let rise = difference(value, level);
            if rise > noise {
                level = value;
                rises.count += 1;
                rises.total += rise;
                rises.largest = rises.largest.max(rise);
            }
        }
        rises
    }
}

/// Whether the metric grew faster than the run says it would have detected. A metric that levelled
/// off early did not: the verdict on it rests on its flat end.
pub(super) fn exceeds_statement(
    metric: Metric,
    analysis: &ShapeAnalysis,
    series: &Series,
    seen: Option<Sensitivity>,
) -> bool {
    if analysis.levelled_off {
        return false;
    }
    match seen {
        // Each item is an event; of bytes, each rise is one, whatever its size.
        Some(Sensitivity::OneIn { iterations }) => {
            let rises = LateRises::of(series);
            let events = if metric.is_bytes() { rises.count as f64 } else { rises.total };
            events * iterations as f64 > rises.iterations
        }
        Some(Sensitivity::PerIteration { amount }) => analysis.rate > amount,
        None => false,
    }
}

/// The part of the noise by which the last floor may lie above those of the two windows before, and
/// the last peak above that of two windows before.
const SAME: f64 = 0.25;

/// Whether a metric goes up and down so much that a leak of everything an iteration allocates would
/// not show, and its floor still rises, or its teeth still become higher.
pub(super) fn hides_growth(series: &Series, allocated: f64) -> bool {
    let late = series.late(WINDOWS);
    let Some(last) = late.last().filter(|_| late.len() == WINDOWS) else { return false };
    let noise = deepest_fall(&series.windows);
    // What it reached in the first of the late windows, it may keep: a buffer of the largest batch.
    let before = late.iter().rev().skip(1).take(STEPS - 1).map(|window| window.floor().value).min();
    let risen = before.map_or(0.0, |before| difference(last.floor().value, before));
    let peaks: Vec<i64> = late.iter().map(Window::peak).collect();
    let higher = match peaks[..] {
        [_, first, before, last] => last > before && difference(last, first) > noise * SAME,
        _ => false,
    };
    above_noise(late, noise) > allocated && (risen > noise * SAME || higher)
}

/// Iterations from which on a count that rose by the same amount in each of them is a leak: as many as
/// four windows have at least.
const FEWEST_EXACT: u64 = super::schedule::FOUR_WINDOWS;

/// Whether every iteration added the same amount, as far as the checkpoints tell.
pub(super) fn rises_in_every_iteration(series: &Series) -> bool {
    let (Some(origin), Some(end)) = (series.origin(), series.end()) else { return false };
    let (iterations, growth) = (end.at.saturating_sub(origin.at), series.growth());
    if iterations < FEWEST_EXACT || growth <= 0 {
        return false;
    }
    let on_the_line = |point: &Point| {
        let done = i128::from(point.at.saturating_sub(origin.at));
        let grown = i128::from(point.value) - i128::from(origin.value);
        grown * i128::from(iterations) == i128::from(growth) * done
    };
    series.points().iter().all(on_the_line)
}

#[cfg(test)]
mod tests {
    use super::super::test_series::{doubling, from_function};
    use super::*;

    fn exceeds(metric: Metric, series: &Series) -> bool {
        let analysis = ShapeAnalysis::of(metric, series);
        exceeds_statement(metric, &analysis, series, Sensitivity::of(series, 0.0))
    }

    #[test]
    fn events_that_are_as_frequent_as_stated_exceed_the_statement() {
        assert!(!exceeds(Metric::HeapBytes, &doubling(10, |n| (n / 2_000) as i64 * 4_376)));
        assert!(!exceeds(Metric::HeapBlocks, &doubling(10, |n| n.min(600) as i64)));
        assert!(exceeds(Metric::HeapBlocks, &doubling(10, |n| n.saturating_sub(9_000) as i64)));
    }

    #[test]
    fn a_saw_tooth_with_a_rising_floor_hides_growth() {
        // A tooth of 700 iterations, which allocates 100 bytes in each, and keeps a tenth.
        let rising = doubling(10, |n| (100 * (n % 3_000) + 30 * n) as i64);
        assert!(hides_growth(&rising, 100.0));
        let falls_back = doubling(10, |n| (100 * (n % 3_000)) as i64);
        assert!(!hides_growth(&falls_back, 100.0));
        // Teeth that become longer with the run, as those of a list that is cleared when it has doubled.
        let longer =
            doubling(10, |n| 100 * (n + 9_000 - (n + 9_000).next_power_of_two() / 2) as i64);
        assert!(hides_growth(&longer, 100.0));
        let cache = doubling(10, |n| 100 * n.min(5_000) as i64);
        assert!(!hides_growth(&cache, 100.0));
    }

    #[test]
    fn the_same_amount_in_every_iteration_is_exact() {
        let of = |leak: fn(u64) -> i64| from_function(&[4, 8, 16], leak);
        assert!(rises_in_every_iteration(&of(|n| 100 + 473 * n as i64)));
        assert!(!rises_in_every_iteration(&of(|n| 473 * n as i64 + i64::from(n == 12))));
        assert!(!rises_in_every_iteration(&of(|n| 473 * n.min(20) as i64)));
        assert!(!rises_in_every_iteration(&of(|_| 7)));
        assert!(!rises_in_every_iteration(&from_function(&[4, 8], |n| n as i64)));
    }
}
