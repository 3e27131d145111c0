//! Scripts of footprints: what the kernel would show of a body that retains, leaks or fragments.

use std::cell::Cell;

use super::*;
use crate::detect::Advice;
use crate::heap::CHeapState;
use crate::heap::allocators::AllocatorStats;
use crate::observer::Record;
use crate::observer::measure::{Asked, Measured, measure};
use crate::options::Options;
use crate::process::{Footprint, ProcessSnapshot, Sample};
use crate::protocol::message::{Checkpoint, Hello};
use crate::report::{Plant, Profile, TestId};

const PAGE: u64 = 4096;

/// A body that keeps `per_iteration` bytes, of which the allocator returns `returned` parts in a
/// hundred when it is asked; the rest stays.
pub(in crate::observer) struct Script {
    per_iteration: u64,
    returned: u64,
    heap_per_iteration: i64,
    /// Bytes that come at once, in this iteration.
    step: Option<(u64, u64)>,
    /// Heap that an iteration hands to another thread, which frees it when it comes to it.
    handed_over: i64,
    queued: i64,
    /// A cache on the heap that is cleared every so many iterations, its memory kept.
    cleared: Option<u64>,
    /// Threads that an iteration starts, and those that still run: one ends at each look but the first
    /// after an iteration.
    starts: u64,
    running: u64,
    looked: u64,
    /// Bytes and blocks of the heap after so many iterations, beside all that.
    heap: Box<dyn FnMut(u64) -> (i64, i64)>,
    pub(in crate::observer) done: u64,
    held: u64,
    trims: u64,
    elapsed: Cell<Duration>,
}

impl Script {
    /// A body with a heap of so many bytes and blocks after so many iterations.
    pub(in crate::observer) fn of_heap(heap: impl FnMut(u64) -> (i64, i64) + 'static) -> Self {
        Script { heap: Box::new(heap), ..Script::new(0, 0) }
    }

    fn new(per_iteration: u64, returned: u64) -> Self {
        Script {
            per_iteration,
            returned,
            heap_per_iteration: 0,
            step: None,
            handed_over: 0,
            queued: 0,
            cleared: None,
            starts: 0,
            running: 0,
            looked: 0,
            heap: Box::new(|_| (0, 0)),
            done: 0,
            held: 16 << 20,
            trims: 0,
            elapsed: Cell::new(Duration::ZERO),
        }
    }
}

impl WorkerHandle for Script {
    fn set_ceiling(&mut self, _ceiling: Option<crate::Bytes>) {}

    fn drive(&mut self, _: u64, _: Duration) -> Result<Checkpoint, Interruption> {
        self.counters()
    }

    fn plant(&mut self, _: Plant) -> Result<(), Interruption> {
        Ok(())
    }

    fn has_other_threads(&self) -> bool {
        self.handed_over > 0 || self.starts > 0
    }

    fn others_sleep(&self) -> bool {
        self.queued == 0 && self.running == 0
    }

    fn hello(&mut self) -> Result<Hello, Interruption> {
        Ok(Hello {
            library: String::new(),
            test: TestId::default(),
            options: Options::default(),
            heap_counted: true,
            own_allocator: false,
            heap_counted_as_c: false,
            native_heap: CHeapState::Counted,
            snapshot: false,
            thread: 0,
        })
    }

    fn run(&mut self, iterations: u64) -> Result<Checkpoint, Interruption> {
        self.done += iterations;
        self.held += iterations * self.per_iteration;
        if let Some((_, bytes)) = self.step.take_if(|(at, _)| *at <= self.done) {
            self.held += bytes;
        }
        self.queued += iterations as i64 * self.handed_over;
        self.running += iterations * self.starts;
        let took = Duration::from_micros(100) * u32::try_from(iterations).unwrap();
        self.elapsed.set(self.elapsed.get() + took);
        let mut checkpoint = self.counters()?;
        checkpoint.wall_ns = took.as_nanos() as u64;
        Ok(checkpoint)
    }

    fn profile(&mut self, iterations: u64) -> Result<Profile, Interruption> {
        self.run(iterations)?;
        Ok(Profile { iterations, ..Profile::default() })
    }

    fn counters(&mut self) -> Result<Checkpoint, Interruption> {
        let mut checkpoint = Checkpoint {
            iterations: self.done,
            cpu_ns: self.elapsed.get().as_nanos() as u64,
            ..Checkpoint::default()
        };
        // Each look leaves the other thread time for some of its queue.
        self.queued = (self.queued - self.queued / 16 - (64 << 10)).max(0);
        let (bytes, blocks) = (self.heap)(self.done);
        checkpoint.rust.live_bytes =
            self.heap_per_iteration * self.done as i64 + self.queued + bytes;
        checkpoint.rust.live_blocks = blocks;
        if let Some(period) = self.cleared {
            checkpoint.rust.live_bytes += (self.done % period) as i64 * 4096;
        }
        Ok(checkpoint)
    }

