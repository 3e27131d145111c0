//! The ledger of a recording: what the counters grew by, batch by batch, and how much of it the sites
//! explain.

use super::site_growth::{self, is_explained};
use crate::detect::Verdict;
use crate::heap::HeapCounters;
use crate::metric::{Metric, SiteKind, SiteRelation};
use crate::observer::recording::request::Coverage;
use crate::observer::worker_handle::readings::CountedHeaps;
use crate::process::Sample;
use crate::protocol::message::Checkpoint;
use crate::recorder::{Memory, Tables, Unattributed};
use crate::report::{Amount, MetricReport};

/// The share of the judged growth per iteration that must show in the recording: all of it, except the
/// iterations at both ends of a batch that a cache or a pool shifts.
pub(super) const ALMOST_ALL: f64 = 0.9;
/// The same share for the bytes of a worker that is recorded from its start. A container that doubles
/// takes between half and twice its average per iteration, depending on where between two doublings the
/// recording ends: half, with a margin of a fifth.
pub(super) const ALL_BUT_CONTAINERS: f64 = 0.4;

/// With fewer batches a site has no trend: two increases need three readings.
const FEWEST_BATCHES: usize = 3;

/// The readings at one end of a batch, for each kind that is both recorded and counted. For mappings only
/// their number: no metric counts their bytes.
type Reading = [Option<Amount>; SiteKind::ALL.len()];

/// The ledger of a recording.
#[derive(Debug)]
pub(super) struct Ledger {
    counted: CountedHeaps,
    /// The share of the judged bytes per iteration that must show.
    pub(super) share: f64,
    /// Growth per iteration of each kind in the judged part.
    pub(super) rates: [Rates; SiteKind::ALL.len()],
    start: Reading,
    end: Reading,
    pub(super) opened: bool,
    /// Iterations before the recording.
    pub(super) began_after: u64,
    batches: Vec<u64>,
    /// The surviving blocks and bytes of each site at the end of each batch.
    pub(super) series: Vec<Vec<(i64, i64)>>,
    /// What belonged to no site at the end of the last batch.
    pub(super) rests: [Unattributed; SiteKind::ALL.len()],
    pub(super) notes: Vec<String>,
    /// Metrics that grew.
    pub(super) growing: Vec<Metric>,
}

/// Growth per iteration of one kind; 0 if it was not judged growing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rates {
    pub(super) blocks: f64,
    pub(super) bytes: f64,
}

impl Rates {
    pub(super) fn grow(self) -> bool {
        self.blocks > 0.0 || self.bytes > 0.0
    }
}

pub(super) fn amount(blocks: i64, bytes: i64) -> Amount {
    Amount { blocks, bytes }
}

pub(super) fn sum(a: Amount, b: Amount) -> Amount {
    amount(a.blocks + b.blocks, a.bytes + b.bytes)
}

pub(super) fn difference(a: Amount, b: Amount) -> Amount {
    amount(a.blocks - b.blocks, a.bytes - b.bytes)
}

impl Ledger {
    pub(super) fn new(counted: CountedHeaps, metrics: &[MetricReport], share: f64) -> Ledger {
        let mut rates = [Rates::default(); SiteKind::ALL.len()];
        let mut growing = Vec::new();
        for of in metrics.iter().filter(|of| of.verdict == Verdict::Growing) {
            let rate = of.rate.max(0.0);
            growing.push(of.metric);
            match of.metric.row().sites {
                SiteRelation::Counted(kind) if of.metric.is_bytes() => {
                    rates[kind as usize].bytes = rate;
                }
                SiteRelation::Counted(kind) => rates[kind as usize].blocks = rate,
                // Their sites are those of what takes the memory: blocks, mappings, descriptors.
                SiteRelation::Related(_) => {}
            }
        }
        Ledger {
            counted,
            share,
            rates,
            start: Reading::default(),
            end: Reading::default(),
            opened: false,
            began_after: 0,
            batches: Vec::new(),
            series: Vec::new(),
            rests: [Unattributed::default(); SiteKind::ALL.len()],
            notes: Vec::new(),
            growing,
        }
    }

    pub(super) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    fn read(&self, checkpoint: &Checkpoint, sample: &Sample, memory: Option<&Memory>) -> Reading {
        let mut reading = Reading::default();
        let of = |heap: HeapCounters| amount(heap.live_blocks, heap.live_bytes);
        reading[SiteKind::RustHeap as usize] = self.counted.rust.then(|| of(checkpoint.rust));
        reading[SiteKind::CHeap as usize] = self.counted.native.then(|| of(checkpoint.native));
        for (kind, number) in [
            (SiteKind::Mapping, sample.mappings),
            (SiteKind::Thread, sample.threads),
            (SiteKind::Descriptor, sample.fds),
            (SiteKind::Child, sample.children),
        ] {
            let recorded = memory.is_some_and(|memory| memory.tables().intercepts(kind));
            let number = number.filter(|_| recorded).and_then(|number| i64::try_from(number).ok());
            reading[kind as usize] = number.map(|number| amount(number, 0));
        }
        reading
    }

