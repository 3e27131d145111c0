//! How much time a run takes of its budget, and when it takes more.

use super::*;

#[test]
fn a_body_that_becomes_slow_gets_its_four_windows() {
    // 1 ms in the warm-up and 60 ms from then on.
    let run = |cost: Duration, read: fn(u64) -> Readings| {
        let mut course = JudgedRun::new(rules(&[]), Duration::from_millis(1), read(0));
        let (mut done, mut elapsed) = (0u64, Duration::ZERO);
        while let Some(window) = course.next() {
            let mut readings = Vec::new();
            for batch in &window.batches {
                done += batch;
                elapsed += cost.saturating_mul(*batch as u32);
                readings.push(read(done));
            }
            course.record(readings, Spent { elapsed, cpu: elapsed, ..Spent::default() });
        }
        (course.conclude(), elapsed)
    };
    let slow = Duration::from_millis(60);
    let (leak, elapsed) = run(slow, |n| one(Metric::Fds, n as i64));
    assert_eq!((leak.verdict, leak.metrics[0].windows.len()), (Some(Verdict::Growing), 4));
    assert!(elapsed <= Duration::from_secs(6), "{elapsed:?}");
    assert_eq!(run(slow, |_| one(Metric::Fds, 5)).0.verdict, Some(Verdict::Steady));
    // One that became too slow is told a time above what it has just spent.
    let (too_slow, elapsed) = run(Duration::from_secs(1), |_| one(Metric::Fds, 5));
    let [Advice::LongerTime { time }] = too_slow.advice[..] else { panic!("{too_slow:?}") };
    assert!(time >= elapsed && time >= Duration::from_secs(16), "{time:?}");
}

#[test]
fn what_a_busy_machine_takes_does_not_count_up_to_three_times_the_budget() {
    // An iteration of 10 ms, and so many times as long in which it waits for a processor.
    let iterations = |waits: u32| {
        let mut course = JudgedRun::new(rules(&[]), SLOW, one(Metric::Fds, 5));
        let (mut own, mut waited) = (Duration::ZERO, Duration::ZERO);
        while let Some(window) = course.next() {
            own += SLOW.saturating_mul(window.iterations() as u32);
            waited = own.saturating_mul(waits);
            let readings = vec![one(Metric::Fds, 5); window.batches.len()];
            course.record(readings, Spent { elapsed: own + waited, cpu: own, waited });
        }
        (course.conclude().iterations, own + waited)
    };
    let (quiet, took) = iterations(0);
    assert_eq!((quiet, took), (200, Duration::from_secs(2)));
    assert_eq!(iterations(1), (200, Duration::from_secs(4)));
    let (starved, took) = iterations(9);
    assert!((50..=60).contains(&starved) && took <= Duration::from_secs(6), "{starved} {took:?}");
}

#[test]
fn what_rises_when_the_budget_is_used_gets_more_of_it() {
    // A cache of 50 sessions, each of 12 blocks; one iteration takes 33 ms.
    let slow = Duration::from_millis(33);
    let cache = |n: u64| one(Metric::HeapBlocks, 12 * n.min(50) as i64);
    let conclusion = drive(rules(&[]), slow, cache);
    assert_eq!(conclusion.verdict, Some(Verdict::Steady), "{}", conclusion.iterations);
    // A step that came late.
    let step = |n: u64| one(Metric::Fds, 20 * i64::from(n > 120));
    assert_eq!(drive(rules(&[]), SLOW, step).verdict, Some(Verdict::Steady));
    // What does not rise ends with the budget.
    let steady = drive(rules(&[]), SLOW, |_| one(Metric::Fds, 5));
    assert!(steady.iterations <= 200, "{}", steady.iterations);
}

#[test]
fn a_body_too_slow_for_four_windows_is_inconclusive_with_the_time_it_needs() {
    // Four windows of 1, 2, 4 and 8 iterations may take three times the budget, but not more.
    let slow = drive(rules(&[]), Duration::from_millis(390), |_| one(Metric::Fds, 5));
    assert_eq!((slow.verdict, slow.iterations), (Some(Verdict::Steady), 15));
    let too_slow = Duration::from_secs(1);
    let conclusion = drive(rules(&[]), too_slow, |_| one(Metric::Fds, 5));
    assert_eq!(conclusion.verdict, Some(Verdict::Inconclusive));
    let [Advice::LongerTime { time }] = conclusion.advice.as_slice() else {
        panic!("{:?}", conclusion.advice)
    };
    let rules = Rules { time: *time, ..Rules::default() };
    let longer = drive(rules, too_slow, |_| one(Metric::Fds, 5));
    assert_eq!(longer.verdict, Some(Verdict::Steady));
}

#[test]
fn a_slow_steady_body_uses_its_budget() {
    let conclusion = drive(rules(&[]), SLOW, |_| one(Metric::Fds, 5));
    assert_eq!(conclusion.verdict, Some(Verdict::Steady));
    assert_eq!(conclusion.stopped, Some(Stop::Budget));
    assert_eq!(conclusion.metrics[0].windows[0].len(), 6);
}
