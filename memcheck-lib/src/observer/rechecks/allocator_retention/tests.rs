//! Scripted workers whose footprint grows: by retained memory, leaks or fragmentation.

use std::time::Duration;

use super::*;
use crate::detect::Advice;
use crate::observer::scripted::{PAGE, ScriptedWorker};
use crate::options::Options;

fn judge(worker: &mut ScriptedWorker, options: Options) -> (Option<Verdict>, Option<Retention>) {
    let measured = worker.measured(options);
    (measured.conclusion.unwrap().verdict, measured.retention)
}

#[test]
fn a_returned_footprint_is_retained_memory() {
    let mut worker = ScriptedWorker::new(2 * PAGE, 100);
    let (verdict, retention) = judge(&mut worker, Options::default());
    let retention = retention.unwrap();
    assert_eq!(verdict, Some(Verdict::Steady));
    assert_eq!(retention.finding, RetentionFinding::Retained);
    assert!(retention.growth > 256 << 10 && retention.given_back >= retention.growth);
    assert_eq!(worker.trims, 2);
}

#[test]
fn a_footprint_that_grows_again_is_a_leak() {
    let (verdict, retention) = judge(&mut ScriptedWorker::new(2 * PAGE, 0), Options::default());
    let retention = retention.unwrap();
    assert_eq!(verdict, Some(Verdict::Growing));
    assert_eq!(retention.finding, RetentionFinding::Stays);
    assert_eq!((retention.given_back, retention.again), (0, retention.growth));
}

#[test]
fn retained_memory_counts_for_a_limit() {
    let options = Options { resident: Some(crate::Bytes(1 << 20)), ..Options::default() };
    let (verdict, retention) = judge(&mut ScriptedWorker::new(2 * PAGE, 100), options);
    assert_eq!(retention.unwrap().finding, RetentionFinding::Retained);
    assert_eq!(verdict, Some(Verdict::OverLimit));
}

#[test]
fn nothing_is_trimmed_for_a_growing_heap_or_a_steady_footprint() {
    let mut leak = ScriptedWorker { heap_per_iteration: 100, ..ScriptedWorker::new(2 * PAGE, 100) };
    assert_eq!(judge(&mut leak, Options::default()), (Some(Verdict::Growing), None));
    assert_eq!(leak.trims, 0);
    let mut clean = ScriptedWorker::new(0, 0);
    assert_eq!(judge(&mut clean, Options::default()), (Some(Verdict::Steady), None));
    assert_eq!(clean.trims, 0);
}

#[test]
fn nothing_is_trimmed_without_time_to_repeat() {
    let options = Options { timeout: Some(Duration::from_secs(2)), ..Options::default() };
    let (verdict, retention) = judge(&mut ScriptedWorker::new(64, 100), options);
    assert_eq!((verdict, retention), (Some(Verdict::Growing), None));
}

#[test]
fn a_backlog_that_is_released_is_steady() {
    let mut worker = ScriptedWorker { handed_over: 10_000, ..ScriptedWorker::new(0, 0) };
    let measured = worker.measured(Options::default());
    let conclusion = measured.conclusion.unwrap();
    // Nothing is left; the sensitivity excludes leaks that the backlog could have hidden.
    assert_eq!(conclusion.verdict, Some(Verdict::Steady));
    let heap = conclusion.metrics.iter().find(|of| of.metric == Metric::HeapBytes).unwrap();
    let queued = heap.growth as f64 / conclusion.iterations as f64;
    assert!(heap.sensitivity.unwrap().per_iteration() >= queued, "{:?}", heap.sensitivity);
    // The footprint grew with the backlog, which is not a leak either.
    assert_eq!(measured.retention.unwrap().finding, RetentionFinding::Retained);
}

#[test]
fn a_backlog_next_to_a_leak_is_inconclusive() {
    let heap_per_iteration = 500;
    let mut worker =
        ScriptedWorker { handed_over: 10_000, heap_per_iteration, ..ScriptedWorker::new(0, 0) };
    let conclusion = worker.measured(Options::default()).conclusion.unwrap();
    assert_eq!(conclusion.verdict, Some(Verdict::Inconclusive));
    let fell_behind =
        |of: &Advice| matches!(of, Advice::FellBehind { metric: Metric::HeapBytes, .. });
    assert!(conclusion.advice.iter().any(fell_behind), "{:?}", conclusion.advice);
}

#[test]
fn a_leak_next_to_a_small_backlog_grows() {
    let mut worker =
        ScriptedWorker { handed_over: 100, heap_per_iteration: 1000, ..ScriptedWorker::new(0, 0) };
    let (verdict, _) = judge(&mut worker, Options::default());
    assert_eq!(verdict, Some(Verdict::Growing));
}

#[test]
fn a_leak_of_pages_next_to_a_varying_heap_grows() {
    let options = Options { iterations: Some(2_000), ..Options::default() };
    for period in [640, 690, 1_000, 1_030, 1_040, 1_050, 1_500] {
        let mut worker = ScriptedWorker { cleared: Some(period), ..ScriptedWorker::new(PAGE, 0) };
        let (verdict, _) = judge(&mut worker, options.clone());
        assert_eq!(verdict, Some(Verdict::Growing), "cleared every {period}");
    }
}

