//! Scripted workers whose heap rises a few times: by chance, or because it leaks.

use super::*;
use crate::observer::scripted::ScriptedWorker;
use crate::options::Options;

/// Judges a heap of so many bytes and blocks after each iteration, over 4,080 iterations, and says whether
/// they were repeated.
fn judge(heap: impl FnMut(u64) -> (i64, i64) + 'static) -> (Conclusion, bool) {
    judged(4080, Duration::from_secs(60), heap)
}

fn judged(
    iterations: u64,
    timeout: Duration,
    heap: impl FnMut(u64) -> (i64, i64) + 'static,
) -> (Conclusion, bool) {
    let (iterations, timeout) = (Some(iterations), Some(timeout));
    let options = Options { iterations, timeout, ..Options::default() };
    let mut worker = ScriptedWorker::of_heap(heap);
    let conclusion = worker.measured(options).conclusion.unwrap();
    let again = worker.done > 2 * conclusion.iterations;
    (conclusion, again)
}

/// One block of 40 bytes is added at each of these iterations.
fn at(events: &'static [u64]) -> impl FnMut(u64) -> (i64, i64) {
    move |n| {
        let blocks = events.iter().filter(|at| **at <= n).count() as i64;
        (40 * blocks, blocks)
    }
}

/// Events in each of the last steps, as they were measured with a database.
const BY_CHANCE: &[u64] = &[460, 780, 1_380, 1_880, 2_180, 2_980, 3_580];

#[test]
fn growth_that_does_not_recur_is_steady_with_a_sensitivity() {
    let (conclusion, again) = judge(at(BY_CHANCE));
    assert!(again);
    assert_eq!(conclusion.verdict, Some(Verdict::Steady), "{conclusion:?}");
    assert!(conclusion.advice.is_empty());
    let bytes = conclusion.metrics.iter().find(|of| of.metric == Metric::HeapBytes).unwrap();
    // Four blocks in 4,080 iterations.
    let amount = 4.0 * 40.0 / 4080.0;
    assert_eq!(bytes.sensitivity, Some(Sensitivity::PerIteration { amount }));
}

#[test]
fn growth_that_recurs_is_a_leak() {
    let leak = &[460, 780, 1_380, 1_880, 2_180, 2_980, 3_580, 5_500, 7_000];
    let (conclusion, again) = judge(at(leak));
    assert!(again);
    assert_eq!(conclusion.verdict, Some(Verdict::Growing));
}

#[test]
fn growth_that_hardly_recurs_is_inconclusive() {
    let (conclusion, _) = judge(at(&[460, 780, 1_380, 1_880, 2_180, 2_980, 3_580, 5_000]));
    assert_eq!(conclusion.verdict, Some(Verdict::Inconclusive));
    let blocks = Metric::HeapBlocks;
    let still_filling = |of: &Advice| matches!(of, Advice::StillFilling { metric, warmup: 8160, .. } if *metric == blocks);
    assert!(conclusion.advice.iter().any(still_filling), "{:?}", conclusion.advice);
}

#[test]
fn three_rises_that_do_not_recur_are_inconclusive() {
    let (conclusion, _) = judge(at(&[460, 780, 1_980, 1_980]));
    assert_eq!(conclusion.verdict, Some(Verdict::Inconclusive));
}

#[test]
fn frequent_rises_are_not_repeated() {
    for every in [1, 10, 100] {
        let (conclusion, again) = judge(move |n| (24 * (n / every) as i64, (n / every) as i64));
        assert_eq!((conclusion.verdict, again), (Some(Verdict::Growing), false), "{every}");
    }
    let (conclusion, again) = judge(|_| (1_000, 1));
    assert_eq!((conclusion.verdict, again), (Some(Verdict::Steady), false));
}

#[test]
fn a_container_grows_at_every_state_of_its_doubling() {
    let container =
        |every: u64| move |n: u64| (24 * (n / every).max(4).next_power_of_two() as i64, 1);
    for iterations in (500..5000).step_by(190) {
        for every in [1, 3] {
            let timeout = |secs| Duration::from_millis(secs);
            let (once, _) = judged(iterations, timeout(1), container(every));
            let (again, _) = judged(iterations, timeout(60_000), container(every));
            assert_eq!(once.verdict, again.verdict, "{iterations} {every}");
        }
    }
    let (conclusion, again) = judge(container(1));
    assert_eq!((conclusion.verdict, again), (Some(Verdict::Growing), true));
}

#[test]
fn a_rare_random_leak_stays_a_leak() {
    // One in 5,000 at random: six in the judged part.
    let leak = |seed: u64| {
        let (mut done, mut events) = (0, 0);
        move |n: u64| {
            while done < n {
                done += 1;
                events += i64::from(mixed((seed << 32) | done).is_multiple_of(5_000));
            }
            (40 * events, events)
        }
    };
    let growing = |conclusion: &Conclusion| conclusion.verdict == Some(Verdict::Growing);
    let (mut leaks, mut stayed, mut silent) = (0, 0, 0);
    for seed in 0..120 {
        // Without time to repeat.
        let (once, again) = judged(30_000, Duration::from_secs(4), leak(seed));
        assert!(!again);
        leaks += u32::from(growing(&once));
        let (twice, _) = judged(30_000, Duration::from_secs(60), leak(seed));
        stayed += u32::from(growing(&once) && growing(&twice));
        silent += u32::from(growing(&once) && twice.verdict == Some(Verdict::Steady));
    }
    assert!(leaks >= 10 && stayed * 100 >= leaks * 95, "{stayed} of {leaks}");
    assert_eq!(silent, 0);
}

/// SplitMix64 of a number.
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
