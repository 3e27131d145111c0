//! Rises that are too rare and too small for a run to speak of.
//!
//! Clean bodies have them: glibc keeps a table for each thread that ever ran at the same time as
//! the others, a pool grows when two threads meet in it. Such a metric takes a step now and then,
//! ever more rarely. It is no proof of a leak, and as a leak it would be far below what the run
//! says it can see; to call each of them inconclusive would be a false alarm.

use super::series::{Series, deepest_fall, difference, never_falls, without_peaks};
use super::shape::WINDOWS;
use crate::metric::Metric;

/// Most rises in the last four windows (of 32 checkpoints, mostly).
const MOST_RISES: usize = 8;
/// Rises that the shortest step of the last three would hold, at most. A leak of the stated
/// sensitivity puts four into it.
const MOST_PER_STEP: f64 = 0.5;
/// Bytes per iteration. A container that doubles rises as rarely, but what is put into it is at
/// least a byte per iteration, and its capacity grows by half of that or more.
const MOST_BYTES: f64 = 0.25;

/// Whether the late rises of a metric are too rare and too small to be called anything.
pub(super) fn is_rare(metric: Metric, series: &Series) -> bool {
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
    let small = if metric.is_bytes() { rate < MOST_BYTES } else { rate * shortest < MOST_PER_STEP };
    let often = rises as f64 * shortest / iterations;
    rises <= MOST_RISES && often < MOST_PER_STEP && small
}

/// New blocks this much larger than the first are those of a container that grows in pieces: by a
/// factor of 1.5 at least.
const LARGER: f64 = 1.5;

/// Whether the bytes of a heap come with blocks that are rare, so that their rate says no more than
/// how large a block is and how quick the body.
///
/// A container that doubles is none: it rises without a new block, or each of its pieces is
/// larger. Of one that rose once nobody knows.
pub(super) fn is_of_rare_blocks(bytes: &Series, blocks: &Series) -> bool {
    let (at_bytes, at_blocks) = (bytes.points(), blocks.points());
    let same = at_bytes.iter().map(|point| point.at).eq(at_blocks.iter().map(|point| point.at));
    if !same || !is_rare(Metric::HeapBlocks, blocks) {
        return false;
    }
    let mut sizes = Vec::new();
    for (bytes, blocks) in at_bytes.windows(2).zip(at_blocks.windows(2)) {
        let rise = difference(bytes[1].value, bytes[0].value);
        let new = difference(blocks[1].value, blocks[0].value);
        if rise > 0.0 && new <= 0.0 {
            return false;
        }
        if rise > 0.0 {
            sizes.push(rise / new);
        }
    }
    match sizes.split_first() {
        Some((first, later)) => {
            !later.is_empty() && later.iter().all(|size| *size < first * LARGER)
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::series::literal::doubling;
    use super::*;

    /// Blocks that come after so many iterations, each with its size; bytes and blocks.
    fn blocks_of(sizes: &[(u64, i64)]) -> (Series, Series) {
        let come = |n: u64| sizes.iter().filter(move |(at, _)| *at <= n);
        let bytes = doubling(10, |n| come(n).map(|(_, size)| *size).sum());
        (bytes, doubling(10, |n| come(n).count() as i64))
    }

    #[test]
    fn pages_of_a_database_that_come_ever_more_rarely_are_rare() {
        // The page cache of SQLite, as it was seen: 4,376 bytes at a time.
        let at = [18, 100, 150, 400, 500, 4_000, 9_000];
        let (bytes, blocks) = blocks_of(&at.map(|at| (at, 4_376)));
        assert!(!is_rare(Metric::NativeBytes, &bytes));
        assert!(is_of_rare_blocks(&bytes, &blocks));
        // Blocks that come as often as a run can see are not.
        let often: Vec<_> = (1..60).map(|at| (at * 280, 4_376)).collect();
        let (bytes, blocks) = blocks_of(&often);
        assert!(!is_of_rare_blocks(&bytes, &blocks));
    }

    #[test]
    fn a_container_that_grows_in_pieces_or_anew_is_not_rare() {
        let pieces: Vec<_> = (4..14).map(|power| (1 << power, 24 << power)).collect();
        let (bytes, blocks) = blocks_of(&pieces);
        assert!(!is_of_rare_blocks(&bytes, &blocks));
        // One that moves into a larger block, beside a few of a constant size.
        let (_, blocks) = blocks_of(&[(20, 40), (900, 40), (4_000, 40)]);
        let vec = doubling(10, |n| 24 * n.next_power_of_two() as i64);
        assert!(!is_of_rare_blocks(&vec, &blocks));
        // One piece says nothing of the next.
        let (bytes, blocks) = blocks_of(&[(9_000, 100_000)]);
        assert!(!is_of_rare_blocks(&bytes, &blocks));
    }

    #[test]
    fn thread_tables_of_the_c_library_are_rare() {
        // Five tables of 296 bytes over 16,000 iterations.
        let at = [2_000, 3_900, 4_200, 8_100, 9_000];
        let tables = |n: u64| at.iter().filter(|at| **at <= n).count() as i64;
        assert!(is_rare(Metric::NativeBytes, &doubling(10, |n| 296 * tables(n))));
        assert!(is_rare(Metric::NativeBlocks, &doubling(10, tables)));
    }

    #[test]
    fn a_leak_that_the_run_could_see_is_not() {
        // The windows' shortest late step is 1,152 iterations: the run says one in 288.
        for every in [1, 10, 100, 288, 1000] {
            let series = doubling(10, |n| (n / every) as i64);
            assert!(!is_rare(Metric::HeapBlocks, &series), "{every}");
        }
    }

    #[test]
    fn a_container_that_doubles_is_not() {
        for offset in 0..4096 {
            let series = doubling(10, |n| (n + offset).next_power_of_two() as i64);
            let end = 16 * 1023 + offset;
            // One that was so large before that it never doubled has not risen at all.
            if end.next_power_of_two() > offset.next_power_of_two() {
                assert!(!is_rare(Metric::HeapBytes, &series), "offset {offset}");
            }
        }
    }
}
