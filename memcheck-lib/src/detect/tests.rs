//! The course of runs written down by hand, and properties of any run.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::metric::Metric;

mod budget;

fn rules(limits: &[(Metric, u64)]) -> Rules {
    Rules { limits: limits.iter().copied().collect(), ..Rules::default() }
}

/// Runs a body of the given cost to its end.
fn drive(rules: Rules, cost: Duration, mut read: impl FnMut(u64) -> Readings) -> Conclusion {
    let mut course = JudgedRun::new(rules, cost, read(0));
    let (mut done, mut elapsed) = (0u64, Duration::ZERO);
    while let Some(window) = course.next() {
        let mut readings = Vec::new();
        for batch in &window.batches {
            done += batch;
            elapsed += cost.saturating_mul(u32::try_from(*batch).unwrap_or(u32::MAX));
            readings.push(read(done));
        }
        course.record(readings, Spent { elapsed, cpu: elapsed, ..Spent::default() });
    }
    course.conclude()
}

fn one(metric: Metric, value: i64) -> Readings {
    Readings::default().with(metric, value)
}

const QUICK: Duration = Duration::from_micros(10);
const SLOW: Duration = Duration::from_millis(10);
const VERY_SLOW: Duration = Duration::from_millis(100);

#[test]
fn a_steady_run_is_short_and_says_what_it_would_have_seen() {
    let conclusion = drive(rules(&[]), QUICK, |_| one(Metric::HeapBlocks, 5));
    assert_eq!(conclusion.verdict, Some(Verdict::Steady));
    assert_eq!((conclusion.iterations, conclusion.stopped), (4080, Some(Stop::EnoughSeen)));
    assert_eq!(conclusion.metrics[0].sensitivity, Some(Sensitivity::OneIn { iterations: 72 }));
    assert!(conclusion.advice.is_empty());
}

#[test]
fn a_hundred_milliseconds_of_work_need_iterations_too() {
    let conclusion = drive(rules(&[]), Duration::from_millis(1), |_| one(Metric::Fds, 5));
    assert_eq!((conclusion.iterations, conclusion.stopped), (496, Some(Stop::EnoughSeen)));
}

#[test]
fn descriptors_threads_and_memory_stop_at_the_evidence() {
    for (metric, each, most) in [
        (Metric::Fds, 1, 700),
        (Metric::Fds, 20, 700),
        (Metric::Threads, 3, 400),
        (Metric::Children, 1, 400),
        (Metric::Resident, 1 << 20, 1 << 30),
    ] {
        let conclusion = drive(rules(&[]), QUICK, |n| one(metric, each * n as i64));
        assert_eq!(conclusion.verdict, Some(Verdict::Growing), "{metric}");
        assert_eq!(conclusion.stopped, Some(Stop::Evidence), "{metric}");
        assert!(conclusion.metrics[0].growth <= most, "{metric} {}", conclusion.metrics[0].growth);
    }
}

#[test]
fn what_is_scarce_is_judged_within_its_bound() {
    let scarce = Some(Scarce { metric: Metric::Fds, bound: 16 });
    for each in [1, 3] {
        let leak = |n: u64| one(Metric::Fds, each * n as i64);
        let conclusion = drive(Rules { scarce, ..rules(&[]) }, QUICK, leak);
        assert_eq!(conclusion.verdict, Some(Verdict::Growing), "{each}");
        assert_eq!(conclusion.stopped, Some(Stop::Evidence), "{each}");
        let growth = conclusion.metrics[0].growth;
        assert!(growth <= 4 * each + 16, "{each}: {growth}");
    }
    // What grew in the warm-up alone is judged as ever.
    let pool = |n: u64| one(Metric::Fds, n.min(10) as i64);
    let conclusion = drive(Rules { scarce, ..rules(&[]) }, QUICK, pool);
    assert_eq!(conclusion.verdict, Some(Verdict::Steady));
    assert!(conclusion.iterations >= 2048);
}

#[test]
fn a_period_in_step_with_the_checkpoints_is_no_growth() {
    // Read at even distances of a million iterations some of these were straight lines.
    for period in (3_800..4_200).chain([315, 7_784, 15_625]) {
        let rules = Rules { iterations: Some(1_000_000), ..rules(&[]) };
        let saw = |n: u64| {
            let held = (n % period) as i64;
            one(Metric::HeapBlocks, held).with(Metric::HeapBytes, 100 * held)
        };
        let conclusion = drive(rules, QUICK, saw);
        assert_ne!(conclusion.verdict, Some(Verdict::Growing), "{period}");
    }
}

#[test]
fn one_huge_step_is_not_evidence() {
    let conclusion =
        drive(rules(&[]), QUICK, |n| one(Metric::HeapBytes, if n > 20 { 1 << 30 } else { 0 }));
    assert_eq!(conclusion.verdict, Some(Verdict::Steady));
}

