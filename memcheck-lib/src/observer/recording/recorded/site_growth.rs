//! Which sites grow. Pure.

use crate::report::Amount;

/// Whether the blocks or bytes of a site rise with the iterations.
///
/// `batches` are the iterations of each batch, `alive` is what is alive at the end of each; nothing was
/// alive at the start.
pub(super) fn rises(batches: &[u64], alive: &[i64]) -> bool {
    let (Some(&last_batch), Some(&end)) = (batches.last(), alive.last()) else { return false };
    let total: u64 = batches.iter().sum();
    if end <= 0 || total == 0 {
        return false;
    }
    if let &[_] = alive {
        // With one batch only the same number in every iteration shows a trend.
        return end.unsigned_abs().is_multiple_of(total);
    }
    let before = alive[alive.len() - 2];
    let last = end - before;
    // It also rose before, and has not slowed down to half: the last batch is about as long as all
    // others together, and a full cache does not rise in it.
    before > 0
        && last > 0
        && i128::from(last) * 2 * i128::from(total) >= i128::from(end) * i128::from(last_batch)
}

/// A site cannot grow faster than everything: a container that doubles takes up to twice its average in
/// the recorded iterations; a quarter more is the margin.
const FASTEST: f64 = 2.5;

/// Whether a site may be a part of the judged growth, in blocks and bytes per iteration; a rate of 0 is
/// unknown.
pub(super) fn is_plausible(alive: Amount, iterations: u64, judged: (f64, f64)) -> bool {
    let within = |alive: i64, rate: f64| {
        rate <= 0.0 || alive as f64 <= rate * iterations.max(1) as f64 * FASTEST
    };
    within(alive.blocks, judged.0) && within(alive.bytes, judged.1)
}

/// The part of the judged growth that a site must make up to count although it did not rise twice. A
/// container that doubles makes up at least half of its own growth, wherever between two doublings the
/// recording ends; an eighth also finds each of four equal ones.
const MAIN_PART: f64 = 1.0 / 8.0;

/// Whether the bytes of a site that did not rise again are a main part of the judged growth: a container
/// that doubles rarely. `judged_rate` is in bytes per iteration.
pub(super) fn is_a_main_part(alive: i64, iterations: u64, judged_rate: f64) -> bool {
    judged_rate > 0.0
        && iterations > 0
        && alive as f64 / iterations as f64 >= judged_rate * MAIN_PART
}

/// The difference between the growth and the sum of the sites that explain it, as a part of the growth:
/// a cache or a pool next to a leak varies in size. It is the rest to `ALMOST_ALL` of the ledger.
const NEAR: f64 = 0.1;
/// The largest number of sites of which all combinations are tried: 2^14 sums take a few milliseconds.
const MOST_COMBINED: usize = 14;

/// Which of the rising sites are needed to explain the growth of the counters.
///
/// The entries of a rotating cache survive like leaked blocks, until the whole cache has been replaced.
/// But as many older entries are freed in the meantime (`older`), so the counters do not grow by them.
/// The recorder does not know the sites of older blocks. So a site is left out only if it is in no
/// combination of sites that makes up the growth, in blocks and bytes.
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
    // An excess over the growth must come from older blocks that were freed.
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

/// The difference, as a part of the growth, up to which the sites explain it completely: the blocks that
/// are in use at a checkpoint.
const EXACT: f64 = 0.02;

/// Whether the rising sites explain the growth so well that more iterations would show nothing new: they
/// are nearly all of it, nothing older was freed in the meantime, and it is at least `least` per
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
        && (rising as f64 - growth).abs() <= growth * EXACT
        && older.unsigned_abs() as f64 <= growth * EXACT
        && growth / iterations as f64 >= least
}

#[cfg(test)]
mod tests {
    use super::*;

    const BATCHES: [u64; 4] = [61, 127, 257, 521];

    /// What is alive at the ends of the batches, from what is alive after so many iterations.
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
    fn a_site_in_proportion_to_the_iterations_rises() {
        assert!(rises(&BATCHES, &ends(|done| done)));
        assert!(rises(&BATCHES, &ends(|done| done * 3)));
        assert!(rises(&BATCHES, &ends(|done| done / 7)));
        assert!(rises(&BATCHES, &ends(|done| done / 100)));
        // A container that doubles while it is recorded.
        assert!(rises(&BATCHES, &ends(|done| 64 * (done as u64).next_power_of_two() as i64)));
    }

    #[test]
    fn a_full_cache_does_not_rise() {
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
    fn one_batch_shows_only_an_exact_multiple() {
        assert!(rises(&[7], &[14]));
        assert!(!rises(&[7], &[1]));
    }

    #[test]
    fn a_site_that_survives_more_than_grows_is_not_plausible() {
        // A full cache rotates by 100 B in each iteration; a small list grows by 8 B.
        let cache = Amount { blocks: 1_000, bytes: 100_000 };
        assert!(!is_plausible(cache, 1_000, (0.0, 8.0)));
        assert!(is_plausible(Amount { blocks: 1, bytes: 16_384 }, 1_000, (0.0, 8.0)));
        assert!(is_plausible(cache, 1_000, (1.0, 100.0)));
        assert!(is_plausible(cache, 1_000, (0.0, 0.0)));
    }

    #[test]
    fn a_main_part_is_relative_to_the_judged_rate() {
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
    fn a_rotating_cache_next_to_a_leak_is_not_needed() {
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
    fn ambiguous_sites_are_all_needed() {
        // Nothing older was freed: all grow, although one of them would suffice.
        let [growth, older] = sites([(2000, 96_000), (0, 0)]);
        let rising = sites([(1000, 48_000), (1000, 48_000), (100, 5_000)]);
        assert_eq!(needed(growth, older, &rising), [true; 3]);
        // Of two equal sites either could be the rotating one.
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
    fn growth_is_explained_by_nearly_all_of_it_at_the_judged_rate() {
        assert!(is_explained(4450, 4450, 0, 445, 9.0));
        assert!(!is_explained(4450, 2000, 0, 445, 9.0));
        assert!(!is_explained(4450, 4450, -4450, 445, 9.0));
        // A vector that doubles was part of the judged rate, and has not doubled yet.
        assert!(!is_explained(4450, 4450, 0, 445, 18.0));
        assert!(!is_explained(0, 0, 0, 445, 0.0));
    }
}
