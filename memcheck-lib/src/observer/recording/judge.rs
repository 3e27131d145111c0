//! Which sites grow: pure.

use crate::report::Amount;

/// What lives of a site at the ends of the batches: blocks or bytes.
///
/// `batches` are the iterations of each batch, `alive` is what lives at its end; nothing lived at
/// the start.
pub(super) fn rises(batches: &[u64], alive: &[i64]) -> bool {
    let (Some(&last_batch), Some(&end)) = (batches.last(), alive.last()) else { return false };
    let total: u64 = batches.iter().sum();
    if end <= 0 || total == 0 {
        return false;
    }
    if let &[_] = alive {
        // One batch only: so many in every iteration, or it cannot be said.
        return end.unsigned_abs().is_multiple_of(total);
    }
    let before = alive[alive.len() - 2];
    let last = end - before;
    // It rose before too, and has not slowed down to half: a cache that is full does not rise in
    // the last batch, which is about as long as all others.
    before > 0
        && last > 0
        && i128::from(last) * 2 * i128::from(total) >= i128::from(end) * i128::from(last_batch)
}

/// Whether what lives of a site once, without rising again, is so much that the growth which was
/// judged cannot be told without it: a container that doubles rarely. In bytes and bytes per
/// iteration.
pub(super) fn is_a_main_part(alive: i64, iterations: u64, judged_rate: f64) -> bool {
    judged_rate > 0.0 && iterations > 0 && alive as f64 / iterations as f64 >= judged_rate / 8.0
}

/// So far, as a part of the growth, the sum of sites may be from it to explain it: a cache or a pool
/// beside a leak is now a little fuller, now a little emptier.
const NEAR: f64 = 0.1;
/// Sites of which every combination is looked at.
const MOST_COMBINED: usize = 14;

/// Which of the rising sites are needed to explain the growth of the counters.
///
/// What is allocated for a cache that rotates survives as what leaks does, until the cache has been
/// replaced as a whole; but as much that is `older` goes meanwhile, so that the counters do not grow
/// by it. Which older things were of which site is not known. So a site is left out only if without
/// it others make up the growth, in blocks and bytes, and with it none do.
pub(super) fn needed(growth: Amount, older: Amount, rising: &[Amount]) -> Vec<bool> {
    let all = vec![true; rising.len()];
    let sum = |combination: u32| {
        let of = rising.iter().enumerate().filter(|(at, _)| combination >> at & 1 == 1);
        of.fold((0, 0), |(blocks, bytes), (_, site)| (blocks + site.blocks, bytes + site.bytes))
    };
    let is_near =
        |sum: i64, growth: i64| growth <= 0 || (sum - growth).abs() as f64 <= growth as f64 * NEAR;
    let explains = |combination: u32| {
        let (blocks, bytes) = sum(combination);
        is_near(blocks, growth.blocks) && is_near(bytes, growth.bytes)
    };
    if !(2..=MOST_COMBINED).contains(&rising.len()) || growth.blocks <= 0 && growth.bytes <= 0 {
        return all;
    }
    let whole = (1u32 << rising.len()) - 1;
    let (blocks, bytes) = sum(whole);
    // What is too much must be so for want of what is older.
    let is_made_up = |excess: i64, older: i64| excess <= 0 || older <= -excess / 2;
    if explains(whole)
        || !is_made_up(blocks - growth.blocks, older.blocks)
        || !is_made_up(bytes - growth.bytes, older.bytes)
    {
        return all;
    }
    match (1..whole).filter(|&combination| explains(combination)).reduce(|a, b| a | b) {
        Some(needed) => (0..rising.len()).map(|at| needed >> at & 1 == 1).collect(),
        None => all,
    }
}

/// Whether the sites that grow explain the growth so well that nothing more can be learned: they
/// are nearly all of it, nothing older was released meanwhile, and it is no slower than `least` per
/// iteration.
pub(super) fn is_explained(
    growth: i64,
    rising: i64,
    older: i64,
    iterations: u64,
    least: f64,
) -> bool {
    let growth = growth as f64;
    growth > 0.0
        && (rising as f64 - growth).abs() <= growth * 0.02
        && older.unsigned_abs() as f64 <= growth * 0.02
        && growth / iterations as f64 >= least
}

#[cfg(test)]
mod tests {
    use super::*;

    const BATCHES: [u64; 4] = [61, 127, 257, 521];

    /// What lives at the ends of the batches of what lives after so many iterations.
    fn ends(alive: impl Fn(i64) -> i64) -> Vec<i64> {
        let mut done = 0;
        BATCHES
            .iter()
            .map(|batch| {
                done += *batch as i64;
                alive(done)
            })
            .collect()
    }

