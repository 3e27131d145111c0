//! The account of a recording: what the counters grew by, and which sites that is.

use super::modules::Regions;
use super::{judge, unexplained};
use crate::metric::Metric;
use crate::process::Sample;
use crate::protocol::message::Checkpoint;
use crate::recorder::{MAX_FRAMES, Memory, RecordedSite, SiteKind, Tables, Unattributed};
use crate::report::{Account, Amount, MetricReport, Site, Sites, Verdict};
use crate::units::{grouped, scaled};

/// Sites in a report.
const LISTED: usize = 64;

/// What of the worker can be counted.
#[derive(Clone, Copy, Debug)]
pub(in crate::observer) struct Judged {
    pub(in crate::observer) rust: bool,
    pub(in crate::observer) native: bool,
}

/// The readings at one end of a batch, of each kind that is recorded and counted. Of mappings only
/// their number: their bytes are no metric.
type Reading = [Option<Amount>; SiteKind::ALL.len()];

/// The books of a recording.
#[derive(Debug)]
pub(super) struct Ledger {
    counted: Judged,
    /// The share of the judged rate of bytes that must show.
    least: f64,
    /// Growth per iteration of each kind in the judged part.
    rates: [Rates; SiteKind::ALL.len()],
    start: Reading,
    end: Reading,
    opened: bool,
    /// Iterations before the recording.
    began_after: u64,
    batches: Vec<u64>,
    /// What lived of each site at the end of each batch.
    series: Vec<Vec<(i64, i64)>>,
    /// What belonged to no site at the end of the last batch.
    rests: [Unattributed; SiteKind::ALL.len()],
    notes: Vec<String>,
    /// Metrics that grew.
    growing: Vec<Metric>,
}

/// The share of what was judged that must show while it is recorded, …
pub(super) const NEARLY_ALL: f64 = 0.9;
/// … and of the bytes in a worker that has just begun: a container that doubles takes up to twice
/// as many or half as many per iteration, by where between two doublings one looks.
pub(super) const OF_CONTAINERS: f64 = 0.4;

/// Batches without which nothing is told.
const FEWEST_BATCHES: usize = 3;

/// How far the sites tell what grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::observer) enum Coverage {
    /// Not all blocks that are new.
    #[default]
    Little,
    /// All blocks that are new, but not all bytes: a container grows too, and did not do so in
    /// these iterations.
    AllButContainers,
    /// Going on would show nothing more.
    All,
}

/// Growth per iteration of one kind; 0 where it was not judged growing.
#[derive(Clone, Copy, Debug, Default)]
struct Rates {
    blocks: f64,
    bytes: f64,
}

impl Rates {
    fn grow(self) -> bool {
        self.blocks > 0.0 || self.bytes > 0.0
    }
}

fn amount(blocks: i64, bytes: i64) -> Amount {
    Amount { blocks, bytes }
}

fn sum(a: Amount, b: Amount) -> Amount {
    amount(a.blocks + b.blocks, a.bytes + b.bytes)
}

fn difference(a: Amount, b: Amount) -> Amount {
    amount(a.blocks - b.blocks, a.bytes - b.bytes)
}

