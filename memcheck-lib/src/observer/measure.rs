//! The measuring loop: warm-up, profile, the judged windows, the end.

use std::time::Duration;

use super::limited_resources::scarce;
use super::limits;
use super::recording::{self, Coverage, Judged, Recording, Wanted};
use super::session::Stop;
use super::settle::{SettleBudget, settled};
use super::worker_handle::{Interruption, WorkerHandle};
use super::{allocator_retention, backlog, c_heap, recurrence, snapshot};
use crate::detect::{Conclusion, JudgedRun, Limits, MetricReport, Readings, Rules, Spent};
use crate::heap::CHeapState;
use crate::heap::allocators::AllocatorChange;
use crate::metric::Metric;
use crate::observer::Record;
use crate::options::Options;
use crate::process::Sample;
use crate::protocol::message::{Checkpoint, Hello};
use crate::report::{Plant, Profile, Retention, Sites, Verdict};
use crate::snapshot::Snapshot;

/// Iterations of the fixed profile.
const PROFILED: u64 = 64;

/// How long the harness may take to come to rest before the first iteration.
const HARNESS: Duration = Duration::from_millis(100);

/// How long threads that fell behind are waited for at least, before a test is called growing.
const BEHIND: Duration = Duration::from_secs(1);

/// What can be read of every process: without one of these nothing is known of a kind of leak, as
/// when the body forbids reading it from outside (PR_SET_DUMPABLE) and the observer is not root.
const FROM_THE_KERNEL: [Metric; 5] =
    [Metric::Resident, Metric::Fds, Metric::Threads, Metric::Children, Metric::Mappings];

/// Which heaps of the worker are counted.
#[derive(Clone, Copy, Debug)]
struct Counted {
    rust: bool,
    native: bool,
}

/// What is asked of a run, beside what the worker says itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// Options below those of the attribute.
    pub(super) defaults: &'a Options,
    /// Options above those of the attribute.
    pub(super) overrides: &'a Options,
    /// Whether call stacks are recorded after the judgement.
    pub(super) record: Record,
    /// A leak to plant beside the body; the run is over once it is called growing.
    pub(super) plant: Option<Plant>,
    /// Judge blindly: for tests of the control.
    pub(super) blind: bool,
}

/// What was measured, as far as it came.
#[derive(Clone, Debug, Default)]
pub(super) struct Measured {
    pub(super) hello: Option<Hello>,
    pub(super) options: Options,
    pub(super) profile: Option<Profile>,
    pub(super) before: Option<Snapshot>,
    pub(super) after: Option<Snapshot>,
    pub(super) conclusion: Option<Conclusion>,
    pub(super) allocators: Vec<AllocatorChange>,
    pub(super) retention: Option<Retention>,
    pub(super) sites: Option<Sites>,
    /// How far those tell what grows.
    pub(super) told: Coverage,
    /// All was judged; the worker broke off while it recorded call stacks after that.
    pub(super) broke_off: bool,
    /// The iterations were all run and the test came to its own end.
    pub(super) completed: bool,
}

/// Measures a worker to its end or to the interruption that it came to. `stable` makes the text of
/// the snapshot of what was measured, if there is one to assert.
pub(super) fn measure(
    worker: &mut impl WorkerHandle,
    asked: &Asked<'_>,
    stable: &dyn Fn(Measured) -> Option<String>,
) -> (Measured, Result<(), Interruption>) {
    let mut measured = Measured::default();
    let result = run(worker, asked, stable, &mut measured);
    (measured, result)
}

