//! The proof: a test that passed runs again with a planted leak, of the size that its own run stated it
//! would detect, one kind at a time.

use std::time::Instant;

use super::cancel::{Cancel, Progress};
use super::launch::Launch;
use super::observe::observe_planted;
use super::settings::Settings;
use crate::detect::{Sensitivity, Verdict};
use crate::metric::{Evidence, Heap, Metric};
use crate::report::{Outcome, Plant, PlantKind, Proof, Report, Trial, TrialResult};
use crate::units::{grouped, iterations};

/// How often a leak is planted before it counts as missed. A leak of the stated size is called growing in
/// 99.6 % of the runs (`docs/src/how/verdict.md`), not in all: a busy machine makes noise that the first run did
/// not have. Two attempts miss one in 60,000.
const ATTEMPTS: u64 = 2;

/// The smallest amount of memory that a process can get.
const PAGE: u64 = 4096;
/// The most that is planted. A limit of the user may allow so much growth that detecting it would take
/// more: a quarter GiB of memory, half of the 1,024 descriptors of a process, a quarter of that in
/// threads.
const MOST_BYTES: f64 = (256u64 << 20) as f64;
const MOST_FDS: f64 = 512.0;
const MOST_THREADS: f64 = 256.0;
/// The smallest memory of a block, for the same bound: the smallest block of glibc's malloc.
const BLOCK: f64 = 32.0;

/// Proves a report of a test that passed: plants leaks and expects them to be called growing.
pub fn prove(
    launch: &Launch,
    settings: &Settings,
    report: &Report,
    cancel: &Cancel,
    progress: &mut dyn FnMut(Progress),
) -> Proof {
    let began = Instant::now();
    // The output of the body was shown in the first run.
    let launch = Launch { show_output: false, ..launch.clone() };
    let trials = PlantKind::ALL.into_iter().map(|kind| match plan(kind, report) {
        Ok(plant) => attempt(plant, report.iterations, |iterations| {
            let mut settings = settings.clone();
            settings.overrides.iterations = Some(iterations);
            observe_planted(&launch, &settings, Some(plant), cancel, progress)
        }),
        Err(reason) => Trial {
            kind,
            metric: kind.metric(),
            plant: None,
            result: TrialResult::NotProvable { reason },
            iterations: 0,
            elapsed: std::time::Duration::ZERO,
        },
    });
    let trials = trials.collect();
    Proof { trials, elapsed: began.elapsed() }
}

/// Runs with the planted leak until it is called growing, or counts as missed.
fn attempt(plant: Plant, iterations: u64, mut run: impl FnMut(u64) -> Report) -> Trial {
    let began = Instant::now();
    let metric = plant.kind.metric();
    let mut reason = String::new();
    let mut judged = 0;
    for number in 1..=ATTEMPTS {
        let report = run(iterations.saturating_mul(number));
        judged = report.iterations;
        match missed(&report, metric) {
            None => {
                let result = TrialResult::Proven;
                let elapsed = began.elapsed();
                return Trial {
                    kind: plant.kind,
                    metric,
                    plant: Some(plant),
                    result,
                    iterations: judged,
                    elapsed,
                };
            }
            Some(why) => reason = why,
        }
        // Cancelled, or the body fails with the leak: another run would show the same.
        if report.outcome != Outcome::Passed {
            break;
        }
    }
    let (result, elapsed) = (TrialResult::Unproven { reason }, began.elapsed());
    Trial { kind: plant.kind, metric, plant: Some(plant), result, iterations: judged, elapsed }
}