    #[test]
    fn in_proportion_to_the_iterations_it_rises() {
        assert!(rises(&BATCHES, &ends(|done| done)));
        assert!(rises(&BATCHES, &ends(|done| done * 3)));
        assert!(rises(&BATCHES, &ends(|done| done / 7)));
        assert!(rises(&BATCHES, &ends(|done| done / 100)));
        // A container that doubles while it is recorded.
        assert!(rises(&BATCHES, &ends(|done| 64 * (done as u64).next_power_of_two() as i64)));
    }

    #[test]
    fn what_is_full_does_not() {
        // A lazy static, a cache of 100, one of 400.
        assert!(!rises(&BATCHES, &ends(|_| 1)));
        assert!(!rises(&BATCHES, &ends(|done| done.min(100))));
        assert!(!rises(&BATCHES, &ends(|done| done.min(400))));
        // Something made once, late.
        assert!(!rises(&BATCHES, &ends(|done| i64::from(done > 600))));
        // A logarithm.
        assert!(!rises(&BATCHES, &ends(|done| done.ilog2().into())));
        assert!(!rises(&BATCHES, &ends(|_| 0)));
        assert!(!rises(&[], &[]));
    }

    #[test]
    fn one_batch_must_be_exact() {
        assert!(rises(&[7], &[14]));
        assert!(!rises(&[7], &[1]));
    }

    #[test]
    fn a_main_part_is_told_by_the_judged_rate() {
        // A table that doubled from 64 KiB to 128 KiB in 4,000 iterations of 32 B each.
        assert!(is_a_main_part(131_072, 4000, 32.0));
        // A regex that was compiled once.
        assert!(!is_a_main_part(8_000, 4000, 32.0));
        assert!(!is_a_main_part(131_072, 4000, 0.0));
    }

    fn sites<const N: usize>(sites: [(i64, i64); N]) -> [Amount; N] {
        sites.map(|(blocks, bytes)| Amount { blocks, bytes })
    }

    #[test]
    fn what_rotates_beside_a_leak_is_not_needed() {
        let [growth, older] = sites([(2083, 208_300), (-877, -56_128)]);
        let rising = sites([(2083, 208_300), (877, 56_128)]);
        assert_eq!(needed(growth, older, &rising), [true, false]);
        // Two of each entry, and the cache is a little emptier at the end.
        let [growth, older] = sites([(2078, 207_270), (-1730, -171_956)]);
        let rising = sites([(866, 131_748), (2083, 208_300), (859, 39_178)]);
        assert_eq!(needed(growth, older, &rising), [false, true, false]);
        // A leak in two places.
        let [growth, older] = sites([(3000, 60_000), (-900, -90_000)]);
        let rising = sites([(1000, 10_000), (900, 90_000), (2000, 50_000)]);
        assert_eq!(needed(growth, older, &rising), [true, false, true]);
    }

    #[test]
    fn in_doubt_all_are_needed() {
        // Nothing older went: they all grow, though one of them would do.
        let [growth, older] = sites([(2000, 96_000), (0, 0)]);
        let rising = sites([(1000, 48_000), (1000, 48_000), (100, 5_000)]);
        assert_eq!(needed(growth, older, &rising), [true; 3]);
        // Which of two that are alike rotates cannot be told.
        let [growth, older] = sites([(1000, 48_000), (-1000, -48_000)]);
        let rising = sites([(1000, 48_000), (1000, 48_000)]);
        assert_eq!(needed(growth, older, &rising), [true; 2]);
        // None explains it.
        let [growth, older] = sites([(1500, 100_000), (-1000, -48_000)]);
        assert_eq!(needed(growth, older, &rising), [true; 2]);
        assert_eq!(needed(Amount::default(), older, &rising), [true; 2]);
        assert_eq!(needed(growth, older, &[]), [true; 0]);
        let many = vec![Amount { blocks: 1, bytes: 1 }; 1000];
        assert_eq!(needed(growth, older, &many), vec![true; 1000]);
    }

    #[test]
    fn explained_is_nearly_all_and_as_fast_as_judged() {
        assert!(is_explained(4450, 4450, 0, 445, 9.0));
        assert!(!is_explained(4450, 2000, 0, 445, 9.0));
        assert!(!is_explained(4450, 4450, -4450, 445, 9.0));
        // A vector that doubles was part of the judged rate, and has not doubled yet.
        assert!(!is_explained(4450, 4450, 0, 445, 18.0));
        assert!(!is_explained(0, 0, 0, 445, 0.0));
    }
}
