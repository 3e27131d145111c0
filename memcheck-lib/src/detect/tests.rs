//! Runs with readings written down by hand, and properties of any run.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::metric::Metric;

mod budget;

fn settings(limits: &[(Metric, u64)]) -> JudgeSettings {
    JudgeSettings { limits: limits.iter().copied().collect(), ..JudgeSettings::default() }
}

/// Runs a body of the given cost to its end.
fn drive(
    settings: JudgeSettings,
    cost: Duration,
    mut read: impl FnMut(u64) -> Readings,
) -> Conclusion {
    let mut run = JudgedRun::new(settings, cost, read(0));
    let (mut done, mut elapsed) = (0u64, Duration::ZERO);
    while let Some(window) = run.next() {
        let mut readings = Vec::new();
        for batch in &window.batches {
            done += batch;
            elapsed += cost.saturating_mul(u32::try_from(*batch).unwrap_or(u32::MAX));
            readings.push(read(done));
        }
        run.add_window(readings, TimeSpent { elapsed, cpu: elapsed, ..TimeSpent::default() });
    }
    run.conclude()
}

fn one(metric: Metric, value: i64) -> Readings {
    Readings::default().with(metric, value)
}

const QUICK: Duration = Duration::from_micros(10);
const SLOW: Duration = Duration::from_millis(10);
const VERY_SLOW: Duration = Duration::from_millis(100);

#[test]
fn steady_run_stops_early_and_states_its_sensitivity() {
    let conclusion = drive(settings(&[]), QUICK, |_| one(Metric::HeapBlocks, 5));
    assert_eq!(conclusion.verdict, Some(Verdict::Steady));
    assert_eq!((conclusion.iterations, conclusion.stopped), (4080, Some(Stop::EnoughSeen)));
    assert_eq!(conclusion.metrics[0].sensitivity, Some(Sensitivity::OneIn { iterations: 72 }));
    assert!(conclusion.advice.is_empty());
}

#[test]
fn hundred_milliseconds_of_cpu_time_are_not_enough_without_iterations() {
    let conclusion = drive(settings(&[]), Duration::from_millis(1), |_| one(Metric::Fds, 5));
    assert_eq!((conclusion.iterations, conclusion.stopped), (496, Some(Stop::EnoughSeen)));
}

#[test]
fn leaks_stop_at_enough_evidence() {
    for (metric, each, most) in [
        (Metric::Fds, 1, 700),
        (Metric::Fds, 20, 700),
        (Metric::Threads, 3, 400),
        (Metric::Children, 1, 400),
        (Metric::Resident, 1 << 20, 1 << 30),
    ] {
        let conclusion = drive(settings(&[]), QUICK, |n| one(metric, each * n as i64));
        assert_eq!(conclusion.verdict, Some(Verdict::Growing), "{metric}");
        assert_eq!(conclusion.stopped, Some(Stop::Evidence), "{metric}");
        assert!(conclusion.metrics[0].growth <= most, "{metric} {}", conclusion.metrics[0].growth);
    }
}

#[test]
fn limited_resource_is_judged_within_its_bound() {
    let limited_resource = Some(LimitedResource { metric: Metric::Fds, bound: 16 });
    for each in [1, 3] {
        let leak = |n: u64| one(Metric::Fds, each * n as i64);
        let conclusion = drive(JudgeSettings { limited_resource, ..settings(&[]) }, QUICK, leak);
        assert_eq!(conclusion.verdict, Some(Verdict::Growing), "{each}");
        assert_eq!(conclusion.stopped, Some(Stop::Evidence), "{each}");
        let growth = conclusion.metrics[0].growth;
        assert!(growth <= 4 * each + 16, "{each}: {growth}");
    }
    // Growth during the warm-up only is judged as usual.
    let pool = |n: u64| one(Metric::Fds, n.min(10) as i64);
    let conclusion = drive(JudgeSettings { limited_resource, ..settings(&[]) }, QUICK, pool);
    assert_eq!(conclusion.verdict, Some(Verdict::Steady));
    assert!(conclusion.iterations >= 2048);
}