#[test]
fn a_step_late_in_a_slow_run_is_told_with_advice() {
    // Within the budget, and in what it is extended by.
    let step = |height: i64| {
        move |n: u64| one(Metric::Fds, height * (i64::from(n > 60) + i64::from(n > 300)))
    };
    // Two descriptors are what a library opens; forty are another matter.
    assert_eq!(drive(rules(&[]), SLOW, step(1)).verdict, Some(Verdict::Steady));
    let conclusion = drive(rules(&[]), SLOW, step(20));
    assert_eq!(conclusion.verdict, Some(Verdict::Inconclusive));
    assert!(matches!(conclusion.advice[..], [Advice::RoseLate { metric: Metric::Fds, .. }]));
}

#[test]
fn pages_within_the_tolerance_are_steady_and_beyond_it_growing() {
    let pages = |every: u64| move |n: u64| one(Metric::Resident, (n / every) as i64 * 4096);
    let few = drive(rules(&[]), SLOW, pages(10));
    assert_eq!((few.verdict, few.metrics[0].shape), (Some(Verdict::Steady), Shape::Growing));
    let many = drive(rules(&[]), QUICK, pages(10));
    assert_eq!(many.verdict, Some(Verdict::Growing));
}

#[test]
fn an_absolute_limit_holds_whatever_the_shape() {
    let step = |n: u64| one(Metric::Resident, if n > 20 { 2 << 20 } else { 0 });
    let limit = drive(rules(&[(Metric::Resident, 1 << 20)]), QUICK, step);
    assert_eq!(limit.verdict, Some(Verdict::OverLimit));
    let wide = drive(rules(&[(Metric::Resident, 3 << 20)]), QUICK, step);
    assert_eq!(wide.verdict, Some(Verdict::Steady));
    let growing = drive(rules(&[(Metric::Fds, 2)]), QUICK, |n| one(Metric::Fds, n as i64));
    assert_eq!(growing.verdict, Some(Verdict::Growing));
}

#[test]
fn the_heap_limit_is_a_rate() {
    let read = |n: u64| {
        one(Metric::HeapBytes, 100 * n as i64)
            .with(Metric::HeapBlocks, 2 * n as i64)
            .with(Metric::Resident, 110 * n as i64 / 4096 * 4096)
    };
    let within = drive(rules(&[(Metric::HeapBytes, 100)]), QUICK, read);
    assert_eq!(within.verdict, Some(Verdict::Steady), "{:?}", within.metrics);
    let above = drive(rules(&[(Metric::HeapBytes, 99)]), QUICK, read);
    assert_eq!(above.verdict, Some(Verdict::Growing));
    let native = |n: u64| one(Metric::NativeBytes, 100 * n as i64);
    let native = drive(rules(&[(Metric::HeapBytes, 99)]), QUICK, native);
    assert_eq!(native.verdict, Some(Verdict::Growing));
}

#[test]
fn the_footprint_may_grow_by_what_the_blocks_within_the_limit_cost() {
    // glibc takes 32 bytes for a block of 8.
    let read = |n: u64| {
        one(Metric::HeapBytes, 8 * n as i64)
            .with(Metric::HeapBlocks, n as i64)
            .with(Metric::Resident, 32 * n as i64 / 4096 * 4096)
    };
    let within = drive(rules(&[(Metric::HeapBytes, 8)]), QUICK, read);
    assert_eq!(within.verdict, Some(Verdict::Steady), "{:?}", within.metrics);
    let grows_within =
        |of: &MetricReport| of.metric == Metric::HeapBytes && of.grows_within_limit();
    assert!(within.metrics.iter().any(grows_within));
    // What the blocks do not explain is a leak.
    let more = |n: u64| read(n).with(Metric::Resident, 96 * n as i64 / 4096 * 4096);
    let more = drive(rules(&[(Metric::HeapBytes, 8)]), QUICK, more);
    assert_eq!(more.verdict, Some(Verdict::Growing));
}

#[test]
fn a_run_that_is_to_show_one_metric_growing_stops_when_it_does() {
    let stop_when_growing = Some(Metric::Fds);
    let leak = |n: u64| one(Metric::Fds, n as i64 / 10).with(Metric::HeapBytes, 100 * n as i64);
    let short = drive(Rules { stop_when_growing, ..rules(&[]) }, QUICK, leak);
    assert_eq!(short.stopped, Some(Stop::CalledGrowing));
    // Four windows that rise three times are the fewest there can be; one in ten needs one more.
    assert!(short.iterations <= 496, "{}", short.iterations);
    let other = Rules { stop_when_growing: Some(Metric::Threads), ..rules(&[]) };
    assert_eq!(drive(other, QUICK, leak).stopped, Some(Stop::Evidence));
}

#[test]
fn a_blind_judge_calls_nothing_growing() {
    let blind = Rules { blind: true, ..rules(&[]) };
    let conclusion = drive(blind, QUICK, |n| one(Metric::HeapBlocks, n as i64));
    assert_eq!(conclusion.verdict, Some(Verdict::Steady));
}

/// Limits that a run could not have held anything to, by the metric and the readings.
fn below(limits: &[(Metric, u64)], read: impl FnMut(u64) -> Readings) -> Vec<Advice> {
    let advice = drive(rules(limits), QUICK, read).advice;
    advice.into_iter().filter(|of| matches!(of, Advice::LimitBelowSensitivity { .. })).collect()
}

