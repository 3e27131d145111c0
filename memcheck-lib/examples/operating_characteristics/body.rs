//! Bodies of tests as series of readings, each stating its truth.

use memcheck::Metric;

use super::random::Random;

/// What a body is, known because it was made so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// Bounded. Its nature shows after so many iterations; a run that cannot do as many cannot
    /// tell it from a leak, and no other judge can.
    Clean { horizon: u64 },
    /// Grows for ever, by so many bytes or items in a thousand iterations, counted from the
    /// iteration `from`.
    Leak { per_thousand: u64, from: u64 },
    /// A container that grows for ever by ever rarer steps; so many iterations show four of them.
    Container { shows: u64 },
    /// Grows for ever but ever more slowly: must not be called steady.
    Slowing,
    /// As large as the largest of all inputs so far: must not be called growing. A record may come
    /// at any time, so that it cannot always be called steady.
    HighWater,
}

/// Readings of one run: the iterations done since the last reading and in all.
pub type Readings = Box<dyn FnMut(&mut Random, u64, u64) -> i64>;

/// A kind of body.
pub struct Body {
    pub name: &'static str,
    pub truth: Truth,
    pub metric: Metric,
    /// Begins a run; told how many iterations the budget allows.
    pub begin: fn(&mut Random, u64) -> Readings,
}

const fn body(
    name: &'static str,
    truth: Truth,
    metric: Metric,
    begin: fn(&mut Random, u64) -> Readings,
) -> Body {
    Body { name, truth, metric, begin }
}

const fn clean(horizon: u64) -> Truth {
    Truth::Clean { horizon }
}

const fn leak(per_thousand: u64) -> Truth {
    Truth::Leak { per_thousand, from: 0 }
}

/// Autocorrelated noise: `correlation` from one iteration to the next, `deviation` in the end.
fn autocorrelated(random: &mut Random, correlation: f64, deviation: f64) -> Readings {
    let mut level = random.normal();
    Box::new(move |random, batch, _| {
        let kept = correlation.powf(batch as f64);
        level = level * kept + random.normal() * (1.0 - kept * kept).max(0.0).sqrt();
        (level * deviation).round() as i64
    })
}

/// A walk of unit steps between two walls.
fn walk(random: &mut Random, width: f64, unit: i64) -> Readings {
    let mut place = random.between(0.0, width);
    Box::new(move |random, batch, _| {
        place += random.normal() * (batch as f64).sqrt();
        // Folding at both walls is what reflection does to a long step.
        place = place.rem_euclid(2.0 * width);
        place = if place > width { 2.0 * width - place } else { place };
        place as i64 * unit
    })
}

/// A cache of which every iteration asks for one of `keys` at random.
fn collector(keys: u64, size: i64) -> Readings {
    let mut kept = 0u64;
    Box::new(move |random, batch, _| {
        // In steps short enough that hits within one hardly matter.
        let mut left = batch;
        while left > 0 && kept < keys {
            let step = left.min((keys / 16).max(1));
            let missing = (keys - kept) as f64;
            let mean = missing * (1.0 - (1.0 - 1.0 / keys as f64).powf(step as f64));
            kept = (kept + random.poisson(mean)).min(keys);
            left -= step;
        }
        kept as i64 * size
    })
}

/// Rises by one unit an iteration and falls back after `period`.
fn sawtooth(random: &mut Random, period: u64, unit: i64) -> Readings {
    let phase = random.next() % period;
    Box::new(move |_, _, done| ((done + phase) % period) as i64 * unit)
}

/// One unit for events at random, one in `every` iterations.
fn at_random(every: f64, unit: i64) -> Readings {
    let mut kept = 0;
    Box::new(move |random, batch, _| {
        kept += random.poisson(batch as f64 / every) as i64;
        kept * unit
    })
}

