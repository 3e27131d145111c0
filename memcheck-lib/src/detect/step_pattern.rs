//! Whether rare rises follow the pattern of a leak.
//!
//! A buffer that is reused for inputs of random sizes is as large as the largest input so far. It never
//! falls, and rises with each new record: more and more rarely, but often once in each of three
//! windows. A container that grows without bound rises as rarely. The difference: the rise of a
//! container is proportional to the pause before it, and each rise is the same multiple of the one
//! before. The size of a record does not depend on the pause before it.

use super::series::{Point, Series, WINDOWS, deepest_fall, difference, without_peaks};

/// A metric that rises at this share of its late readings rises more often than records do. Four
/// windows that double have `ln 16` records, 2.8 at 32 readings on average; one run of 70,000 has
/// thirteen.
const OFTEN: f64 = 0.4;
/// Two multiples that differ by this factor or less count as equal, because capacities are rounded up.
const ROUNDING: f64 = 1.05;

/// One rise.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Rise {
    /// By how much.
    amount: f64,
    /// Iterations done at the reading before it.
    after: u64,
    /// Iterations done at the reading that shows it.
    by: u64,
}

/// Whether the late rises are frequent, or are those of containers.
pub(super) fn has_leak_pattern(series: &Series) -> bool {
    let late = series.late(WINDOWS);
    // The readings may show only half of the noise.
    let noise = 2.0 * deepest_fall(late);
    let from = late.first().map_or(0, |window| window.start);
    let rises = rises(series, noise);
    let readings = late.iter().map(|window| window.points().len()).sum::<usize>();
    let late_rises = rises.iter().filter(|rise| rise.by > from).count() as f64;
    let precision = Precision { noise, from };
    late_rises >= OFTEN * readings as f64
        || precision.is_of_one_container(&rises)
        || containers(&rises, precision)
            .iter()
            .all(|rises| rises.len() > 2 && precision.is_of_one_container(rises))
        || doubles(series)
}

/// Whether the rises come in clusters, each about twice as large as the one before and twice as far
/// apart: containers that double at nearly the same time, as the shards of a map do.
pub(super) fn doubles(series: &Series) -> bool {
    let late = series.late(WINDOWS);
    let noise = 2.0 * deepest_fall(late);
    let from = late.first().map_or(0, |window| window.start);
    let clusters = clusters(&rises(series, noise));
    // The run may have ended within the last cluster.
    let late: Vec<&Cluster> = clusters.iter().filter(|of| of.rise.by > from).collect();
    let Some((last, whole)) = late.split_last() else { return false };
    let doubled = |ratio: f64| (DOUBLED.0..=DOUBLED.1).contains(&ratio);
    let follows = |pair: &[&Cluster]| {
        doubled(pair[1].rise.amount / pair[0].rise.amount)
            && doubled(pair[1].middle() / pair[0].middle())
    };
    whole.len() >= FEWEST_CLUSTERS
        && whole.iter().all(|cluster| cluster.rises > 1)
        && whole.windows(2).all(follows)
        && whole.last().is_some_and(|of| last.rise.amount <= of.rise.amount * DOUBLED.1)
}

/// Whole clusters that a metric must have to be called doubling: one ratio may be chance.
const FEWEST_CLUSTERS: usize = 3;
/// The range of the ratio of two clusters, one of which is twice the other. Some shards may
/// double before, or after, the pause that separates the clusters.
const DOUBLED: (f64, f64) = (1.6, 2.5);

/// Rises that follow each other closely.
#[derive(Clone, Copy, Debug)]
struct Cluster {
    /// Their sum, from the first to the last.
    rise: Rise,
    /// How many they are.
    rises: usize,
}

impl Cluster {
    /// The middle of the iterations in which they came.
    fn middle(&self) -> f64 {
        (self.rise.after as f64 + self.rise.by as f64) / 2.0
    }
}

/// The clusters of the rises: a pause of more than [`APART`] of the iterations done separates two.
fn clusters(rises: &[Rise]) -> Vec<Cluster> {
    let mut clusters: Vec<Cluster> = Vec::new();
    for &rise in rises {
        let pause = |last: &Rise| rise.after.saturating_sub(last.by) as f64;
        match clusters.last_mut() {
            Some(last) if pause(&last.rise) < APART * rise.after as f64 => {
                last.rise.amount += rise.amount;
                last.rise.by = rise.by;
                last.rises += 1;
            }
            _ => clusters.push(Cluster { rise, rises: 1 }),
        }
    }
    clusters
}

/// The shards of a map with random keys double within a fifth of the iterations done: their sizes differ
/// by a few standard deviations of a binomial distribution. Until the next cluster two fifths pass.
const APART: f64 = 0.15;

/// Every rise above the last level by more than the noise.
fn rises(series: &Series, noise: f64) -> Vec<Rise> {
    let points = without_peaks(series.points().into_iter());
    let mut rises = Vec::new();
    let Some(&origin) = points.first() else { return rises };
    let (mut level, mut before) = (origin.value, origin.at);
    for Point { at, value } in points {
        let amount = difference(value, level);
        if amount > noise {
            rises.push(Rise { amount, after: before, by: at });
            level = value;
        }
        before = at;
    }
    rises
}

/// How precisely rises are known, and from which iteration on they count.
#[derive(Clone, Copy, Debug)]
struct Precision {
    noise: f64,
    from: u64,
}

