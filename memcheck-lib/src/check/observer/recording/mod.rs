//! Where it leaks: a worker whose test grows runs on while it records call stacks.

mod account;
mod judge;
mod modules;
mod plan;
mod unexplained;

use std::time::{Duration, Instant};

use account::Books;
pub(super) use account::{Judged, Told};
use modules::Regions;
use plan::Plan;

use super::quiet::{Patience, settled};
use super::subject::{Interruption, Subject};
use crate::check::Options;
use crate::report::{FigureReport, SiteKind, Sites};

/// What a recording may take: so many times as long as the judged part took, …
const SLOWER: u32 = 8;
/// … and this much more; never past the timeout.
const AT_LEAST: Duration = Duration::from_secs(5);
/// What one from the start of a subject may take, which has less to do.
const SLOWER_ANEW: u32 = 2;

/// What came of a recording.
#[derive(Debug)]
pub(super) struct Recording {
    pub(super) sites: Sites,
    /// Whether the sites tell all that grows.
    pub(super) told: Told,
    /// How it was cut short; the worker cannot be spoken to any more.
    pub(super) interrupted: Option<Interruption>,
}

/// What is to be recorded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    /// What was seen of the figures: those that grow are looked for.
    pub(super) figures: &'a [FigureReport],
    pub(super) judged: Judged,
    /// The time that the judged part took.
    pub(super) spent: Duration,
    /// Iterations of a subject that is recorded from its start, at most. `None` for one that was
    /// judged: as many as it has done before.
    pub(super) anew: Option<u64>,
}

/// Lets the subject run on and record.
pub(super) fn record(
    subject: &mut impl Subject,
    wanted: &Wanted<'_>,
    options: &Options,
) -> Recording {
    let timeout = options.effective_timeout();
    let began = subject.elapsed();
    let bound = match wanted.anew {
        Some(_) => wanted.spent * SLOWER_ANEW,
        None => wanted.spent * SLOWER + AT_LEAST,
    };
    let bound = bound.min(timeout.saturating_sub(began));
    subject.set_deadline(began + bound);
    let least = if wanted.anew.is_some() { account::OF_CONTAINERS } else { account::NEARLY_ALL };
    let mut books = Books::new(wanted.judged, wanted.figures, least);
    let mut regions = Regions::default();
    let interrupted = run(subject, wanted, bound, options, &mut books, &mut regions).err();
    if let Some(interruption) = &interrupted {
        books.note(broke_off(interruption));
    }
    // What was recorded outlives the worker.
    let told = books.told(subject.records());
    Recording { sites: books.close(subject.records(), &regions), told, interrupted }
}

fn run(
    subject: &mut impl Subject,
    wanted: &Wanted<'_>,
    bound: Duration,
    options: &Options,
    books: &mut Books,
    regions: &mut Regions,
) -> Result<(), Interruption> {
    let recorded = match subject.record()? {
        Ok(checkpoint) => checkpoint,
        Err(why) => {
            books.note(why);
            return Ok(());
        }
    };
    let mut patience = Patience::new(options.effective_settle(), recorded.tasks);
    let started = settled(subject, recorded, &mut patience)?;
    let sample = subject.sample();
    books.open(&started, &sample, subject.records());
    // For what the first batch unloads, and for a worker that it ends.
    regions.extend(Regions::parse(&subject.maps()));
    let (threads, children) = (subject.threads(), subject.children());
    let clock = Instant::now();
    let most = wanted.anew.unwrap_or(started.iterations);
    for batch in Plan::new(plan::target(most, wanted.figures)) {
        let before = clock.elapsed();
        let checkpoint = subject.run(batch)?;
        let checkpoint = settled(subject, checkpoint, &mut patience)?;
        let sample = subject.sample();
        regions.extend(Regions::parse(&subject.maps()));
        if let Some(memory) = subject.records() {
            regions.extend(Regions::noted(memory.tables().loaded_code()));
        }
        books.enter(batch, &checkpoint, &sample, subject.records());
        books.gone(SiteKind::Thread, &threads, &subject.threads());
        books.gone(SiteKind::Child, &children, &subject.children());
        match books.told(subject.records()) {
            Told::All => break,
            // It doubles the more rarely the longer the subject has run: one that has just begun
            // shows it sooner.
            Told::AllButContainers if wanted.anew.is_none() => break,
            Told::AllButContainers | Told::Little => {}
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
        Interruption::Stopped(super::Stop::Died(_)) => "the worker ended",
        Interruption::Stopped(super::Stop::Deadline) => "the body took too long",
        Interruption::Stopped(super::Stop::OverCeiling(_)) => "the worker passed its ceiling",
        _ => "the worker could not be heard any more",
    };
    format!(
        "{how} while call stacks were recorded, after the test was judged: the verdict stands, the sites are those up to then"
    )
}