impl Ledger {
    pub(super) fn new(counted: Judged, metrics: &[MetricReport], least: f64) -> Ledger {
        let mut rates = [Rates::default(); SiteKind::ALL.len()];
        let mut growing = Vec::new();
        for of in metrics.iter().filter(|of| of.verdict == Verdict::Growing) {
            let rate = of.rate.max(0.0);
            growing.push(of.metric);
            match of.metric {
                Metric::HeapBytes => rates[SiteKind::RustHeap as usize].bytes = rate,
                Metric::HeapBlocks => rates[SiteKind::RustHeap as usize].blocks = rate,
                Metric::NativeBytes => rates[SiteKind::CHeap as usize].bytes = rate,
                Metric::NativeBlocks => rates[SiteKind::CHeap as usize].blocks = rate,
                Metric::Mappings => rates[SiteKind::Mapping as usize].blocks = rate,
                Metric::Threads => rates[SiteKind::Thread as usize].blocks = rate,
                Metric::Fds => rates[SiteKind::Descriptor as usize].blocks = rate,
                Metric::Children => rates[SiteKind::Child as usize].blocks = rate,
                // Memory is traced by what takes it.
                Metric::Resident | Metric::FdMemory | Metric::Tasks => {}
            }
        }
        Ledger {
            counted,
            least,
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
        let of = |heap: crate::HeapCounters| amount(heap.live_blocks, heap.live_bytes);
        reading[SiteKind::RustHeap as usize] = self.counted.rust.then(|| of(checkpoint.rust));
        reading[SiteKind::CHeap as usize] = self.counted.native.then(|| of(checkpoint.native));
        for (kind, number) in [
            (SiteKind::Mapping, sample.mappings),
            (SiteKind::Thread, sample.threads),
            (SiteKind::Descriptor, sample.fds),
            (SiteKind::Child, sample.children),
        ] {
            let heard = memory.is_some_and(|memory| memory.tables().intercepts(kind));
            let number = number.filter(|_| heard).and_then(|number| i64::try_from(number).ok());
            reading[kind as usize] = number.map(|number| amount(number, 0));
        }
        reading
    }

    /// The readings when recording began.
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

    /// The readings after a batch.
    pub(super) fn enter(
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
                // It was not there before.
                self.series.push(vec![(0, 0); self.batches.len() - 1]);
            }
            self.series[site].push(tables.survivors_of(site));
        }
    }

    /// Threads or children that are older than the recording and went up to the end of the last
    /// batch: the worker does not know them.
    pub(super) fn gone(&mut self, kind: SiteKind, before: &[u32], now: &[u32]) {
        let gone = before.iter().filter(|number| !now.contains(number)).count();
        self.rests[kind as usize].older.0 = -(gone as i64);
    }

    fn iterations(&self) -> u64 {
        self.batches.iter().sum()
    }

    /// Growth of a kind, of which `sites` survive. No metric tells the bytes of mappings: they are
    /// those that are recorded.
    fn growth(&self, kind: SiteKind, sites: Amount) -> Option<Amount> {
        let at = kind as usize;
        let growth = difference(self.end[at]?, self.start[at]?);
        let recorded = sites.bytes + self.rests[at].older.1;
        let bytes = if kind == SiteKind::Mapping { recorded } else { growth.bytes };
        Some(Amount { bytes, ..growth })
    }

    /// Whether blocks or bytes of a site rise with the iterations.
    fn rises(&self, site: usize) -> bool {
        let Some(series) = self.series.get(site) else { return false };
        let blocks: Vec<i64> = series.iter().map(|of| of.0).collect();
        let bytes: Vec<i64> = series.iter().map(|of| of.1).collect();
        judge::rises(&self.batches, &blocks) || judge::rises(&self.batches, &bytes)
    }

    /// How far what was judged to grow is told by sites that rise.
    pub(super) fn told(&self, memory: Option<&Memory>) -> Coverage {
        let Some(tables) = memory.map(Memory::tables) else { return Coverage::Little };
        let growing = |kind: &SiteKind| self.rates[*kind as usize].grow();
        if self.batches.len() < FEWEST_BATCHES || !SiteKind::ALL.iter().any(growing) {
            return Coverage::Little;
        }
        let of_kinds = SiteKind::ALL.into_iter().filter(growing);
        of_kinds.map(|kind| self.told_of(kind, tables)).min().unwrap_or(Coverage::Little)
    }

    fn told_of(&self, kind: SiteKind, tables: &Tables) -> Coverage {
        let mut rising = Amount::default();
        for site in (0..tables.sites_used()).filter(|&site| self.rises(site)) {
            if let Some(of) = tables.recorded_site(site).filter(|of| of.kind == kind) {
                rising = sum(rising, amount(of.blocks, of.bytes));
            }
        }
        let Some(growth) = self.growth(kind, rising) else { return Coverage::Little };
        let (rates, older) = (self.rates[kind as usize], self.rests[kind as usize].older);
        let iterations = self.iterations();
        let explained = |growth: i64, rising: i64, older: i64, rate: f64| {
            rate <= 0.0 || judge::is_explained(growth, rising, older, iterations, rate)
        };
        let least = [NEARLY_ALL * rates.blocks, self.least * rates.bytes];
        if !explained(growth.blocks, rising.blocks, older.0, least[0]) {
            Coverage::Little
        } else if explained(growth.bytes, rising.bytes, older.1, least[1]) {
            Coverage::All
        } else {
            Coverage::AllButContainers
        }
    }

    /// The report.
    pub(super) fn close(mut self, memory: Option<&Memory>, regions: &Regions) -> Sites {
        let mut sites = Sites {
            began_after: self.began_after,
            iterations: self.iterations(),
            ..Sites::default()
        };
        let tables = memory.map(Memory::tables).filter(|_| self.opened);
        if let Some(tables) = tables {
            self.fill(&mut sites, tables, regions);
        }
        sites.notes = self.notes;
        sites
    }

    fn fill(&mut self, sites: &mut Sites, tables: &Tables, regions: &Regions) {
        let iterations = self.iterations();
        let mut all = self.collect(tables, regions, &mut sites.modules);
        for kind in SiteKind::ALL {
            let of_kind = all.iter().filter(|site| site.kind == kind);
            let total = of_kind.fold(Amount::default(), |total, site| sum(total, site.survived));
            let Some(growth) = self.growth(kind, total) else { continue };
            let Unattributed { older, dropped: unplaced } = self.rests[kind as usize];
            let older = amount(older.0, older.1);
            let rest = difference(difference(growth, total), older);
            sites.accounts.push(Account { kind, growth, sites: total, older, rest });
            if unplaced != (0, 0) {
                self.notes.push(format!(
                    "{} blocks of {} bytes found no room in the recorder and have no site: it holds 1.5 million blocks and 131,072 call stacks",
                    grouped(unplaced.0),
                    grouped(unplaced.1),
                ));
            }
            let rates = self.rates[kind as usize];
            sites.grew_again |= rates.grow() && (growth.bytes > 0 || growth.blocks > 0);
            let missing = rates.bytes - growth.bytes as f64 / iterations.max(1) as f64;
            if missing > rates.bytes * (1.0 - self.least) && growth.blocks > 0 {
                self.notes.push(format!(
                    "{} per iteration did not show in the {} iterations that were recorded: a container that grows does so rarely",
                    scaled(missing),
                    grouped(iterations as i64),
                ));
            }
        }
        if iterations > 0 && !sites.grew_again && self.rates.iter().any(|rates| rates.grow()) {
            self.notes.push(
                "the growth did not show again while it was recorded: what is listed survived those iterations, but need not be what grew before"
                    .to_owned(),
            );
        }
        let hears = tables.intercepts(SiteKind::Descriptor);
        self.notes.extend(unexplained::notes(&self.growing, &all, hears));
        all.retain(|site| site.survived != Amount::default());
        all.sort_by_key(|site| {
            let Amount { blocks, bytes } = site.survived;
            (std::cmp::Reverse((site.grows, bytes, blocks)), site.kind)
        });
        for site in all.drain(LISTED.min(all.len())..) {
            sites.omitted.sites += 1;
            sites.omitted.survived = sum(sites.omitted.survived, site.survived);
        }
        sites.sites = all;
    }

    /// Every site of which something lives, with its number. What a last batch that broke off left
    /// behind is in no reading of the counters.
    fn alive(&self, tables: &Tables) -> Vec<(usize, RecordedSite, Amount)> {
        let last = |series: &Vec<(i64, i64)>| series.last().map(|of| amount(of.0, of.1));
        let of_site = |(at, series): (usize, &Vec<(i64, i64)>)| {
            let survived = last(series).filter(|of| *of != Amount::default())?;
            Some((at, tables.recorded_site(at)?, survived))
        };
        self.series.iter().enumerate().filter_map(of_site).collect()
    }

    /// Which of these sites grow.
    fn grow(&self, alive: &[(usize, RecordedSite, Amount)]) -> Vec<bool> {
        let iterations = self.iterations();
        let mut grow = vec![false; alive.len()];
        for kind in SiteKind::ALL {
            let of_kind = || alive.iter().enumerate().filter(move |(_, of)| of.1.kind == kind);
            let total = of_kind().fold(Amount::default(), |total, (_, of)| sum(total, of.2));
            let rising: Vec<usize> =
                of_kind().filter(|(_, of)| self.rises(of.0)).map(|(index, _)| index).collect();
            let sizes: Vec<Amount> = rising.iter().map(|&index| alive[index].2).collect();
            let older = self.rests[kind as usize].older;
            let needed = match self.growth(kind, total) {
                Some(growth) => judge::needed(growth, amount(older.0, older.1), &sizes),
                None => vec![true; sizes.len()],
            };
            let mut bytes = 0;
            for (index, is_needed) in rising.into_iter().zip(needed) {
                grow[index] = is_needed;
                bytes += if is_needed { alive[index].2.bytes } else { 0 };
            }
            // Where those that rise tell what was judged, the others are not part of it.
            let rate = self.rates[kind as usize].bytes;
            if bytes as f64 >= rate * iterations as f64 * 0.9 {
                continue;
            }
            for (index, (_, _, survived)) in of_kind() {
                grow[index] |= judge::is_a_main_part(survived.bytes, iterations, rate);
            }
        }
        grow
    }

    /// Every site, those with the same frames as one.
    fn collect(
        &mut self,
        tables: &Tables,
        regions: &Regions,
        modules: &mut Vec<crate::report::Module>,
    ) -> Vec<Site> {
        let alive = self.alive(tables);
        let grow = self.grow(&alive);
        let mut all: Vec<Site> = Vec::new();
        let mut places = std::collections::HashMap::new();
        let mut cut = false;
        for ((_, recorded, survived), grows) in alive.into_iter().zip(grow) {
            cut |= recorded.truncated && grows;
            // Stacks that differ only beyond the frames that are kept.
            let place = *places.entry((recorded.kind, recorded.stack)).or_insert_with_key(|key| {
                let stack = regions.frames(&key.1, modules);
                all.push(Site {
                    kind: key.0,
                    grows: false,
                    survived: Amount::default(),
                    stack,
                    place: None,
                });
                all.len() - 1
            });
            let site: &mut Site = &mut all[place];
            site.grows |= grows;
            site.survived = sum(site.survived, survived);
        }
        if cut {
            self.notes.push(format!(
                "call stacks are kept up to {MAX_FRAMES} frames, innermost first, and end where code has no unwind tables: what lies further out is missing"
            ));
        }
        all
    }
}