#[test]
fn threads_that_end_slowly_are_inconclusive() {
    let options = Options { iterations: Some(100), ..Options::default() };
    let mut worker = ScriptedWorker { starts: 1, ..ScriptedWorker::new(0, 0) };
    let conclusion = worker.measured(options).conclusion.unwrap();
    assert_eq!(conclusion.verdict, Some(Verdict::Inconclusive));
    let fell_behind =
        |of: &Advice| matches!(of, Advice::FellBehind { metric: Metric::Threads, .. });
    assert!(conclusion.advice.iter().any(fell_behind), "{:?}", conclusion.advice);
}

#[test]
fn a_late_rise_is_retained_only_if_it_is_returned() {
    let options = Options { iterations: Some(1000), ..Options::default() };
    let late = |returned| ScriptedWorker {
        step: Some((620, 2 << 20)),
        ..ScriptedWorker::new(0, returned)
    };
    let (verdict, retention) = judge(&mut late(100), options.clone());
    assert_eq!(
        (verdict, retention.unwrap().finding),
        (Some(Verdict::Steady), RetentionFinding::Retained)
    );
    // It does not recur, but the repeated iterations are too few for such a rare event.
    let (verdict, retention) = judge(&mut late(0), options);
    let retention = retention.unwrap();
    assert_eq!(
        (verdict, retention.finding),
        (Some(Verdict::Inconclusive), RetentionFinding::Retained)
    );
}

#[test]
fn a_late_rise_within_the_tolerance_is_steady() {
    let options = Options { iterations: Some(1000), ..Options::default() };
    let mut worker = ScriptedWorker { step: Some((620, 104 << 10)), ..ScriptedWorker::new(0, 0) };
    assert_eq!(judge(&mut worker, options).0, Some(Verdict::Steady));
}

/// A run in which only the footprint rose, to these numbers of pages.
fn rose(pages: &[&[i64]], growth: i64) -> Conclusion {
    let (verdict, shape) = (Verdict::Inconclusive, Shape::Rising);
    let windows = pages
        .iter()
        .map(|window| window.iter().map(|pages| pages * PAGE as i64).collect())
        .collect();
    let resident = MetricReport {
        metric: Metric::Resident,
        verdict,
        shape,
        growth,
        rate: 0.0,
        limit: None,
        sensitivity: None,
        windows,
    };
    Conclusion {
        verdict: Some(verdict),
        iterations: 1000,
        checkpoints: Vec::new(),
        metrics: vec![resident],
        advice: Vec::new(),
        stopped: None,
    }
}

#[test]
fn a_rise_in_several_steps_that_does_not_recur_has_ended() {
    // Measured on busy machines: a database in a file, and a pool of threads.
    let database: &[&[i64]] = &[
        &[0, 0, 0, 0, 0, 0, 0, 99],
        &[99, 99, 99, 99, 99, 99, 99, 99],
        &[99, 99, 99, 103, 103, 103, 156, 156],
        &[156, 156, 156, 156, 156, 207, 316, 423],
        &[694, 694, 694, 694, 694, 702, 923, 1140],
    ];
    let pool: &[&[i64]] = &[
        &[27, 27, 27, 28, 45, 45, 45, 45],
        &[45, 55, 56, 57, 59, 62, 87, 87],
        &[89, 92, 92, 92, 92, 92, 92, 92],
        &[106, 111, 111, 115, 115, 115, 136, 136],
        &[137, 138, 139, 140, 141, 154, 173, 174],
    ];
    let judged = |pages: &[&[i64]], growth, given_back, again| {
        let mut conclusion = rose(pages, growth);
        let again = SecondRun { iterations: 1000, footprint: again, heap: 0 };
        revise(&mut conclusion, Retention::new(growth, given_back, again).as_ref());
        let sensitivity = conclusion.metrics[0].sensitivity.map(|of| of.per_iteration());
        (conclusion.verdict, sensitivity)
    };
    // The sensitivity is what the recheck could have missed.
    let steady = |growth: i64| (Some(Verdict::Steady), Some(2.0 * (growth / 4) as f64 / 1000.0));
    assert_eq!(judged(database, 4_669_440, 8_192, 72_464), steady(4_669_440));
    assert_eq!(judged(pool, 712_704, 106_496, 32_768), steady(712_704));
    // Growth that recurs has not ended. One step does not predict the next, with or without pages that
    // come and go.
    let unsure = (Some(Verdict::Inconclusive), None);
    assert_eq!(judged(pool, 712_704, 106_496, 100_000), unsure);
    let step: &[&[i64]] =
        &[&[0, 1, 2, 0], &[1, 3, 0, 4], &[5, 170, 171, 172], &[170, 173, 174, 171]];
    assert_eq!(judged(step, 712_704, 106_496, 0), unsure);
}