#[test]
fn period_in_step_with_the_checkpoints_is_not_growing() {
    // At even distances in a million iterations, some of these would be straight lines.
    for period in (3_800..4_200).chain([315, 7_784, 15_625]) {
        let settings = JudgeSettings { iterations: Some(1_000_000), ..settings(&[]) };
        let saw = |n: u64| {
            let held = (n % period) as i64;
            one(Metric::HeapBlocks, held).with(Metric::HeapBytes, 100 * held)
        };
        let conclusion = drive(settings, QUICK, saw);
        assert_ne!(conclusion.verdict, Some(Verdict::Growing), "{period}");
    }
}

#[test]
fn single_huge_step_is_steady() {
    let conclusion =
        drive(settings(&[]), QUICK, |n| one(Metric::HeapBytes, if n > 20 { 1 << 30 } else { 0 }));
    assert_eq!(conclusion.verdict, Some(Verdict::Steady));
}

#[test]
fn late_step_in_a_slow_run_is_inconclusive_with_advice() {
    // One step within the budget, one in its extension.
    let step = |height: i64| {
        move |n: u64| one(Metric::Fds, height * (i64::from(n > 60) + i64::from(n > 300)))
    };
    // A library may open two descriptors, but not forty.
    assert_eq!(drive(settings(&[]), SLOW, step(1)).verdict, Some(Verdict::Steady));
    let conclusion = drive(settings(&[]), SLOW, step(20));
    assert_eq!(conclusion.verdict, Some(Verdict::Inconclusive));
    assert!(matches!(conclusion.advice[..], [Advice::RoseLate { metric: Metric::Fds, .. }]));
}

#[test]
fn pages_are_steady_within_the_tolerance_and_growing_above_it() {
    let pages = |every: u64| move |n: u64| one(Metric::Resident, (n / every) as i64 * 4096);
    let few = drive(settings(&[]), SLOW, pages(10));
    assert_eq!((few.verdict, few.metrics[0].shape), (Some(Verdict::Steady), Shape::Growing));
    let many = drive(settings(&[]), QUICK, pages(10));
    assert_eq!(many.verdict, Some(Verdict::Growing));
}

#[test]
fn absolute_limit_holds_for_every_shape() {
    let step = |n: u64| one(Metric::Resident, if n > 20 { 2 << 20 } else { 0 });
    let limit = drive(settings(&[(Metric::Resident, 1 << 20)]), QUICK, step);
    assert_eq!(limit.verdict, Some(Verdict::OverLimit));
    let wide = drive(settings(&[(Metric::Resident, 3 << 20)]), QUICK, step);
    assert_eq!(wide.verdict, Some(Verdict::Steady));
    let growing = drive(settings(&[(Metric::Fds, 2)]), QUICK, |n| one(Metric::Fds, n as i64));
    assert_eq!(growing.verdict, Some(Verdict::Growing));
}

#[test]
fn heap_limit_is_a_rate() {
    let read = |n: u64| {
        one(Metric::HeapBytes, 100 * n as i64)
            .with(Metric::HeapBlocks, 2 * n as i64)
            .with(Metric::Resident, 110 * n as i64 / 4096 * 4096)
    };
    let within = drive(settings(&[(Metric::HeapBytes, 100)]), QUICK, read);
    assert_eq!(within.verdict, Some(Verdict::Steady), "{:?}", within.metrics);
    let above = drive(settings(&[(Metric::HeapBytes, 99)]), QUICK, read);
    assert_eq!(above.verdict, Some(Verdict::Growing));
    let native = |n: u64| one(Metric::NativeBytes, 100 * n as i64);
    let native = drive(settings(&[(Metric::HeapBytes, 99)]), QUICK, native);
    assert_eq!(native.verdict, Some(Verdict::Growing));
}

#[test]
fn heap_limit_allows_the_pages_of_its_blocks() {
    // glibc takes 32 bytes for a block of 8.
    let read = |n: u64| {
        one(Metric::HeapBytes, 8 * n as i64)
            .with(Metric::HeapBlocks, n as i64)
            .with(Metric::Resident, 32 * n as i64 / 4096 * 4096)
    };
    let within = drive(settings(&[(Metric::HeapBytes, 8)]), QUICK, read);
    assert_eq!(within.verdict, Some(Verdict::Steady), "{:?}", within.metrics);
    let grows_within =
        |of: &MetricReport| of.metric == Metric::HeapBytes && of.grows_within_limit();
    assert!(within.metrics.iter().any(grows_within));
    // More growth than the blocks explain is a leak.
    let more = |n: u64| read(n).with(Metric::Resident, 96 * n as i64 / 4096 * 4096);
    let more = drive(settings(&[(Metric::HeapBytes, 8)]), QUICK, more);
    assert_eq!(more.verdict, Some(Verdict::Growing));
}

