//! Where it leaks: a worker whose test grows runs on while it records call stacks.

mod account;
mod judge;
mod modules;
mod plan;
mod unexplained;

use std::time::{Duration, Instant};

use account::Ledger;
pub(super) use account::{Coverage, Judged};
use modules::Regions;
use plan::Plan;

use super::session::Stop;
use super::settle::{SettleBudget, settled};
use super::worker_handle::{Interruption, WorkerHandle};
use crate::options::Options;
use crate::report::{MetricReport, SiteKind, Sites};

/// What a recording may take: so many times as long as the judged part took, …
const SLOWER: u32 = 8;
/// … and this much more; never past the timeout.
const AT_LEAST: Duration = Duration::from_secs(5);
/// What one from the start of a worker may take, which has less to do.
const SLOWER_ANEW: u32 = 2;

/// What came of a recording.
#[derive(Debug)]
pub(super) struct Recording {
    pub(super) sites: Sites,
    /// Whether the sites tell all that grows.
    pub(super) told: Coverage,
    /// How it was cut short; the worker cannot be spoken to any more.
    pub(super) interrupted: Option<Interruption>,
}

/// What is to be recorded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    /// What was seen of the metrics: those that grow are looked for.
    pub(super) metrics: &'a [MetricReport],
    pub(super) judged: Judged,
    /// The time that the judged part took.
    pub(super) spent: Duration,
    /// Iterations of a worker that is recorded from its start, at most. `None` for one that was
    /// judged: as many as it has done before.
    pub(super) anew: Option<u64>,
}

/// Lets the worker run on and record.
pub(super) fn record(
    worker: &mut impl WorkerHandle,
    wanted: &Wanted<'_>,
    options: &Options,
) -> Recording {
    let timeout = options.effective_timeout();
    let began = worker.elapsed();
    let bound = match wanted.anew {
        Some(_) => wanted.spent * SLOWER_ANEW,
        None => wanted.spent * SLOWER + AT_LEAST,
    };
    let bound = bound.min(timeout.saturating_sub(began));
    worker.set_deadline(began + bound);
    let least = if wanted.anew.is_some() { account::OF_CONTAINERS } else { account::NEARLY_ALL };
    let mut books = Ledger::new(wanted.judged, wanted.metrics, least);
    let mut regions = Regions::default();
    let interrupted = run(worker, wanted, bound, options, &mut books, &mut regions).err();
    if let Some(interruption) = &interrupted {
        books.note(broke_off(interruption));
    }
    // What was recorded outlives the worker.
    let told = books.told(worker.records());
    Recording { sites: books.close(worker.records(), &regions), told, interrupted }
}

fn run(
    worker: &mut impl WorkerHandle,
    wanted: &Wanted<'_>,
    bound: Duration,
    options: &Options,
    books: &mut Ledger,
    regions: &mut Regions,
) -> Result<(), Interruption> {
    let recorded = match worker.record()? {
        Ok(checkpoint) => checkpoint,
        Err(why) => {
            books.note(why);
            return Ok(());
        }
    };
    let mut budget = SettleBudget::new(options.effective_settle(), recorded.tasks);
    let started = settled(worker, recorded, &mut budget)?;
    let sample = worker.sample();
    books.open(&started, &sample, worker.records());
    // For what the first batch unloads, and for a worker that it ends.
    regions.extend(Regions::parse(&worker.maps()));
    let (threads, children) = (worker.threads(), worker.children());
    let clock = Instant::now();
    let most = wanted.anew.unwrap_or(started.iterations);
    for batch in Plan::new(plan::target(most, wanted.metrics)) {
        let before = clock.elapsed();
        let checkpoint = worker.run(batch)?;
        let checkpoint = settled(worker, checkpoint, &mut budget)?;
        let sample = worker.sample();
        regions.extend(Regions::parse(&worker.maps()));
        if let Some(memory) = worker.records() {
            regions.extend(Regions::noted(memory.tables().loaded_code()));
        }
        books.enter(batch, &checkpoint, &sample, worker.records());
        books.gone(SiteKind::Thread, &threads, &worker.threads());
        books.gone(SiteKind::Child, &children, &worker.children());
        match books.told(worker.records()) {
            Coverage::All => break,
            // It doubles the more rarely the longer the worker has run: one that has just begun
            // shows it sooner.
            Coverage::AllButContainers if wanted.anew.is_none() => break,
            Coverage::AllButContainers | Coverage::Little => {}
        }
        // The next batch is twice as long.
        let took = clock.elapsed() - before;
        if clock.elapsed() + took * 3 > bound {
            books.note(format!(
                "recorded for {:.1} s: no more was tried, so what grows rarely may be missing",
                clock.elapsed().as_secs_f64()
            ));
            break;
        }
    }
    Ok(())
}

fn broke_off(interruption: &Interruption) -> String {
    let how = match interruption {
        Interruption::Failed { .. } => "the body failed",
        Interruption::Stopped(Stop::Died(_)) => "the worker ended",
        Interruption::Stopped(Stop::Deadline) => "the body took too long",
        Interruption::Stopped(Stop::OverCeiling(_)) => "the worker passed its ceiling",
        _ => "the worker could not be heard any more",
    };
    format!(
        "{how} while call stacks were recorded, after the test was judged: the verdict stands, the sites are those up to then"
    )
}