/// One unit in exactly every so many iterations.
fn regularly(random: &mut Random, every: u64, unit: i64) -> Readings {
    let phase = random.next() % every;
    Box::new(move |_, _, done| ((done + phase) / every) as i64 * unit)
}

/// `rate` bytes an iteration under uniform noise `noise` wide.
fn under_noise(rate: i64, noise: f64) -> Readings {
    Box::new(move |random, _, done| done as i64 * rate + random.between(0.0, noise) as i64)
}

/// A map of so many shards with random keys: each shard is a table that doubles at seven eighths.
fn sharded(random: &mut Random, shards: usize, entry: i64) -> Readings {
    let mut used = vec![random.between(0.0, 6.0); shards];
    Box::new(move |random, batch, _| {
        let mean = batch as f64 / used.len() as f64;
        for of in &mut used {
            // The binomial number of keys that fall into a shard, as a normal one.
            *of += (mean + random.normal() * mean.sqrt()).max(0.0);
        }
        let buckets = |of: &f64| ((of * 8.0 / 7.0) as u64).max(4).next_power_of_two() as i64;
        used.iter().map(|of| buckets(of) * entry).sum()
    })
}

/// A container that multiplies its capacity by `factor` when full, one entry in `every` iterations.
fn container(random: &mut Random, factor: f64, entry: i64, every: u64) -> Readings {
    let (mut capacity, before) = (4.0f64, 16 / every + random.next() % 4);
    Box::new(move |_, _, done| {
        while ((done / every + before) as f64) > capacity {
            capacity = (capacity * factor).ceil();
        }
        capacity as i64 * entry
    })
}

/// A cache filled by every iteration until it is full.
fn filling(entries: u64, size: i64) -> Readings {
    Box::new(move |_, _, done| done.min(entries) as i64 * size)
}

/// A buffer that is used again for inputs of random sizes, after 80 of them. The largest of a batch
/// is drawn at once: `size` is the quantile function of the sizes, falling from 0 to 1.
fn reused(random: &mut Random, size: fn(f64) -> f64) -> Readings {
    let largest = move |random: &mut Random, count: u64| {
        size(1.0 - random.unit().max(1e-12).powf(1.0 / count as f64))
    };
    let mut held = largest(random, 80);
    Box::new(move |random, batch, _| {
        if batch > 0 {
            held = held.max(largest(random, batch));
        }
        held as i64
    })
}

/// The standard normal value above which lies this share (Abramowitz and Stegun 26.2.23).
fn normal_above(share: f64) -> f64 {
    if share > 0.5 {
        return -normal_above(1.0 - share);
    }
    let t = (-2.0 * share.max(1e-300).ln()).sqrt();
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    t - above / (1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308)))
}

/// A buffer that at least doubles when it has to grow.
fn at_least_doubled(mut held: Readings) -> Readings {
    let mut capacity = 0;
    Box::new(move |random, batch, done| {
        let needed = held(random, batch, done);
        if needed > capacity {
            capacity = needed.max(2 * capacity);
        }
        capacity
    })
}

fn pages(bytes: f64) -> i64 {
    ((bytes / 4096.0).floor() * 4096.0) as i64
}