#[test]
fn run_stops_when_the_requested_metric_is_growing() {
    let stop_when_growing = Some(Metric::Fds);
    let leak = |n: u64| one(Metric::Fds, n as i64 / 10).with(Metric::HeapBytes, 100 * n as i64);
    let short = drive(JudgeSettings { stop_when_growing, ..settings(&[]) }, QUICK, leak);
    assert_eq!(short.stopped, Some(Stop::CalledGrowing));
    // Three rises need four windows; a leak of one in ten needs a fifth.
    assert!(short.iterations <= 496, "{}", short.iterations);
    let other = JudgeSettings { stop_when_growing: Some(Metric::Threads), ..settings(&[]) };
    assert_eq!(drive(other, QUICK, leak).stopped, Some(Stop::Evidence));
}

#[test]
fn blind_judge_calls_nothing_growing() {
    let blind = JudgeSettings { blind: true, ..settings(&[]) };
    let conclusion = drive(blind, QUICK, |n| one(Metric::HeapBlocks, n as i64));
    assert_eq!(conclusion.verdict, Some(Verdict::Steady));
}

/// The advice on limits that are too small for a run with these readings.
fn below(limits: &[(Metric, u64)], read: impl FnMut(u64) -> Readings) -> Vec<Advice> {
    let advice = drive(settings(limits), QUICK, read).advice;
    advice.into_iter().filter(|of| matches!(of, Advice::LimitBelowSensitivity { .. })).collect()
}

#[test]
fn limit_below_the_noise_gets_advice_with_the_needed_iterations() {
    // Two readings up and two down: a single one would be a peak and not noise.
    let noisy = |metric: Metric, height: i64| {
        let mut readings = 0;
        move |_: u64| {
            readings += 1;
            one(metric, if readings % 4 < 2 { height } else { 0 })
        }
    };
    let [Advice::LimitBelowSensitivity { limit: 10, iterations, .. }] =
        below(&[(Metric::Fds, 10)], noisy(Metric::Fds, 40))[..]
    else {
        panic!("a limit of 10 in noise of 40")
    };
    assert!(iterations > 4080, "{iterations}");
    assert!(below(&[(Metric::Fds, 40)], noisy(Metric::Fds, 40)).is_empty());
    // Without noise every limit is exact, including 0.
    assert!(below(&[(Metric::Fds, 0)], |_| one(Metric::Fds, 7)).is_empty());
    assert!(below(&[(Metric::Resident, 1)], |_| one(Metric::Resident, 7)).is_empty());
    // In a short run the noise hides a rate of one byte per iteration.
    assert_eq!(below(&[(Metric::HeapBytes, 1)], noisy(Metric::HeapBytes, 4000)).len(), 1);
    assert!(below(&[(Metric::HeapBytes, 100)], noisy(Metric::HeapBytes, 4000)).is_empty());
}

#[test]
fn unread_metric_never_passes() {
    let nothing = drive(settings(&[]), QUICK, |_| Readings::default());
    assert_eq!((nothing.verdict, nothing.metrics.len()), (None, 0));
    let lost = drive(settings(&[]), QUICK, |n| {
        if n < 100 { one(Metric::Fds, 3) } else { Readings::default() }
    });
    assert_eq!(lost.verdict, Some(Verdict::Inconclusive));
    let limited = drive(settings(&[(Metric::Fds, 0)]), QUICK, |_| one(Metric::Threads, 1));
    assert_eq!(limited.verdict, Some(Verdict::Inconclusive));
    assert_eq!(limited.advice, [Advice::Unreadable { metric: Metric::Fds }]);
    let must_read = vec![Metric::Fds, Metric::Threads];
    let unread = JudgeSettings { must_read, ..settings(&[]) };
    let unread = drive(unread, QUICK, |_| one(Metric::Threads, 1));
    assert_eq!(unread.verdict, Some(Verdict::Inconclusive));
    assert_eq!(unread.advice, [Advice::Unreadable { metric: Metric::Fds }]);
}