impl Precision {
    /// Whether one rate explains each late rise by the pause before it, and each rise is the same
    /// multiple of the one before.
    fn is_of_one_container(self, rises: &[Rise]) -> bool {
        let (mut slowest, mut fastest) = (0.0f64, f64::INFINITY);
        let (mut least, mut most) = (0.0f64, f64::INFINITY);
        for pair in rises.windows(2).filter(|pair| pair[1].by > self.from) {
            let (before, rise) = (pair[0], pair[1]);
            let shortest = rise.after.saturating_sub(before.by) as f64;
            let longest = rise.by.saturating_sub(before.after).max(1) as f64;
            slowest = slowest.max((rise.amount - self.noise) / longest);
            fastest = fastest.min((rise.amount + self.noise) / shortest);
            let (low, high) = self.multiple(before, rise);
            least = least.max(low);
            most = most.min(high);
        }
        slowest <= fastest && least <= most
    }

    /// This rise as a multiple of the one before, at least and at most.
    fn multiple(self, before: Rise, rise: Rise) -> (f64, f64) {
        let least = (rise.amount - self.noise) / (before.amount + self.noise);
        let most = (rise.amount + self.noise) / (before.amount - self.noise).max(1.0);
        (least / ROUNDING, most * ROUNDING)
    }
}

/// The rises, grouped by the containers that they may come from, if several double in turn.
fn containers(rises: &[Rise], precision: Precision) -> Vec<Vec<Rise>> {
    let mut containers: Vec<Vec<Rise>> = Vec::new();
    for &rise in rises {
        let doubles = |rises: &&mut Vec<Rise>| {
            rises.last().is_some_and(|before| {
                let (least, most) = precision.multiple(*before, rise);
                least <= 2.0 && 2.0 <= most
            })
        };
        match containers.iter_mut().find(doubles) {
            Some(container) => container.push(rise),
            None => containers.push(vec![rise]),
        }
    }
    // A container that stopped before the late windows does not contribute to the growth.
    containers.retain(|rises| rises.last().is_some_and(|last| last.by > precision.from));
    containers
}

#[cfg(test)]
mod tests {
    use super::super::test_series::{doubling, from_function};
    use super::*;

    #[test]
    fn records_of_random_sizes_have_no_pattern() {
        let records = [
            (0, 1_000),
            (300, 2_000),
            (900, 2_300),
            (2_100, 9_000),
            (3_000, 9_900),
            (7_000, 31_000),
        ];
        let largest = |n: u64| {
            let so_far = records.iter().filter(|(at, _)| *at <= n);
            so_far.map(|(_, size)| *size).max().unwrap_or(0)
        };
        assert!(!has_leak_pattern(&doubling(10, largest)));
        // The same with noise that is far below them.
        assert!(!has_leak_pattern(&doubling(10, |n| largest(n) + (n / 16 % 2) as i64 * 40)));
    }

    #[test]
    fn containers_of_any_factor_have_the_pattern() {
        let grown = |factor: f64| {
            move |n: u64| {
                let mut capacity = 100.0;
                while capacity < (n + 90) as f64 {
                    capacity = f64::ceil(capacity * factor);
                }
                24 * capacity as i64
            }
        };
        for factor in [1.25, 1.5, 2.0, 4.0] {
            assert!(has_leak_pattern(&doubling(10, grown(factor))), "{factor}");
        }
        let cut = [16, 32, 64, 128, 256, 512, 1024, 1500, 1500, 1500];
        assert!(has_leak_pattern(&from_function(&cut, grown(2.0))));
    }

    #[test]
    fn two_containers_that_double_in_turn_have_the_pattern() {
        let both = |n: u64| {
            let (list, table) =
                ((n + 80).next_power_of_two(), ((n + 80) * 8 / 7).next_power_of_two());
            (24 * list + 17 * table) as i64
        };
        assert!(has_leak_pattern(&doubling(10, both)));
    }

    /// A map of so many shards, each a table that doubles at seven eighths, with random keys.
    fn sharded(shards: usize, entry: i64, seed: u64) -> impl FnMut(u64) -> i64 {
        let (mut random, mut used, mut done) = (seed, vec![0i64; shards], 0);
        move |n| {
            while done < n {
                // SplitMix64.
                random = random.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mut key = random;
                key = (key ^ (key >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                key = (key ^ (key >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                used[((key ^ (key >> 31)) % shards as u64) as usize] += 1;
                done += 1;
            }
            let size = |entries: &i64| {
                let buckets = (*entries * 8 / 7 + 1).max(4) as u64;
                buckets.next_power_of_two() as i64 * (entry + 1) + 16
            };
            used.iter().map(size).sum()
        }
    }

    #[test]
    fn a_map_in_shards_has_the_pattern_wherever_the_run_ends() {
        use super::super::shape::ShapeAnalysis;
        use super::super::verdict::Shape;
        use crate::metric::Metric;
        let (mut growing, mut runs) = (0u32, 0u32);
        for shards in [8, 16, 32, 64] {
            for warm_up in [0, 80, 300, 1_000] {
                for end in 0..8 {
                    let mut map = sharded(shards, 8, shards as u64 + warm_up);
                    let mut windows: Vec<u64> = (0..11).map(|at| 16u64 << at).collect();
                    windows.push(16 << 11);
                    windows.push(2_048 * end + 1);
                    let series = from_function(&windows, |n| map(n + warm_up));
                    let shape = ShapeAnalysis::of(Metric::HeapBytes, &series).shape;
                    assert_ne!(shape, Shape::Steady, "{shards} {warm_up} {end}");
                    growing += u32::from(shape == Shape::Growing);
                    runs += 1;
                }
            }
        }
        assert!(growing * 10 >= runs * 7, "{growing} of {runs}");
    }

    #[test]
    fn equal_rises_have_the_pattern_at_any_frequency() {
        for every in [1, 10, 100, 700, 1000] {
            assert!(has_leak_pattern(&doubling(10, |n| (n / every) as i64 * 4096)), "{every}");
        }
    }
}
