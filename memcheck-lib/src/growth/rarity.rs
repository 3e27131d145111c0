//! Rises that are too rare and too small for a run to speak of.
//!
//! Clean bodies have them: glibc keeps a table for each thread that ever ran at the same time as
//! the others, a pool grows when two threads meet in it. Such a figure takes a step now and then,
//! ever more rarely. It is no proof of a leak, and as a leak it would be far below what the run
//! says it can see; to call each of them inconclusive would be a false alarm.

use super::series::{Series, deepest_fall, difference, never_falls, without_peaks};
use super::shape::WINDOWS;
use crate::figure::Figure;

/// Most rises in the last four windows (of 32 checkpoints, mostly).
const MOST_RISES: usize = 8;
/// Rises that the shortest step of the last three would hold, at most. A leak of the stated
/// sensitivity puts four into it.
const MOST_PER_STEP: f64 = 0.5;
/// Bytes per iteration. A container that doubles rises as rarely, but what is put into it is at
/// least a byte per iteration, and its capacity grows by half of that or more.
const MOST_BYTES: f64 = 0.25;

/// Whether the late rises of a figure are too rare and too small to be called anything.
pub(super) fn is_rare(figure: Figure, series: &Series) -> bool {
    let late = series.late(WINDOWS);
    let (Some(first), Some(last)) = (late.first(), late.last()) else { return false };
    if late.len() < WINDOWS {
        return false;
    }
    let noise = if never_falls(late) { 0.0 } else { deepest_fall(late) };
    let points = without_peaks(late.iter().flat_map(|window| window.points().iter().copied()));
    let Some(origin) = points.first() else { return false };
    let (mut level, mut rises) = (origin.value, 0);
    for point in &points {
        if difference(point.value, level) > noise {
            level = point.value;
            rises += 1;
        }
    }
    let iterations = last.last().at.saturating_sub(first.first().at).max(1) as f64;
    let rate = difference(level, origin.value) / iterations;
    let steps = late.windows(2).map(|pair| pair[1].first().at.saturating_sub(pair[0].first().at));
    let shortest = steps.min().unwrap_or(1) as f64;
    let small = if figure.is_bytes() { rate < MOST_BYTES } else { rate * shortest < MOST_PER_STEP };
    let often = rises as f64 * shortest / iterations;
    rises <= MOST_RISES && often < MOST_PER_STEP && small
}

#[cfg(test)]
mod tests {
    use super::super::series::literal::doubling;
    use super::*;

    #[test]
    fn thread_tables_of_the_c_library_are_rare() {
        // Five tables of 296 bytes over 16,000 iterations.
        let at = [2_000, 3_900, 4_200, 8_100, 9_000];
        let tables = |n: u64| at.iter().filter(|at| **at <= n).count() as i64;
        assert!(is_rare(Figure::NativeBytes, &doubling(10, |n| 296 * tables(n))));
        assert!(is_rare(Figure::NativeBlocks, &doubling(10, tables)));
    }

    #[test]
    fn a_leak_that_the_run_could_see_is_not() {
        // The windows' shortest late step is 1,152 iterations: the run says one in 288.
        for every in [1, 10, 100, 288, 1000] {
            let series = doubling(10, |n| (n / every) as i64);
            assert!(!is_rare(Figure::HeapBlocks, &series), "{every}");
        }
    }

    #[test]
    fn a_container_that_doubles_is_not() {
        for offset in 0..4096 {
            let series = doubling(10, |n| (n + offset).next_power_of_two() as i64);
            let end = 16 * 1023 + offset;
            // One that was so large before that it never doubled has not risen at all.
            if end.next_power_of_two() > offset.next_power_of_two() {
                assert!(!is_rare(Figure::HeapBytes, &series), "offset {offset}");
            }
        }
    }
}