#[test]
fn worker_that_dies_in_a_window_is_inconclusive() {
    let mut run = JudgedRun::new(settings(&[]), VERY_SLOW, one(Metric::Fds, 3));
    assert_eq!(run.conclude().verdict, Some(Verdict::Inconclusive));
    assert_eq!(run.conclude().stopped, None);
    run.add_window(Vec::new(), TimeSpent::default());
    let conclusion = run.conclude();
    assert_eq!((conclusion.iterations, conclusion.stopped), (0, Some(Stop::Interrupted)));
    assert_eq!(conclusion.verdict, Some(Verdict::Inconclusive));
    assert_eq!(run.next(), None);
}

#[test]
fn each_advice_is_one_sentence() {
    let metric = Metric::Resident;
    let time = Duration::from_millis(8000);
    for advice in [
        Advice::LongerTime { time },
        Advice::MoreIterations { iterations: 15 },
        Advice::StillFilling { metric, warmup: 4000, time },
        Advice::RoseLate { metric, time },
        Advice::MayStillFill { metric, iterations: 4080 },
        Advice::LimitBelowSensitivity { metric, limit: 1, sensitivity: 2.0, iterations: 9 },
        Advice::Unreadable { metric },
    ] {
        let text = advice.to_string();
        assert!(!text.contains('\n') && !text.ends_with('.') && text.len() > 40, "{text}");
    }
}

/// A run that repeats these readings.
fn literal(values: &[i64], time: Duration, offset: i64) -> Conclusion {
    let settings = JudgeSettings { time, ..JudgeSettings::default() };
    let mut at = 0usize;
    drive(settings, Duration::from_millis(2), |_| {
        let value = values[at % values.len()].wrapping_add(offset);
        at += 1;
        one(Metric::HeapBytes, value)
    })
}

proptest! {
    #[test]
    fn arbitrary_readings_get_a_verdict(
        values in prop::collection::vec(any::<i64>(), 1..90),
        iterations in prop::option::of(0u64..5000),
        cost in 0u64..u64::MAX,
        limit in prop::option::of(any::<u64>()),
    ) {
        let limits = Metric::ALL.into_iter().zip(limit).collect();
        let settings = JudgeSettings { time: Duration::from_millis(300), iterations, limits, ..JudgeSettings::default() };
        let mut at = 0;
        let mut run = JudgedRun::new(settings, Duration::from_nanos(cost), Readings::default());
        let mut elapsed = Duration::ZERO;
        while let Some(window) = run.next() {
            elapsed += Duration::from_millis(1 + cost % 50);
            let mut readings = Vec::new();
            for _ in &window.batches {
                let mut all = Readings::default();
                for metric in Metric::ALL {
                    at += 1;
                    all.set(metric, values[at % values.len()]);
                }
                readings.push(all);
            }
            run.add_window(readings, TimeSpent { elapsed, cpu: elapsed, ..TimeSpent::default() });
        }
        let conclusion = run.conclude();
        prop_assert!(conclusion.verdict.is_some());
        prop_assert!(conclusion.metrics.iter().all(|metric| metric.rate.is_finite()));
        let texts = conclusion.advice.iter().all(|advice| !advice.to_string().is_empty());
        prop_assert!(texts);
    }

    #[test]
    fn added_constant_changes_nothing(
        values in prop::collection::vec(-1000i64..1000, 40..90),
        offset in -1_000_000_000i64..1_000_000_000,
    ) {
        let time = Duration::from_secs(1);
        let (plain, shifted) = (literal(&values, time, 0), literal(&values, time, offset));
        prop_assert_eq!(plain.verdict, shifted.verdict);
        prop_assert_eq!(plain.iterations, shifted.iterations);
        prop_assert_eq!(plain.metrics[0].rate, shifted.metrics[0].rate);
    }

    #[test]
    fn falling_metric_is_always_steady(falls in prop::collection::vec(0i64..1000, 200)) {
        let mut level = 0i64;
        let conclusion = drive(settings(&[]), Duration::from_millis(2), |n| {
            level -= falls[n as usize % falls.len()];
            one(Metric::HeapBytes, level)
        });
        prop_assert_eq!(conclusion.verdict, Some(Verdict::Steady));
    }

    #[test]
    fn any_amount_per_iteration_grows(amount in 1i64..1_000_000_000, cost in 1u64..50_000) {
        let cost = Duration::from_micros(cost);
        let conclusion = drive(settings(&[]), cost, |n| one(Metric::HeapBytes, amount * n as i64));
        prop_assert_eq!(conclusion.verdict, Some(Verdict::Growing));
        prop_assert_eq!(conclusion.metrics[0].rate, amount as f64);
    }
}
