//! Plans from literal reports, and attempts with scripted runs.

use super::*;
use crate::detect::{MetricReport, Shape};
use crate::report::TestId;

fn metric(metric: Metric, verdict: Verdict, sensitivity: Option<Sensitivity>) -> MetricReport {
    MetricReport {
        metric,
        verdict,
        shape: Shape::Steady,
        growth: 3,
        rate: 0.0,
        limit: None,
        sensitivity,
        windows: Vec::new(),
    }
}

fn report(metrics: Vec<MetricReport>) -> Report {
    let passed = Report::unobserved(TestId::default(), Outcome::Passed);
    Report { verdict: Some(Verdict::Steady), iterations: 4080, metrics, ..passed }
}

fn seen(of: Metric, sensitivity: Sensitivity) -> MetricReport {
    metric(of, Verdict::Steady, Some(sensitivity))
}

#[test]
fn the_planted_leak_is_as_large_as_the_stated_sensitivity() {
    let one_in = Sensitivity::OneIn { iterations: 72 };
    let report = report(vec![
        seen(Metric::HeapBytes, one_in),
        seen(Metric::HeapBlocks, one_in),
        seen(Metric::Resident, Sensitivity::PerIteration { amount: 80.0 }),
        seen(Metric::Fds, one_in),
        seen(Metric::Threads, Sensitivity::PerIteration { amount: 0.03 }),
    ]);
    let plant = |kind| plan(kind, &report).map(|of| (of.every, of.count, of.size));
    assert_eq!(plant(PlantKind::RustBlock), Ok((72, 1, 1)));
    assert_eq!(plant(PlantKind::Page), Ok((51, 1, 4096)));
    assert_eq!(plant(PlantKind::Fd), Ok((72, 1, 0)));
    assert_eq!(plant(PlantKind::Thread), Ok((33, 1, 0)));
    assert_eq!(plant(PlantKind::GrowingVec), Ok((1, 1, 1)));
    assert_eq!(plant(PlantKind::CBlock), Err("the C heap is not counted".to_owned()));
}

#[test]
fn blocks_are_large_enough_for_the_limit_on_bytes() {
    let report = report(vec![
        seen(Metric::HeapBytes, Sensitivity::PerIteration { amount: 80.0 }),
        seen(Metric::HeapBlocks, Sensitivity::OneIn { iterations: 10 }),
        seen(Metric::Resident, Sensitivity::PerIteration { amount: 10_000.0 }),
    ]);
    let block = plan(PlantKind::RustBlock, &report).unwrap();
    assert_eq!((block.every, block.size), (10, 800));
    let vec = plan(PlantKind::GrowingVec, &report).unwrap();
    assert_eq!((vec.every, vec.size), (1, 80));
    let page = plan(PlantKind::Page, &report).unwrap();
    assert_eq!((page.every, page.size), (1, 3 * PAGE));
}

#[test]
fn a_leak_that_takes_too_much_is_not_planted() {
    let report = report(vec![
        seen(Metric::Fds, Sensitivity::PerIteration { amount: 0.5 }),
        metric(Metric::Threads, Verdict::Inconclusive, None),
    ]);
    let reason = plan(PlantKind::Fd, &report).unwrap_err();
    assert!(reason.contains("would take 2,040 descriptors"), "{reason}");
    assert!(plan(PlantKind::Thread, &report).unwrap_err().contains("too short"));
}

const PLANT: Plant = Plant { kind: PlantKind::Fd, every: 72, count: 1, size: 0 };

/// The result of runs with these verdicts on the descriptors, and their numbers of iterations.
fn tried(verdicts: &[Verdict], outcome: &Outcome) -> (TrialResult, Vec<u64>) {
    let (mut verdicts, mut asked) = (verdicts.iter(), Vec::new());
    let trial = attempt(PLANT, 100, |iterations| {
        asked.push(iterations);
        let verdict = *verdicts.next().unwrap();
        Report { outcome: outcome.clone(), ..report(vec![metric(Metric::Fds, verdict, None)]) }
    });
    (trial.result, asked)
}

#[test]
fn a_leak_that_is_called_growing_is_proven() {
    assert_eq!(tried(&[Verdict::Growing], &Outcome::Passed), (TrialResult::Proven, vec![100]));
    let second = tried(&[Verdict::Inconclusive, Verdict::Growing], &Outcome::Passed);
    assert_eq!(second, (TrialResult::Proven, vec![100, 200]));
}

#[test]
fn a_leak_that_is_missed_twice_is_unproven() {
    let (result, asked) = tried(&[Verdict::Steady, Verdict::Inconclusive], &Outcome::Passed);
    let TrialResult::Unproven { reason } = result else { panic!("{result:?}") };
    assert_eq!(reason, "fds changed by 3 over 4,080 iterations and was called inconclusive");
    assert_eq!(asked, [100, 200]);
}

#[test]
fn a_body_that_fails_with_the_leak_is_unproven_with_its_message() {
    let failed = Outcome::Failed { message: "the test panicked".into() };
    let (result, asked) = tried(&[Verdict::Steady], &failed);
    assert_eq!(result, TrialResult::Unproven { reason: "the test panicked".into() });
    assert_eq!(asked, [100]);
}
