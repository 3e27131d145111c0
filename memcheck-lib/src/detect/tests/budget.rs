//! How much of its time budget a run takes, and when it takes more.

use super::*;

#[test]
fn body_that_becomes_slow_gets_four_windows() {
    // 1 ms in the warm-up and 60 ms afterwards.
    let run = |cost: Duration, read: fn(u64) -> Readings| {
        let mut run = JudgedRun::new(settings(&[]), Duration::from_millis(1), read(0));
        let (mut done, mut elapsed) = (0u64, Duration::ZERO);
        while let Some(window) = run.next() {
            let mut readings = Vec::new();
            for batch in &window.batches {
                done += batch;
                elapsed += cost.saturating_mul(*batch as u32);
                readings.push(read(done));
            }
            run.add_window(readings, TimeSpent { elapsed, cpu: elapsed, ..TimeSpent::default() });
        }
        (run.conclude(), elapsed)
    };
    let slow = Duration::from_millis(60);
    let (leak, elapsed) = run(slow, |n| one(Metric::Fds, n as i64));
    assert_eq!((leak.verdict, leak.metrics[0].windows.len()), (Some(Verdict::Growing), 4));
    assert!(elapsed <= Duration::from_secs(6), "{elapsed:?}");
    assert_eq!(run(slow, |_| one(Metric::Fds, 5)).0.verdict, Some(Verdict::Steady));
    // A body that became too slow gets advice on a time above the time just spent.
    let (too_slow, elapsed) = run(Duration::from_secs(1), |_| one(Metric::Fds, 5));
    let [Advice::LongerTime { time }] = too_slow.advice[..] else { panic!("{too_slow:?}") };
    assert!(time >= elapsed && time >= Duration::from_secs(16), "{time:?}");
}

#[test]
fn run_queue_delay_extends_the_budget_up_to_the_longest_wall_time() {
    // An iteration takes 10 ms and waits this many times as long for a CPU.
    let iterations = |waits: u32| {
        let mut run = JudgedRun::new(settings(&[]), SLOW, one(Metric::Fds, 5));
        let (mut own, mut run_queue_delay) = (Duration::ZERO, Duration::ZERO);
        while let Some(window) = run.next() {
            own += SLOW.saturating_mul(window.iterations() as u32);
            run_queue_delay = own.saturating_mul(waits);
            let readings = vec![one(Metric::Fds, 5); window.batches.len()];
            run.add_window(
                readings,
                TimeSpent {
                    elapsed: own + run_queue_delay,
                    cpu: own,
                    run_queue_delay,
                    ..TimeSpent::default()
                },
            );
        }
        (run.conclude().iterations, own + run_queue_delay)
    };
    let (quiet, took) = iterations(0);
    assert_eq!((quiet, took), (200, Duration::from_secs(2)));
    assert_eq!(iterations(1), (200, Duration::from_secs(4)));
    assert_eq!(iterations(9), (200, Duration::from_secs(20)));
    let (delayed, took) = iterations(39);
    assert!((45..=50).contains(&delayed) && took <= Duration::from_secs(20), "{delayed} {took:?}");
}

#[test]
fn growth_on_a_busy_machine_is_inconclusive() {
    let run = |waits: u32| {
        let mut run = JudgedRun::new(settings(&[]), SLOW, one(Metric::HeapBlocks, 0));
        let (mut done, mut own) = (0, Duration::ZERO);
        while let Some(window) = run.next() {
            let mut readings = Vec::new();
            for batch in &window.batches {
                done += batch;
                own += SLOW.saturating_mul(*batch as u32);
                readings.push(one(Metric::HeapBlocks, done as i64));
            }
            let run_queue_delay = own.saturating_mul(waits);
            let elapsed = own + run_queue_delay;
            run.add_window(
                readings,
                TimeSpent { elapsed, cpu: own, run_queue_delay, ..TimeSpent::default() },
            );
        }
        run.conclude()
    };
    // With few iterations a growing metric gets three times the budget.
    assert_eq!(run(2).verdict, Some(Verdict::Growing));
    assert_eq!(run(9).stopped, Some(Stop::BusyMachine));
    let delayed = run(39);
    assert_eq!(delayed.stopped, Some(Stop::BusyMachine));
    assert_eq!(delayed.verdict, Some(Verdict::Inconclusive));
    let [Advice::BusyMachine { waited }, ..] = delayed.advice[..] else { panic!("{delayed:?}") };
    assert!((0.97..0.98).contains(&waited), "{waited}");
}