    /// Enters the readings at the start of the recording.
    pub(super) fn open(
        &mut self,
        checkpoint: &Checkpoint,
        sample: &Sample,
        memory: Option<&Memory>,
    ) {
        self.start = self.read(checkpoint, sample, memory);
        self.end = self.start;
        self.opened = true;
        self.began_after = checkpoint.iterations;
    }

    /// Enters the readings after a batch.
    pub(super) fn add_batch(
        &mut self,
        iterations: u64,
        checkpoint: &Checkpoint,
        sample: &Sample,
        memory: Option<&Memory>,
    ) {
        self.end = self.read(checkpoint, sample, memory);
        self.batches.push(iterations);
        let Some(tables) = memory.map(Memory::tables) else { return };
        self.rests = SiteKind::ALL.map(|kind| tables.unattributed(kind));
        for site in 0..tables.sites_used() {
            if site == self.series.len() {
                // A new site.
                self.series.push(vec![(0, 0); self.batches.len() - 1]);
            }
            self.series[site].push(tables.survivors_of(site));
        }
    }

    /// Enters the threads or children from before the recording that have ended since: the worker has no
    /// record of them.
    pub(super) fn note_ended(&mut self, kind: SiteKind, before: &[u32], now: &[u32]) {
        let ended = before.iter().filter(|number| !now.contains(number)).count();
        self.rests[kind as usize].older.0 = -(ended as i64);
    }

    pub(super) fn iterations(&self) -> u64 {
        self.batches.iter().sum()
    }

    /// Growth of a kind whose sites have `sites` surviving. No metric counts the bytes of mappings, so
    /// those are the recorded ones.
    pub(super) fn growth(&self, kind: SiteKind, sites: Amount) -> Option<Amount> {
        let at = kind as usize;
        let growth = difference(self.end[at]?, self.start[at]?);
        let recorded = sites.bytes + self.rests[at].older.1;
        let bytes = if kind == SiteKind::Mapping { recorded } else { growth.bytes };
        Some(Amount { bytes, ..growth })
    }

    /// Whether blocks or bytes of a site rise with the iterations.
    pub(super) fn rises(&self, site: usize) -> bool {
        let Some(series) = self.series.get(site) else { return false };
        let blocks: Vec<i64> = series.iter().map(|of| of.0).collect();
        let bytes: Vec<i64> = series.iter().map(|of| of.1).collect();
        site_growth::rises(&self.batches, &blocks) || site_growth::rises(&self.batches, &bytes)
    }

    /// How much of the judged growth the rising sites explain.
    pub(super) fn coverage(&self, memory: Option<&Memory>) -> Coverage {
        let Some(tables) = memory.map(Memory::tables) else { return Coverage::Incomplete };
        let growing = |kind: &SiteKind| self.rates[*kind as usize].grow();
        if self.batches.len() < FEWEST_BATCHES || !SiteKind::ALL.iter().any(growing) {
            return Coverage::Incomplete;
        }
        let of_kinds = SiteKind::ALL.into_iter().filter(growing);
        of_kinds.map(|kind| self.coverage_of(kind, tables)).min().unwrap_or(Coverage::Incomplete)
    }

    fn coverage_of(&self, kind: SiteKind, tables: &Tables) -> Coverage {
        let mut rising = Amount::default();
        for site in (0..tables.sites_used()).filter(|&site| self.rises(site)) {
            if let Some(of) = tables.recorded_site(site).filter(|of| of.kind == kind) {
                rising = sum(rising, amount(of.blocks, of.bytes));
            }
        }
        let Some(growth) = self.growth(kind, rising) else { return Coverage::Incomplete };
        let (rates, older) = (self.rates[kind as usize], self.rests[kind as usize].older);
        let iterations = self.iterations();
        let explained = |growth: i64, rising: i64, older: i64, rate: f64| {
            rate <= 0.0 || is_explained(growth, rising, older, iterations, rate)
        };
        let least = [ALMOST_ALL * rates.blocks, self.share * rates.bytes];
        if !explained(growth.blocks, rising.blocks, older.0, least[0]) {
            Coverage::Incomplete
        } else if explained(growth.bytes, rising.bytes, older.1, least[1]) {
            Coverage::Complete
        } else {
            Coverage::AllButContainers
        }
    }
}
