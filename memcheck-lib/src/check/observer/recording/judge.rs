//! Which sites grow: pure.

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

/// Whether the sites that grow explain the growth so well that nothing more can be learned: they
/// are nearly all of it, nothing older was released meanwhile, and it is as fast as it was judged.
pub(super) fn is_explained(
    growth: i64,
    rising: i64,
    older: i64,
    iterations: u64,
    judged_rate: f64,
) -> bool {
    let growth = growth as f64;
    growth > 0.0
        && (rising as f64 - growth).abs() <= growth * 0.02
        && older.unsigned_abs() as f64 <= growth * 0.02
        && growth / iterations as f64 >= judged_rate * 0.9
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

    #[test]
    fn explained_is_nearly_all_and_as_fast_as_judged() {
        assert!(is_explained(4450, 4450, 0, 445, 10.0));
        assert!(!is_explained(4450, 2000, 0, 445, 10.0));
        assert!(!is_explained(4450, 4450, -4450, 445, 10.0));
        // A vector that doubles was part of the judged rate, and has not doubled yet.
        assert!(!is_explained(4450, 4450, 0, 445, 20.0));
        assert!(!is_explained(0, 0, 0, 445, 0.0));
    }
}