/// Every kind of body.
#[rustfmt::skip] // one line each reads as the table it is
pub const BODIES: &[Body] = &[
    body("constant", clean(1), Metric::HeapBlocks, |_, _| Box::new(|_, _, _| 77)),
    body("noise, uniform", clean(1), Metric::HeapBytes, |_, _| Box::new(|r, _, _| r.between(0.0, 1000.0) as i64)),
    body("noise, two levels 1:1", clean(1), Metric::Threads, |_, _| Box::new(|r, _, _| i64::from(r.chance(0.5)))),
    body("noise, two levels 9:1", clean(1), Metric::Threads, |_, _| Box::new(|r, _, _| i64::from(r.chance(0.9)))),
    body("noise, two levels 99:1", clean(1), Metric::HeapBlocks, |_, _| Box::new(|r, _, _| i64::from(r.chance(0.99)))),
    body("noise, rare peaks 1:50", clean(1), Metric::HeapBytes, |_, _| Box::new(|r, _, _| if r.chance(0.02) { 9000 } else { 0 })),
    body("noise of the footprint, 100 KiB", clean(1), Metric::Resident, |_, _| Box::new(|r, _, _| pages(100e3 * r.normal()))),
    body("noise of the footprint, 2 MiB", clean(1), Metric::Resident, |_, _| Box::new(|r, _, _| pages(2e6 * r.normal()))),
    body("AR(1) 0.9", clean(100), Metric::HeapBytes, |r, _| autocorrelated(r, 0.9, 1000.0)),
    body("AR(1) 0.99", clean(1_000), Metric::HeapBytes, |r, _| autocorrelated(r, 0.99, 1000.0)),
    body("AR(1) 0.999", clean(10_000), Metric::HeapBytes, |r, _| autocorrelated(r, 0.999, 1000.0)),
    body("AR(1) 0.9999", clean(100_000), Metric::HeapBytes, |r, _| autocorrelated(r, 0.9999, 1000.0)),
    body("AR(1) 0.99, a few items", clean(1_000), Metric::Fds, |r, _| autocorrelated(r, 0.99, 2.0)),
    body("walk in 0..30", clean(9_000), Metric::HeapBlocks, |r, _| walk(r, 30.0, 1)),
    body("walk in 0..100", clean(100_000), Metric::HeapBytes, |r, _| walk(r, 100.0, 64)),
    body("cache of 50", clean(50), Metric::HeapBytes, |_, _| filling(50, 200)),
    body("cache of 500", clean(500), Metric::HeapBytes, |_, _| filling(500, 200)),
    body("cache of 3,000", clean(3_000), Metric::HeapBytes, |_, _| filling(3_000, 1_000)),
    body("cache of 20,000", clean(20_000), Metric::HeapBlocks, |_, _| filling(20_000, 1)),
    body("cache of 100,000", clean(100_000), Metric::HeapBytes, |_, _| filling(100_000, 200)),
    body("collector of 50 keys", clean(400), Metric::HeapBlocks, |_, _| collector(50, 1)),
    body("collector of 1,000 keys", clean(12_000), Metric::HeapBlocks, |_, _| collector(1_000, 1)),
    body("collector of 10,000 keys", clean(140_000), Metric::HeapBytes, |_, _| collector(10_000, 100)),
    body("container in a cache of 3,000", clean(3_000), Metric::HeapBytes, |_, _| Box::new(|_, _, n| (n.min(3_000) + 16).next_power_of_two() as i64 * 24)),
    body("sawtooth of 50", clean(500), Metric::HeapBytes, |r, _| sawtooth(r, 50, 100)),
    body("sawtooth of 1,000", clean(10_000), Metric::HeapBytes, |r, _| sawtooth(r, 1_000, 100)),
    body("sawtooth of 1,024 pages", clean(10_240), Metric::Resident, |r, _| sawtooth(r, 1_024, 4096)),
    body("one step, at any time", clean(1), Metric::HeapBlocks, |r, n| { let at = (r.unit() * n as f64) as u64; Box::new(move |_, _, done| i64::from(done > at)) }),
    body("leak that stops by the half", clean(1), Metric::HeapBytes, |r, n| { let at = (r.between(0.0, 0.45) * n as f64) as u64; filling(at, 48) }),
    body("falls slowly", clean(1), Metric::Resident, |_, n| Box::new(move |_, _, done| pages(4e7 * (-3.0 * done as f64 / n as f64).exp()))),
    body("footprint settles in 200 KiB", clean(1), Metric::Resident, |_, _| Box::new(|r, _, done| pages(16e3 * ((done + 1) as f64).ln().min(12.5) + r.between(0.0, 9e3)))),
    body("mappings come and go", clean(1), Metric::Mappings, |_, _| Box::new(|r, _, _| 300 + r.poisson(3.0) as i64)),

    body("1 B in every iteration", leak(1_000), Metric::HeapBytes, |r, _| regularly(r, 1, 1)),
    body("1 kB in every iteration", leak(1_000_000), Metric::HeapBytes, |r, _| regularly(r, 1, 1_000)),
    body("1 MB in every iteration", leak(1_000_000_000), Metric::HeapBytes, |r, _| regularly(r, 1, 1_000_000)),
    body("1 block in 2", leak(500), Metric::HeapBlocks, |r, _| regularly(r, 2, 1)),
    body("1 block in 10", leak(100), Metric::HeapBlocks, |r, _| regularly(r, 10, 1)),
    body("1 fd in 100", leak(10), Metric::Fds, |r, _| regularly(r, 100, 1)),
    body("1 block in 1,000", leak(1), Metric::HeapBlocks, |r, _| regularly(r, 1_000, 1)),
    body("1 block in 2 at random", leak(500), Metric::HeapBlocks, |_, _| at_random(2.0, 1)),
    body("1 block in 10 at random", leak(100), Metric::HeapBlocks, |_, _| at_random(10.0, 1)),
    body("1 fd in 100 at random", leak(10), Metric::Fds, |_, _| at_random(100.0, 1)),
    body("1 block in 1,000 at random", leak(1), Metric::HeapBlocks, |_, _| at_random(1_000.0, 1)),
    body("bursts: 50 blocks in 500", leak(100), Metric::HeapBlocks, |r, _| regularly(r, 500, 50)),
    body("10 B under noise of 10 B", leak(10_000), Metric::HeapBytes, |_, _| under_noise(10, 10.0)),
    body("10 B under noise of 100 B", leak(10_000), Metric::HeapBytes, |_, _| under_noise(10, 100.0)),
    body("10 B under noise of 1 kB", leak(10_000), Metric::HeapBytes, |_, _| under_noise(10, 1_000.0)),
    body("10 B under noise of 10 kB", leak(10_000), Metric::HeapBytes, |_, _| under_noise(10, 10_000.0)),
    body("10 B under AR(1) 0.99 of 1 kB", leak(10_000), Metric::HeapBytes, |r, _| { let mut noise = autocorrelated(r, 0.99, 500.0); Box::new(move |r, b, n| noise(r, b, n) + 10 * n as i64) }),
    body("10 B under a sawtooth of 1 kB", Truth::Leak { per_thousand: 10_000, from: 128 }, Metric::HeapBytes, |r, _| { let mut saw = sawtooth(r, 64, 16); Box::new(move |r, b, n| saw(r, b, n) + 10 * n as i64) }),
    body("1 page in 10", leak(409_600), Metric::Resident, |r, _| regularly(r, 10, 4096)),
    body("1 page in 10 under noise", leak(409_600), Metric::Resident, |r, _| { let mut leak = regularly(r, 10, 4096); Box::new(move |r, b, n| leak(r, b, n) + pages(2e4 * r.normal())) }),
    body("footprint in steps of 132 KiB", leak(1_000_000), Metric::Resident, |r, _| regularly(r, 135, 135_168)),
    body("a mapping in 5", leak(200), Metric::Mappings, |r, _| regularly(r, 5, 1)),
    body("Vec, one entry an iteration", Truth::Container { shows: 256 }, Metric::HeapBytes, |r, _| container(r, 2.0, 24, 1)),
    body("Vec, one entry in 10", Truth::Container { shows: 640 }, Metric::HeapBytes, |r, _| container(r, 2.0, 24, 10)),
    body("container of factor 1.5", Truth::Container { shows: 128 }, Metric::HeapBytes, |r, _| container(r, 1.5, 24, 1)),
    body("Vec beside noise of 500 B", Truth::Container { shows: 512 }, Metric::HeapBytes, |r, _| { let mut vec = container(r, 2.0, 24, 1); Box::new(move |r, b, n| vec(r, b, n) + r.between(0.0, 500.0) as i64) }),
    body("Vec and map by turns", Truth::Container { shows: 512 }, Metric::HeapBytes, |r, _| { let mut vec = container(r, 2.0, 24, 1); Box::new(move |r, b, n| vec(r, b, n) + 17 * ((n + 40) * 8 / 7).next_power_of_two() as i64) }),
    body("map in 16 shards that double", Truth::Container { shows: 4_096 }, Metric::HeapBytes, |r, _| sharded(r, 16, 13)),
    body("starts after 200 iterations", Truth::Leak { per_thousand: 1_000, from: 200 }, Metric::HeapBlocks, |_, _| Box::new(|_, _, n| n.saturating_sub(200) as i64)),
    body("a cache of 1,000 and a leak", leak(16_000), Metric::HeapBytes, |_, _| Box::new(|_, _, n| 500 * n.min(1_000) as i64 + 16 * n as i64)),

    body("reused buffer, sizes lognormal 1", Truth::HighWater, Metric::HeapBytes, |r, _| reused(r, |p| 1e3 * normal_above(p).exp())),
    body("reused buffer, sizes lognormal 2", Truth::HighWater, Metric::HeapBytes, |r, _| reused(r, |p| 1e3 * (2.0 * normal_above(p)).exp())),
    body("reused buffer, sizes lognormal 3", Truth::HighWater, Metric::HeapBytes, |r, _| reused(r, |p| 1e3 * (3.0 * normal_above(p)).exp())),
    body("reused buffer, sizes Pareto 1", Truth::HighWater, Metric::HeapBytes, |r, _| reused(r, |p| 64.0 / p)),
    body("reused buffer, sizes Pareto 1 to 1 MiB", Truth::HighWater, Metric::HeapBytes, |r, _| reused(r, |p| (64.0 / p).min(1_048_576.0))),
    body("reused buffer, sizes Pareto 1.5", Truth::HighWater, Metric::HeapBytes, |r, _| reused(r, |p| 1e3 * p.powf(-1.0 / 1.5))),
    body("reused buffer, sizes uniform", Truth::HighWater, Metric::HeapBytes, |r, _| reused(r, |p| 65_536.0 * (1.0 - p))),
    body("reused buffer, sizes exponential", Truth::HighWater, Metric::HeapBytes, |r, _| reused(r, |p| -1e4 * p.ln())),
    body("reused buffer, in powers of two", Truth::HighWater, Metric::HeapBytes, |r, _| reused(r, |p| ((1e3 * (2.0 * normal_above(p)).exp()) as u64).next_power_of_two() as f64)),
    body("reused buffer, doubles at least", Truth::HighWater, Metric::HeapBytes, |r, _| at_least_doubled(reused(r, |p| 1e3 * (2.0 * normal_above(p)).exp()))),
    body("reused buffer beside noise of 500 B", Truth::HighWater, Metric::HeapBytes, |r, _| { let mut held = reused(r, |p| 1e3 * (2.0 * normal_above(p)).exp()); Box::new(move |r, b, n| held(r, b, n) + r.between(0.0, 500.0) as i64) }),
    body("reused buffer, pages of the footprint", Truth::HighWater, Metric::Resident, |r, _| { let mut held = reused(r, |p| 1e5 * (2.0 * normal_above(p)).exp()); Box::new(move |r, b, n| pages(held(r, b, n) as f64)) }),

    body("square root", Truth::Slowing, Metric::HeapBytes, |_, _| Box::new(|_, _, n| (1000.0 * (n as f64).sqrt()) as i64)),
    body("logarithm", Truth::Slowing, Metric::HeapBytes, |_, _| Box::new(|_, _, n| (1e5 * (n as f64 + 1.0).ln()) as i64)),
];
