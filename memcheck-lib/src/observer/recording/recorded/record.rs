//! The loop of a recording.

use std::time::{Duration, Instant};

use super::batches::{self, Batches};
use super::ledger::{ALL_BUT_CONTAINERS, ALMOST_ALL, Ledger};
use super::modules::Regions;
use super::recordable::{Recordable, Started};
use crate::observer::recording::request::{Coverage, Recording, RecordingRequest};
use crate::observer::worker_handle::capabilities::WorkerHandle;
use crate::observer::worker_handle::interruption::{Interruption, Stop};
use crate::observer::worker_handle::settle::{SettleBudget, settle};
use crate::options::Options;
use crate::recorder::Memory;
use crate::report::SiteKind;

/// The time that a recording may take is so many times that of the judged part, …
///
/// It runs at most as many iterations as the worker ran before. A body that does little but allocate takes
/// two to three times as long while it is recorded (`docs/src/how/recording.md`).
const SLOWDOWN: u32 = 3;
/// … plus this for short runs, but never more than the timeout leaves.
const EXTRA_TIME: Duration = Duration::from_secs(2);
/// The same factor for a worker that is recorded from its start. It runs fewer iterations, and its sites
/// replace those of the first worker only if they are complete.
const SLOWDOWN_FROM_START: u32 = 2;

/// Runs the worker on while it records call stacks.
pub(in crate::observer) fn record(
    worker: &mut (impl WorkerHandle + Recordable),
    request: &RecordingRequest<'_>,
    options: &Options,
) -> Recording {
    let timeout = options.effective_timeout();
    let began = worker.elapsed();
    let limit = match request.from_start {
        Some(_) => request.spent * SLOWDOWN_FROM_START,
        None => request.spent * SLOWDOWN + EXTRA_TIME,
    };
    let limit = limit.min(timeout.saturating_sub(began));
    worker.set_deadline(began + limit);
    let share = if request.from_start.is_some() { ALL_BUT_CONTAINERS } else { ALMOST_ALL };
    let mut recording = Run {
        ledger: Ledger::new(request.counted, request.metrics, share),
        regions: Regions::default(),
        memory: None,
    };
    let interrupted = recording.run(worker, request, limit, options).err();
    let Run { mut ledger, regions, memory } = recording;
    if let Some(interruption) = &interrupted {
        ledger.note(interruption_note(interruption));
    }
    // The memory is shared, so what was recorded is readable even if the worker has ended.
    let coverage = ledger.coverage(memory.as_ref());
    Recording { sites: ledger.into_sites(memory.as_ref(), &regions), coverage, interrupted }
}

/// A recording that runs.
struct Run {
    ledger: Ledger,
    regions: Regions,
    memory: Option<Memory>,
}

impl Run {
    fn run(
        &mut self,
        worker: &mut (impl WorkerHandle + Recordable),
        request: &RecordingRequest<'_>,
        limit: Duration,
        options: &Options,
    ) -> Result<(), Interruption> {
        let started = match worker.start_recording()? {
            Started::Recording(memory, checkpoint) => {
                self.memory = Some(memory);
                checkpoint
            }
            Started::Unavailable(why) => {
                self.ledger.note(why);
                return Ok(());
            }
        };
        let Run { ledger, regions, memory } = self;
        let mut budget = SettleBudget::new(options.effective_settle(), started.tasks);
        let start = settle(worker, started, &mut budget)?;
        let sample = worker.sample();
        ledger.open(&start, &sample, memory.as_ref());
        // Before the first batch, which may unload code or end the worker.
        regions.extend(Regions::parse(&worker.maps()));
        let (threads, children) = (worker.threads(), worker.children());
        let clock = Instant::now();
        let most = request.from_start.unwrap_or(start.iterations);
        for batch in Batches::new(batches::target(most, request.metrics)) {
            let before = clock.elapsed();
            let checkpoint = worker.run(batch)?;
            let checkpoint = settle(worker, checkpoint, &mut budget)?;
            let sample = worker.sample();
            regions.extend(Regions::parse(&worker.maps()));
            if let Some(memory) = &memory {
                regions.extend(Regions::noted(memory.tables().loaded_code()));
            }
            ledger.add_batch(batch, &checkpoint, &sample, memory.as_ref());
            ledger.note_ended(SiteKind::Thread, &threads, &worker.threads());
            ledger.note_ended(SiteKind::Child, &children, &worker.children());
            match ledger.coverage(memory.as_ref()) {
                Coverage::Complete => break,
                // A container doubles more rarely the longer the worker has run: a second worker shows
                // it sooner.
                Coverage::AllButContainers if request.from_start.is_none() => break,
                Coverage::AllButContainers | Coverage::Incomplete => {}
            }
            // The next batch is twice as long.
            let took = clock.elapsed() - before;
            if clock.elapsed() + took * 3 > limit {
                ledger.note(format!(
                    "recording stopped after {:.1} s, because the next batch would exceed its time limit: sites that grow rarely may be missing. Raise `time` or `timeout` to record longer",
                    clock.elapsed().as_secs_f64()
                ));
                break;
            }
        }
        Ok(())
    }
}

fn interruption_note(interruption: &Interruption) -> String {
    let how = match interruption {
        Interruption::Failed { .. } => "the body failed",
        Interruption::Stopped(Stop::Died(_)) => "the worker ended",
        Interruption::Stopped(Stop::Deadline) => "the body took too long",
        Interruption::Stopped(Stop::OverCeiling(_)) => "the worker passed its memory ceiling",
        _ => "the connection to the worker was lost",
    };
    format!(
        "{how} while call stacks were recorded, after the test was judged: the verdict is not affected, the sites are those until then"
    )
}