fn run<S: WorkerHandle>(
    worker: &mut S,
    asked: &Asked<'_>,
    stable: &dyn Fn(Measured) -> Option<String>,
    measured: &mut Measured,
) -> Result<(), Interruption> {
    let hello = worker.hello()?;
    let below = asked.defaults.clone();
    let options = asked.overrides.clone().over(hello.options.clone()).over(below);
    let counted =
        Counted { rust: hello.heap_counted, native: hello.native_heap == CHeapState::Counted };
    measured.hello = Some(hello);
    measured.options = options.clone();
    c_heap::usable(measured.hello.as_ref())?;
    snapshot::usable(measured.hello.as_ref())?;
    let snapshot = measured.hello.as_ref().is_some_and(|hello| hello.snapshot);
    worker.set_deadline(options.effective_timeout());
    worker.set_ceiling(options.ceiling);

    let idle = worker.counters()?;
    // libtest's main thread notes the test that it has just started, and so allocates; on a busy
    // machine it may come to that only among the iterations.
    let mut harness = SettleBudget::new(options.effective_settle().max(HARNESS), idle.tasks);
    let idle = settled(worker, idle, &mut harness)?;
    let idle_fds = worker.sample().fds;
    let warm = warm_up(worker, &options, snapshot)?;
    let scarce = scarce(worker, idle_fds, warm.iterations);
    measured.profile = profile(worker, &options, warm.least, snapshot, scarce.is_some())?;
    if let Some(profile) = measured.profile.as_mut().filter(|_| !counted.native) {
        profile.c_heap = None;
    }

    // Here and not earlier: a container that grows doubles in every window only when it was empty
    // before the first.
    if let Some(plant) = asked.plant {
        worker.plant(plant)?;
    }
    let mut budget = SettleBudget::new(options.effective_settle(), idle.tasks);
    let allocators = worker.allocators()?;
    let start = worker.counters()?;
    let start = settled(worker, start, &mut budget)?;
    // Tasks that the first iterations have started for good are no reason to wait for.
    budget.expect_tasks(start.tasks);
    // The full picture first: taking it must not fall into the judged part.
    let process = worker.snapshot();
    let baseline = readings(&start, &worker.sample(), counted);
    let heap = |checkpoint: &Checkpoint| counted.rust.then_some(checkpoint.rust);
    measured.before = process.map(|process| Snapshot::of_worker(heap(&start), process));

    let rules = Rules {
        time: options.effective_time(),
        iterations: options.iterations,
        limits: growth_limits(&options, &start),
        scarce,
        stop_when_growing: asked.plant.map(|plant| plant.kind.metric()),
        must_read: &FROM_THE_KERNEL,
        blind: asked.blind,
    };
    let mut course = JudgedRun::new(rules, warm.cost, baseline);
    let (began, waited) = (worker.elapsed(), worker.waited());
    let mut last = start;
    let judged = (|| {
        while let Some(window) = course.next() {
            let mut checkpoints = Vec::with_capacity(window.batches.len());
            for &iterations in &window.batches {
                let checkpoint = worker.run(iterations)?;
                last = settled(worker, checkpoint, &mut budget)?;
                checkpoints.push(readings(&last, &worker.sample(), counted));
            }
            let spent = Spent {
                elapsed: worker.elapsed().saturating_sub(began),
                cpu: Duration::from_nanos(last.cpu_ns.saturating_sub(start.cpu_ns)),
                waited: worker.waited().saturating_sub(waited),
            };
            course.record(checkpoints, spent);
        }
        Ok(())
    })();
    let mut conclusion = course.conclude();
    if judged.is_err() {
        // It would have gone on: more time is not what it lacked.
        conclusion.advice.retain(|advice| !advice.is_too_few());
    }
    measured.conclusion = Some(conclusion);
    judged?;

    let process = worker.snapshot();
    measured.after = process.map(|process| Snapshot::of_worker(heap(&last), process));
    measured.allocators = c_heap::change(&allocators, &worker.allocators()?);
    if let Some(conclusion) = &mut measured.conclusion {
        let spent = worker.elapsed().saturating_sub(began);
        let left = options.effective_timeout().saturating_sub(worker.elapsed());
        let patient = spent.max(BEHIND).min(left / 2);
        let read = |worker: &mut S, checkpoint: &Checkpoint| {
            readings(checkpoint, &worker.sample(), counted)
        };
        backlog::look(worker, conclusion, patient, read)?;
        recurrence::look(worker, conclusion, spent, options.effective_timeout(), read)?;
        measured.retention =
            allocator_retention::look(worker, conclusion, spent, options.effective_timeout())?;
        allocator_retention::apply(conclusion, measured.retention.as_ref());
        if asked.record.is_wanted(conclusion.verdict, options.known_leak.is_some()) {
            let judged = Judged { rust: counted.rust, native: counted.native };
            let wanted = Wanted { metrics: &conclusion.metrics, judged, spent, anew: None };
            let recorded = recording::record(worker, &wanted, &options);
            measured.sites = Some(recorded.sites);
            measured.told = recorded.told;
            if let Some(interruption) = recorded.interrupted {
                // What grows was judged already. What did not grow has still to come to its end.
                let stands = conclusion.verdict == Some(Verdict::Growing)
                    && !matches!(interruption, Interruption::Stopped(Stop::Cancelled));
                if !stands {
                    return Err(interruption);
                }
                measured.completed = true;
                measured.broke_off = true;
                return Ok(());
            }
            worker.set_deadline(options.effective_timeout());
        }
    }
    if snapshot && let Some(text) = stable(measured.clone()) {
        worker.tell_profile(&text)?;
    }
    worker.finish()?;
    measured.completed = true;
    Ok(())
}

/// Records a worker from its warm-up on: `most` iterations at most, that included, and about as
/// long as `spent`. `rose` are the metrics that another worker of the same test has shown to grow.
pub(super) fn record(
    worker: &mut impl WorkerHandle,
    options: &Options,
    rose: &[MetricReport],
    (most, spent): (u64, Duration),
) -> Result<Recording, Interruption> {
    let hello = worker.hello()?;
    let judged =
        Judged { rust: hello.heap_counted, native: hello.native_heap == CHeapState::Counted };
    worker.set_deadline(options.effective_timeout());
    worker.set_ceiling(options.ceiling);
    let warm = warm_up(worker, options, false)?;
    let most = most.saturating_sub(warm.iterations).max(1);
    let wanted = Wanted { metrics: rose, judged, spent, anew: Some(most) };
    Ok(recording::record(worker, &wanted, options))
}

