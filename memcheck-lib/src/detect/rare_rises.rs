//! Rises that are too rare and too small for a verdict.
//!
//! Clean bodies have them: glibc keeps a table for each thread that ever ran at the same time as the
//! others, and a pool grows when two threads use it at the same time. Such a metric rises now and then,
//! more and more rarely. It does not prove a leak, and a leak of that size would be far below the
//! stated sensitivity of the run. Calling each of them inconclusive would be a false alarm.

use super::series::{Series, WINDOWS, deepest_fall, difference, never_falls, without_peaks};
use crate::metric::Metric;

/// Most rises in the last four windows, which usually have 32 checkpoints.
const MOST_RISES: usize = 8;
/// Most rises to expect in the shortest of the last three steps. A leak of the stated sensitivity has
/// four there.
const MOST_PER_STEP: f64 = 0.5;
/// Bytes per iteration. A container that doubles rises as rarely, but it takes at least a byte per
/// iteration, and its capacity grows by at least half of that.
const MOST_BYTES: f64 = 0.25;

/// Whether the late rises of a metric are too rare and too small for a verdict.
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

/// If a new block is this many times as large as the first, a container grows in pieces. Containers
/// grow by a factor of 1.5 or more.
const LARGER: f64 = 1.5;

/// Whether the bytes of a heap rise only with rare blocks. Their rate then depends only on the size of
/// a block and on the speed of the body.
///
/// This excludes a container that doubles: it rises without a new block, or each of its pieces is
/// larger. A single rise proves neither.
pub(super) fn comes_with_rare_blocks(bytes: &Series, blocks: &Series) -> bool {
    let (at_bytes, at_blocks) = (bytes.points(), blocks.points());
    let same_checkpoints =
        at_bytes.iter().map(|point| point.at).eq(at_blocks.iter().map(|point| point.at));
    if !same_checkpoints || !is_rare(Metric::HeapBlocks, blocks) {
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
    use super::super::test_series::doubling;
    use super::*;

    /// Bytes and blocks of a heap that gets blocks of these sizes after these iterations.
    fn blocks_of(sizes: &[(u64, i64)]) -> (Series, Series) {
        let come = |n: u64| sizes.iter().filter(move |(at, _)| *at <= n);
        let bytes = doubling(10, |n| come(n).map(|(_, size)| *size).sum());
        (bytes, doubling(10, |n| come(n).count() as i64))
    }

    #[test]
    fn page_cache_of_a_database_is_rare() {
        // The page cache of SQLite, as measured: 4,376 bytes at a time.
        let at = [18, 100, 150, 400, 500, 4_000, 9_000];
        let (bytes, blocks) = blocks_of(&at.map(|at| (at, 4_376)));
        assert!(!is_rare(Metric::NativeBytes, &bytes));
        assert!(comes_with_rare_blocks(&bytes, &blocks));
        // Blocks that come often enough for the run to detect are not rare.
        let often: Vec<_> = (1..60).map(|at| (at * 280, 4_376)).collect();
        let (bytes, blocks) = blocks_of(&often);
        assert!(!comes_with_rare_blocks(&bytes, &blocks));
    }

    #[test]
    fn container_that_grows_in_pieces_or_by_reallocation_is_not_rare() {
        let pieces: Vec<_> = (4..14).map(|power| (1 << power, 24 << power)).collect();
        let (bytes, blocks) = blocks_of(&pieces);
        assert!(!comes_with_rare_blocks(&bytes, &blocks));
        // One that moves into a larger block, next to a few blocks of constant size.
        let (_, blocks) = blocks_of(&[(20, 40), (900, 40), (4_000, 40)]);
        let vec = doubling(10, |n| 24 * n.next_power_of_two() as i64);
        assert!(!comes_with_rare_blocks(&vec, &blocks));
        // One piece does not tell the size of the next.
        let (bytes, blocks) = blocks_of(&[(9_000, 100_000)]);
        assert!(!comes_with_rare_blocks(&bytes, &blocks));
    }

    #[test]
    fn thread_tables_of_glibc_are_rare() {
        // Five tables of 296 bytes over 16,000 iterations.
        let at = [2_000, 3_900, 4_200, 8_100, 9_000];
        let tables = |n: u64| at.iter().filter(|at| **at <= n).count() as i64;
        assert!(is_rare(Metric::NativeBytes, &doubling(10, |n| 296 * tables(n))));
        assert!(is_rare(Metric::NativeBlocks, &doubling(10, tables)));
    }

    #[test]
    fn detectable_leak_is_not_rare() {
        // The shortest late step is 1,152 iterations, so the run states one in 288.
        for every in [1, 10, 100, 288, 1000] {
            let series = doubling(10, |n| (n / every) as i64);
            assert!(!is_rare(Metric::HeapBlocks, &series), "{every}");
        }
    }

    #[test]
    fn doubling_container_is_not_rare() {
        for offset in 0..4096 {
            let series = doubling(10, |n| (n + offset).next_power_of_two() as i64);
            let end = 16 * 1023 + offset;
            // A container that was so large before that it never doubled has not risen.
            if end.next_power_of_two() > offset.next_power_of_two() {
                assert!(!is_rare(Metric::HeapBytes, &series), "offset {offset}");
            }
        }
    }
}