#[test]
fn a_slow_body_that_leaks_the_same_in_every_iteration_grows() {
    // It becomes slower while it leaks, and ends with three windows.
    let slower = |leak: fn(u64) -> i64| {
        let mut run =
            JudgedRun::new(settings(&[]), Duration::from_millis(4), one(Metric::NativeBlocks, 0));
        let (mut done, mut elapsed) = (0, Duration::ZERO);
        while let Some(window) = run.next() {
            let mut readings = Vec::new();
            for batch in &window.batches {
                for _ in 0..*batch {
                    done += 1;
                    elapsed += Duration::from_millis(40 * done);
                }
                readings.push(one(Metric::NativeBlocks, leak(done)));
            }
            run.add_window(readings, TimeSpent { elapsed, cpu: elapsed, ..TimeSpent::default() });
        }
        run.conclude()
    };
    let leak = slower(|n| 473 * n as i64);
    assert!(leak.metrics[0].windows.len() < 4, "{leak:?}");
    assert_eq!(leak.verdict, Some(Verdict::Growing), "{leak:?}");
    assert_eq!(slower(|n| 473 * n.min(10) as i64).verdict, Some(Verdict::Inconclusive));
}

#[test]
fn rise_at_the_end_extends_the_budget() {
    // A cache of 50 sessions, each of 12 blocks; one iteration takes 33 ms.
    let slow = Duration::from_millis(33);
    let cache = |n: u64| one(Metric::HeapBlocks, 12 * n.min(50) as i64);
    let conclusion = drive(settings(&[]), slow, cache);
    assert_eq!(conclusion.verdict, Some(Verdict::Steady), "{}", conclusion.iterations);
    // A late step.
    let step = |n: u64| one(Metric::Fds, 20 * i64::from(n > 120));
    assert_eq!(drive(settings(&[]), SLOW, step).verdict, Some(Verdict::Steady));
    // Without a rise the run ends with the budget.
    let steady = drive(settings(&[]), SLOW, |_| one(Metric::Fds, 5));
    assert!(steady.iterations <= 200, "{}", steady.iterations);
}

#[test]
fn body_too_slow_for_four_windows_is_inconclusive_with_advice() {
    // Four windows of 1, 2, 4 and 8 iterations may take three times the budget, but not more.
    let slow = drive(settings(&[]), Duration::from_millis(390), |_| one(Metric::Fds, 5));
    assert_eq!((slow.verdict, slow.iterations), (Some(Verdict::Steady), 15));
    let too_slow = Duration::from_secs(1);
    let conclusion = drive(settings(&[]), too_slow, |_| one(Metric::Fds, 5));
    assert_eq!(conclusion.verdict, Some(Verdict::Inconclusive));
    let [Advice::LongerTime { time }] = conclusion.advice.as_slice() else {
        panic!("{:?}", conclusion.advice)
    };
    let settings = JudgeSettings { time: *time, ..JudgeSettings::default() };
    let longer = drive(settings, too_slow, |_| one(Metric::Fds, 5));
    assert_eq!(longer.verdict, Some(Verdict::Steady));
}

#[test]
fn slow_steady_body_uses_its_budget() {
    let conclusion = drive(settings(&[]), SLOW, |_| one(Metric::Fds, 5));
    assert_eq!(conclusion.verdict, Some(Verdict::Steady));
    assert_eq!(conclusion.stopped, Some(Stop::Budget));
    assert_eq!(conclusion.metrics[0].windows[0].len(), 6);
}