    fn trim(&mut self) -> Result<(), Interruption> {
        self.trims += 1;
        let base = 16 << 20;
        self.held -= (self.held - base) / 100 * self.returned;
        Ok(())
    }

    fn allocators(&mut self) -> Result<Vec<AllocatorStats>, Interruption> {
        Ok(Vec::new())
    }

    fn sample(&mut self) -> Sample {
        let again = std::mem::replace(&mut self.looked, self.done) == self.done;
        self.running = self.running.saturating_sub(u64::from(again));
        let anonymous = (self.held + self.queued as u64) / PAGE * PAGE;
        let footprint = Footprint { anonymous, ..Footprint::default() };
        Sample {
            footprint: Some(footprint),
            fds: Some(3),
            threads: Some(1 + self.running),
            children: Some(0),
            mappings: Some(40),
            thread_mappings: Some(0),
            ..Sample::default()
        }
    }

    fn snapshot(&mut self) -> Option<ProcessSnapshot> {
        None
    }

    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    fn tell_profile(&mut self, _text: &str) -> Result<(), Interruption> {
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Interruption> {
        Ok(())
    }

    fn set_deadline(&mut self, _timeout: Duration) {}

    fn elapsed(&self) -> Duration {
        self.elapsed.get()
    }
}

fn judge(script: &mut Script, options: Options) -> (Option<Verdict>, Option<Retention>) {
    let measured = measured(script, options);
    (measured.conclusion.unwrap().verdict, measured.retention)
}

pub(in crate::observer) fn measured(script: &mut Script, options: Options) -> Measured {
    let asked = Asked {
        defaults: &Options::default(),
        overrides: &options,
        record: Record::Never,
        plant: None,
        blind: false,
    };
    let (measured, result) = measure(script, &asked, &|_| None);
    result.unwrap();
    measured
}

#[test]
fn what_comes_back_is_retained() {
    let mut script = Script::new(2 * PAGE, 100);
    let (verdict, retention) = judge(&mut script, Options::default());
    let retention = retention.unwrap();
    assert_eq!(verdict, Some(Verdict::Steady));
    assert_eq!(retention.finding, Finding::Retained);
    assert!(retention.growth > 256 << 10 && retention.given_back >= retention.growth);
    assert_eq!(script.trims, 2);
    assert!(warning(&retention, verdict).unwrap().message.contains("retained by the allocator"));
}

#[test]
fn what_stays_and_comes_again_grows() {
    let (verdict, retention) = judge(&mut Script::new(2 * PAGE, 0), Options::default());
    let retention = retention.unwrap();
    assert_eq!(verdict, Some(Verdict::Growing));
    assert_eq!(retention.finding, Finding::Stays);
    assert_eq!((retention.given_back, retention.again), (0, retention.growth));
    assert_eq!(warning(&retention, verdict), None);
}

#[test]
fn a_limit_is_absolute() {
    let options = Options { resident: Some(crate::Bytes(1 << 20)), ..Options::default() };
    let (verdict, retention) = judge(&mut Script::new(2 * PAGE, 100), options);
    assert_eq!(retention.unwrap().finding, Finding::Retained);
    assert_eq!(verdict, Some(Verdict::OverLimit));
}

#[test]
fn nothing_is_tried_for_a_heap_that_grows_or_nothing_that_grows() {
    let mut leak = Script { heap_per_iteration: 100, ..Script::new(2 * PAGE, 100) };
    assert_eq!(judge(&mut leak, Options::default()), (Some(Verdict::Growing), None));
    assert_eq!(leak.trims, 0);
    let mut clean = Script::new(0, 0);
    assert_eq!(judge(&mut clean, Options::default()), (Some(Verdict::Steady), None));
    assert_eq!(clean.trims, 0);
}

#[test]
fn without_time_for_as_much_again_nothing_is_tried() {
    let options = Options { timeout: Some(Duration::from_secs(2)), ..Options::default() };
    let (verdict, retention) = judge(&mut Script::new(64, 100), options);
    assert_eq!((verdict, retention), (Some(Verdict::Growing), None));
}

#[test]
fn what_other_threads_have_yet_to_free_is_no_leak() {
    let mut script = Script { handed_over: 10_000, ..Script::new(0, 0) };
    let measured = measured(&mut script, Options::default());
    let conclusion = measured.conclusion.unwrap();
    // Nothing is left of it; a leak that the queue could have hidden is not called seen.
    assert_eq!(conclusion.verdict, Some(Verdict::Steady));
    let heap = conclusion.metrics.iter().find(|of| of.metric == Metric::HeapBytes).unwrap();
    let queued = heap.growth as f64 / conclusion.iterations as f64;
    assert!(heap.sensitivity.unwrap().per_iteration() >= queued, "{:?}", heap.sensitivity);
    // The footprint grew with the queue, and is no leak either.
    assert_eq!(measured.retention.unwrap().finding, Finding::Retained);
}

#[test]
fn what_is_left_beside_it_is_no_pass() {
    let heap_per_iteration = 500;
    let mut script = Script { handed_over: 10_000, heap_per_iteration, ..Script::new(0, 0) };
    let conclusion = measured(&mut script, Options::default()).conclusion.unwrap();
    assert_eq!(conclusion.verdict, Some(Verdict::Inconclusive));
    let said = |of: &Advice| matches!(of, Advice::FellBehind { metric: Metric::HeapBytes, .. });
    assert!(conclusion.advice.iter().any(said), "{:?}", conclusion.advice);
}

#[test]
fn a_leak_beside_work_that_is_left_grows() {
    let mut script = Script { handed_over: 100, heap_per_iteration: 1000, ..Script::new(0, 0) };
    let (verdict, _) = judge(&mut script, Options::default());
    assert_eq!(verdict, Some(Verdict::Growing));
}

#[test]
fn a_leak_of_pages_does_not_hide_behind_a_heap_that_stands_higher() {
    let options = Options { iterations: Some(2_000), ..Options::default() };
    for period in [640, 690, 1_000, 1_030, 1_040, 1_050, 1_500] {
        let mut script = Script { cleared: Some(period), ..Script::new(PAGE, 0) };
        let (verdict, _) = judge(&mut script, options.clone());
        assert_eq!(verdict, Some(Verdict::Growing), "cleared every {period}");
    }
}

#[test]
fn threads_that_end_one_by_one_have_fallen_behind() {
    let options = Options { iterations: Some(100), ..Options::default() };
    let mut script = Script { starts: 1, ..Script::new(0, 0) };
    let conclusion = measured(&mut script, options).conclusion.unwrap();
    assert_eq!(conclusion.verdict, Some(Verdict::Inconclusive));
    let said = |of: &Advice| matches!(of, Advice::FellBehind { metric: Metric::Threads, .. });
    assert!(conclusion.advice.iter().any(said), "{:?}", conclusion.advice);
}

#[test]
fn a_late_rise_is_retained_only_if_it_comes_back() {
    let options = Options { iterations: Some(1000), ..Options::default() };
    let late = |returned| Script { step: Some((620, 2 << 20)), ..Script::new(0, returned) };
    let (verdict, retention) = judge(&mut late(100), options.clone());
    assert_eq!(verdict, Some(Verdict::Steady));
    assert!(warning(&retention.unwrap(), verdict).is_some());
    // It does not come again, but that says nothing of what happens so rarely.
    let (verdict, retention) = judge(&mut late(0), options);
    let retention = retention.unwrap();
    assert_eq!((verdict, retention.finding), (Some(Verdict::Inconclusive), Finding::Retained));
    assert_eq!(warning(&retention, verdict), None);
}

#[test]
fn a_late_rise_of_what_is_let_through_may_stay() {
    let options = Options { iterations: Some(1000), ..Options::default() };
    let mut script = Script { step: Some((620, 104 << 10)), ..Script::new(0, 0) };
    assert_eq!(judge(&mut script, options).0, Some(Verdict::Steady));
}

/// A run in which only the footprint rose, by these pages.
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
fn a_rise_of_several_steps_that_did_not_come_again_is_over() {
    // A database in a file, and a pool of threads: seen on busy machines.
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
        let again = Again { iterations: 1000, footprint: again, heap: 0 };
        apply(&mut conclusion, Retention::new(growth, given_back, again).as_ref());
        let sensitivity = conclusion.metrics[0].sensitivity.map(|of| of.per_iteration());
        (conclusion.verdict, sensitivity)
    };
    // What the second look could have missed is said.
    let steady = |growth: i64| (Some(Verdict::Steady), Some(2.0 * (growth / 4) as f64 / 1000.0));
    assert_eq!(judged(database, 4_669_440, 8_192, 72_464), steady(4_669_440));
    assert_eq!(judged(pool, 712_704, 106_496, 32_768), steady(712_704));
    // What comes again is not over, and one step says nothing of the next, with pages that come and
    // go beside it or not.
    let unsure = (Some(Verdict::Inconclusive), None);
    assert_eq!(judged(pool, 712_704, 106_496, 100_000), unsure);
    let step: &[&[i64]] =
        &[&[0, 1, 2, 0], &[1, 3, 0, 4], &[5, 170, 171, 172], &[170, 173, 174, 171]];
    assert_eq!(judged(step, 712_704, 106_496, 0), unsure);
}