#[test]
fn a_limit_below_the_noise_is_told_with_the_iterations_that_it_takes() {
    // Up for two readings and down for two: one by itself would be a peak and not noise.
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
    // Without noise a limit is exact, also one of 0.
    assert!(below(&[(Metric::Fds, 0)], |_| one(Metric::Fds, 7)).is_empty());
    assert!(below(&[(Metric::Resident, 1)], |_| one(Metric::Resident, 7)).is_empty());
    // A rate of a byte in every iteration is hidden by that noise for the iterations of a short run.
    assert_eq!(below(&[(Metric::HeapBytes, 1)], noisy(Metric::HeapBytes, 4000)).len(), 1);
    assert!(below(&[(Metric::HeapBytes, 100)], noisy(Metric::HeapBytes, 4000)).is_empty());
}

#[test]
fn what_could_not_be_read_never_passes() {
    let nothing = drive(rules(&[]), QUICK, |_| Readings::default());
    assert_eq!((nothing.verdict, nothing.metrics.len()), (None, 0));
    let lost =
        drive(
            rules(&[]),
            QUICK,
            |n| {
                if n < 100 { one(Metric::Fds, 3) } else { Readings::default() }
            },
        );
    assert_eq!(lost.verdict, Some(Verdict::Inconclusive));
    let limited = drive(rules(&[(Metric::Fds, 0)]), QUICK, |_| one(Metric::Threads, 1));
    assert_eq!(limited.verdict, Some(Verdict::Inconclusive));
    assert_eq!(limited.advice, [Advice::Unreadable { metric: Metric::Fds }]);
    let must_read = &[Metric::Fds, Metric::Threads];
    let unread = Rules { must_read, ..rules(&[]) };
    let unread = drive(unread, QUICK, |_| one(Metric::Threads, 1));
    assert_eq!(unread.verdict, Some(Verdict::Inconclusive));
    assert_eq!(unread.advice, [Advice::Unreadable { metric: Metric::Fds }]);
}

#[test]
fn a_worker_that_dies_midway_is_concluded_from_what_there_is() {
    let mut course = JudgedRun::new(rules(&[]), VERY_SLOW, one(Metric::Fds, 3));
    assert_eq!(course.conclude().verdict, Some(Verdict::Inconclusive));
    assert_eq!(course.conclude().stopped, None);
    course.record(Vec::new(), Spent::default());
    let conclusion = course.conclude();
    assert_eq!((conclusion.iterations, conclusion.stopped), (0, Some(Stop::Interrupted)));
    assert_eq!(conclusion.verdict, Some(Verdict::Inconclusive));
    assert_eq!(course.next(), None);
}

#[test]
fn every_advice_is_one_sentence() {
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

/// A run of literal readings, whatever is planned.
fn literal(values: &[i64], time: Duration, offset: i64) -> Conclusion {
    let rules = Rules { time, ..Rules::default() };
    let mut at = 0usize;
    drive(rules, Duration::from_millis(2), |_| {
        let value = values[at % values.len()].wrapping_add(offset);
        at += 1;
        one(Metric::HeapBytes, value)
    })
}

proptest! {
    #[test]
    fn any_readings_are_judged(
        values in prop::collection::vec(any::<i64>(), 1..90),
        iterations in prop::option::of(0u64..5000),
        cost in 0u64..u64::MAX,
        limit in prop::option::of(any::<u64>()),
    ) {
        let limits = Metric::ALL.into_iter().zip(limit).collect();
        let rules = Rules { time: Duration::from_millis(300), iterations, limits, ..Rules::default() };
        let mut at = 0;
        let mut course = JudgedRun::new(rules, Duration::from_nanos(cost), Readings::default());
        let mut elapsed = Duration::ZERO;
        while let Some(window) = course.next() {
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
            course.record(readings, Spent { elapsed, cpu: elapsed, ..Spent::default() });
        }
        let conclusion = course.conclude();
        prop_assert!(conclusion.verdict.is_some());
        prop_assert!(conclusion.metrics.iter().all(|metric| metric.rate.is_finite()));
        let texts = conclusion.advice.iter().all(|advice| !advice.to_string().is_empty());
        prop_assert!(texts);
    }

    #[test]
    fn a_constant_added_changes_nothing(
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
    fn what_never_rises_is_never_blamed(falls in prop::collection::vec(0i64..1000, 200)) {
        let mut level = 0i64;
        let conclusion = drive(rules(&[]), Duration::from_millis(2), |n| {
            level -= falls[n as usize % falls.len()];
            one(Metric::HeapBytes, level)
        });
        prop_assert_eq!(conclusion.verdict, Some(Verdict::Steady));
    }

    #[test]
    fn any_amount_in_every_iteration_grows(amount in 1i64..1_000_000_000, cost in 1u64..50_000) {
        let cost = Duration::from_micros(cost);
        let conclusion = drive(rules(&[]), cost, |n| one(Metric::HeapBytes, amount * n as i64));
        prop_assert_eq!(conclusion.verdict, Some(Verdict::Growing));
        prop_assert_eq!(conclusion.metrics[0].rate, amount as f64);
    }
}