/// What the warm-up showed.
#[derive(Clone, Copy, Debug, Default)]
struct Warm {
    /// What an iteration costs after it.
    cost: Duration,
    /// What it cost at best: a stall of a busy machine is no reason to leave anything out.
    least: Duration,
    /// How many there were.
    iterations: u64,
}

/// Runs the warm-up.
///
/// A body that would spend more than the whole time budget on the default 16 iterations runs
/// fewer: what it can show in its budget is little either way. A `warmup` that the user set is
/// always run in full, and so is the default where a snapshot is to come out the same every time.
fn warm_up(
    worker: &mut impl WorkerHandle,
    options: &Options,
    snapshot: bool,
) -> Result<Warm, Interruption> {
    let wanted = options.effective_warmup();
    if wanted == 0 {
        return Ok(Warm::default());
    }
    let budget = options.effective_time();
    let exact = options.warmup.is_some() || options.iterations.is_some() || snapshot;
    let (mut done, mut spent, mut batch) = (0, Duration::ZERO, 1);
    let (mut cost, mut least) = (Duration::ZERO, Duration::MAX);
    while done < wanted {
        batch = batch.min(wanted - done);
        let checkpoint = worker.run(batch)?;
        let took = Duration::from_nanos(checkpoint.wall_ns);
        done += batch;
        spent += took;
        // The last batch is the warmest.
        cost = took.div_f64(batch as f64);
        least = least.min(cost);
        if !exact && spent + cost * u32::try_from(batch * 2).unwrap_or(u32::MAX) > budget {
            break;
        }
        batch *= 2;
        // Look at the numbers as in the judged part, so that what looking itself needs (the
        // kernel's buffers, the first page of this and that) is warm too.
        let _ = worker.sample();
    }
    Ok(Warm { cost, least, iterations: done })
}

/// The fixed profile; left out when it would cost a slow body more than a quarter of its budget, or
/// something scarce, and no limit and no snapshot asks for it.
fn profile(
    worker: &mut impl WorkerHandle,
    options: &Options,
    cost: Duration,
    snapshot: bool,
    scarce: bool,
) -> Result<Option<Profile>, Interruption> {
    let asked = limits::any(options) || snapshot;
    let affordable = !scarce && cost * PROFILED as u32 <= options.effective_time() / 4;
    if asked || affordable { worker.profile(PROFILED).map(Some) } else { Ok(None) }
}

fn readings(checkpoint: &Checkpoint, sample: &Sample, counted: Counted) -> Readings {
    let mut readings = Readings::default();
    if counted.rust {
        readings.set(Metric::HeapBytes, checkpoint.rust.live_bytes);
        readings.set(Metric::HeapBlocks, checkpoint.rust.live_blocks);
    }
    if counted.native {
        readings.set(Metric::NativeBytes, checkpoint.native.live_bytes);
        readings.set(Metric::NativeBlocks, checkpoint.native.live_blocks);
    }
    if let Some(tasks) = checkpoint.tasks {
        readings.set(Metric::Tasks, i64::try_from(tasks).unwrap_or(i64::MAX));
    }
    let kernel = [
        (Metric::Resident, sample.footprint.map(|footprint| footprint.live())),
        (Metric::FdMemory, sample.fd_memory),
        (Metric::Fds, sample.fds),
        (Metric::Threads, sample.threads),
        (Metric::Children, sample.children),
        // Of a thread that is there it is told as of a thread, and an arena is glibc's.
        (Metric::Mappings, sample.mappings.zip(sample.thread_mappings).map(|(all, of)| all - of)),
    ];
    for (metric, value) in kernel {
        if let Some(value) = value {
            readings.set(metric, i64::try_from(value).unwrap_or(i64::MAX));
        }
    }
    readings
}

fn growth_limits(options: &Options, start: &Checkpoint) -> Limits {
    let all = [
        (Metric::HeapBytes, options.heap.map(|bytes| bytes.0)),
        (Metric::Resident, options.resident.map(|bytes| bytes.0)),
        (Metric::Threads, options.threads),
        // A test without a runtime has no tasks that a limit could speak of.
        (Metric::Tasks, options.tasks.filter(|_| start.tasks.is_some())),
        (Metric::Fds, options.fds),
        (Metric::Children, options.children),
        (Metric::Mappings, options.mappings),
    ];
    all.into_iter().filter_map(|(metric, limit)| Some((metric, limit?))).collect()
}
