//! One simulated run: a body of some cost, judged as a real one is.

use std::time::Duration;

use memcheck::tool::detect::{
    Conclusion, JudgeSettings, JudgedRun, Readings, Sensitivity, TimeSpent, Verdict,
};

use super::body::{Body, Truth};
use super::random::Random;

/// Wall time of reading all metrics once.
const CHECKPOINT: Duration = Duration::from_micros(150);

/// Wall costs of one iteration in the tables.
pub const COSTS: [Duration; 6] = [
    Duration::from_micros(1),
    Duration::from_micros(10),
    Duration::from_micros(100),
    Duration::from_millis(1),
    Duration::from_millis(10),
    Duration::from_millis(100),
];

/// How a run ended, measured against the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// Steady.
    Pass,
    /// Growing.
    Leak,
    /// Inconclusive.
    Unsure,
    /// A leak was called steady, and is smaller than what the run says it would have seen.
    Below,
}

/// A run's ending with what it cost.
pub struct Run {
    pub ending: Ending,
    pub elapsed: Duration,
    pub conclusion: Conclusion,
}

/// Iterations that the budget allows.
pub fn affordable(settings: &JudgeSettings, cost: Duration) -> u64 {
    u64::try_from(settings.time.as_nanos() / cost.as_nanos().max(1)).unwrap_or(u64::MAX)
}

/// Whether the nature of the body shows within the budget. The last eighth is left out: that is
/// the distance of checkpoints, and what they cost.
pub fn decidable(body: &Body, settings: &JudgeSettings, cost: Duration) -> bool {
    match body.truth {
        Truth::Clean { horizon } => affordable(settings, cost) / 8 * 7 >= horizon,
        _ => true,
    }
}

/// What a leak of the smallest size that a run says it would see adds after so many iterations.
fn planted(sensitivity: Sensitivity, done: u64) -> i64 {
    if let Sensitivity::OneIn { iterations } = sensitivity {
        return (done / iterations.max(1)) as i64;
    }
    (done as f64 * sensitivity.per_iteration()).ceil() as i64
}

/// Runs a body and runs it again with a leak planted that is as small as the first run says it
/// would have seen; says whether that one is called growing.
pub fn proves(body: &Body, settings: &JudgeSettings, cost: Duration, seed: u64) -> Option<bool> {
    let clean = run(body, settings, cost, seed, None).conclusion;
    let sensitivity = clean.metrics.first()?.sensitivity?;
    let leaking = run(body, settings, cost, seed, Some(sensitivity));
    Some(leaking.ending == Ending::Leak)
}

/// Runs a body once.
pub fn run(
    body: &Body,
    settings: &JudgeSettings,
    cost: Duration,
    seed: u64,
    plant: Option<Sensitivity>,
) -> Run {
    let mut random = Random::seeded(seed);
    let mut read = (body.begin)(&mut random, affordable(settings, cost));
    let mut take = |random: &mut Random, batch, done| {
        let planted = plant.map_or(0, |sensitivity| planted(sensitivity, done));
        Readings::default().with(body.metric, read(random, batch, done) + planted)
    };
    let baseline = take(&mut random, 0, 0);
    let mut run =
        JudgedRun::new(settings.clone(), cost.mul_f64(random.between(0.8, 1.3)), baseline);
    let (mut done, mut spent) = (0, TimeSpent::default());
    while let Some(window) = run.next() {
        let mut readings = Vec::with_capacity(window.batches.len());
        for batch in &window.batches {
            done += batch;
            let took = cost.mul_f64(*batch as f64);
            spent.cpu += took;
            spent.elapsed += took.mul_f64(random.between(1.0, 1.1)) + CHECKPOINT;
            readings.push(take(&mut random, *batch, done));
        }
        run.add_window(readings, spent);
    }
    let conclusion = run.conclude();
    Run { ending: ending(body, &conclusion), elapsed: spent.elapsed, conclusion }
}

fn ending(body: &Body, conclusion: &Conclusion) -> Ending {
    match (conclusion.verdict, body.truth) {
        (Some(Verdict::Growing | Verdict::OverLimit), _) => Ending::Leak,
        (Some(Verdict::Steady), Truth::Leak { per_thousand, from }) => {
            let late = conclusion.iterations.saturating_sub(from) as f64;
            let rate = per_thousand as f64 / 1000.0 * late / conclusion.iterations.max(1) as f64;
            let seen = conclusion.metrics.first().and_then(|metric| metric.sensitivity);
            match seen {
                Some(seen) if rate < seen.per_iteration() => Ending::Below,
                _ => Ending::Pass,
            }
        }
        (Some(Verdict::Steady), Truth::Container { shows }) if conclusion.iterations < shows => {
            Ending::Below
        }
        (Some(Verdict::Steady), _) => Ending::Pass,
        _ => Ending::Unsure,
    }
}

/// Any two bodies and costs get different seeds; the same table always the same.
fn seed(body: &Body, cost: Duration, number: u32) -> u64 {
    let name = body.name.bytes().fold(cost.as_nanos() as u64 + 1, |seed, byte| {
        seed.wrapping_mul(0x0100_0000_01b3) ^ u64::from(byte)
    });
    name.wrapping_add(u64::from(number) << 32)
}

/// How many of a number of runs ended how.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub runs: u32,
    pub pass: u32,
    pub leak: u32,
    pub unsure: u32,
    pub below: u32,
    /// Runs repeated with a planted leak of the sensitivity stated, and those called growing.
    pub planted: u32,
    pub proven: u32,
    pub elapsed: Duration,
    pub iterations: u64,
}

impl Tally {
    /// Runs a body so many times, each with a seed of its own.
    pub fn of(body: &Body, settings: &JudgeSettings, cost: Duration, runs: u32) -> Tally {
        let mut tally = Tally::default();
        for number in 0..runs {
            let seed = seed(body, cost, number);
            tally.add(&run(body, settings, cost, seed, None));
            if decidable(body, settings, cost) && matches!(body.truth, Truth::Clean { .. }) {
                let proof = proves(body, settings, cost, seed);
                tally.planted += u32::from(proof.is_some());
                tally.proven += u32::from(proof == Some(true));
            }
        }
        tally
    }

    fn add(&mut self, run: &Run) {
        self.runs += 1;
        self.elapsed += run.elapsed;
        self.iterations += run.conclusion.iterations;
        match run.ending {
            Ending::Pass => self.pass += 1,
            Ending::Leak => self.leak += 1,
            Ending::Unsure => self.unsure += 1,
            Ending::Below => self.below += 1,
        }
    }
}

/// A cell of the table: the verdicts with their share, and the iterations and the time of a run on average.
pub fn cell(tally: &Tally, decidable: bool) -> String {
    let parts: Vec<String> = [
        ("PASS", tally.pass),
        ("LEAK", tally.leak),
        ("UNSURE", tally.unsure),
        ("below", tally.below),
    ]
    .into_iter()
    .filter(|(_, count)| *count > 0)
    .map(|(word, count)| match count == tally.runs {
        true => word.to_owned(),
        false => format!("{word} {:.1} %", f64::from(count) * 100.0 / f64::from(tally.runs)),
    })
    .collect();
    let mean = tally.elapsed / tally.runs.max(1);
    let iterations = tally.iterations / u64::from(tally.runs.max(1));
    let prefix = if decidable { "" } else { "(undecidable) " };
    format!("{prefix}{} · {iterations} in {:.2} s", parts.join(", "), mean.as_secs_f64())
}