/// Why a planted leak was not called growing; `None` when it was.
fn missed(report: &Report, metric: Metric) -> Option<String> {
    let of = report.metric(metric);
    if of.is_some_and(|of| of.verdict == Verdict::Growing) {
        return None;
    }
    Some(match (&report.outcome, of) {
        (Outcome::Passed, Some(of)) => format!(
            "{metric} changed by {} over {} and was called {}",
            grouped(of.growth),
            iterations(report.iterations),
            match of.verdict {
                Verdict::Steady => "steady",
                Verdict::Inconclusive => "inconclusive",
                Verdict::OverLimit => "over its limit",
                Verdict::Growing => "growing",
            }
        ),
        (Outcome::Passed, None) => format!("{metric} could not be read"),
        (Outcome::Failed { message } | Outcome::Broken { message }, _) => message.clone(),
        _ => format!("the run with the planted leak ended as {}", report.status().text()),
    })
}

/// The leak of one kind that the run stated it would detect; or why none can be planted.
fn plan(kind: PlantKind, report: &Report) -> Result<Plant, String> {
    let metric = kind.metric();
    let Some(of) = report.metric(metric) else {
        return Err(match metric.row().evidence {
            Evidence::RustHeap => "the Rust heap is not counted".to_owned(),
            Evidence::CHeap => "the C heap is not counted".to_owned(),
            Evidence::Kernel | Evidence::Runtime => format!("{metric} could not be read"),
        });
    };
    let seen = of.sensitivity.ok_or_else(|| {
        "the run was too short to detect growth; raise `time` or `iterations`".to_owned()
    })?;
    let rate = seen.per_iteration();
    let plant = match kind {
        PlantKind::RustBlock | PlantKind::CBlock => {
            let (every, count) = spread(rate);
            let bytes = match metric.row().heap {
                Heap::Blocks { bytes } => report.metric(bytes),
                Heap::Bytes { .. } | Heap::Contained | Heap::None => None,
            };
            // Blocks below a limit on bytes are allowed.
            let bytes = bytes.and_then(|of| of.sensitivity);
            let bytes = bytes.map_or(1.0, |seen| seen.per_iteration());
            let size = (bytes * every as f64 / count as f64).ceil().max(1.0) as u64;
            Plant { kind, every, count, size }
        }
        PlantKind::Page => {
            let (every, pages) = match seen {
                Sensitivity::OneIn { iterations } => (iterations.max(1), 1),
                Sensitivity::PerIteration { amount } => spread(amount / PAGE as f64),
            };
            Plant { kind, every, count: 1, size: pages * PAGE }
        }
        PlantKind::Fd | PlantKind::Thread => {
            let (every, count) = spread(rate);
            Plant { kind, every, count, size: 0 }
        }
        PlantKind::GrowingVec => {
            Plant { kind, every: 1, count: 1, size: rate.ceil().max(1.0) as u64 }
        }
    };
    within_bounds(plant, report.iterations)
}

/// The number of iterations between two leaks, and the items of each, for at least `rate`.
fn spread(rate: f64) -> (u64, u64) {
    match rate >= 1.0 {
        true => (1, rate.ceil() as u64),
        false => ((1.0 / rate.max(1e-12)).floor().max(1.0) as u64, 1),
    }
}

/// The plant, unless it would take more than a process should.
fn within_bounds(plant: Plant, iterations: u64) -> Result<Plant, String> {
    let items = plant.count as f64 * (iterations / plant.every.max(1)) as f64;
    let (most, what) = match plant.kind {
        PlantKind::Fd => (MOST_FDS, "descriptors"),
        PlantKind::Thread => (MOST_THREADS, "threads"),
        _ => (MOST_BYTES, "bytes"),
    };
    let all = match plant.kind {
        PlantKind::Fd | PlantKind::Thread => items,
        PlantKind::RustBlock | PlantKind::CBlock => items * BLOCK.max(plant.size as f64),
        PlantKind::Page | PlantKind::GrowingVec => items * plant.size as f64,
    };
    if all > most {
        return Err(format!(
            "the smallest leak that the run can detect would take {} {what}; lower the limit on the metric, or raise `time`",
            grouped(all.min(i64::MAX as f64) as i64)
        ));
    }
    Ok(plant)
}

#[cfg(test)]
mod tests;
