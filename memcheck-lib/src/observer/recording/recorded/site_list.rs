//! The list of sites in the report: which survive, which of them grow, and what is missing.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::ledger::{ALMOST_ALL, Ledger, amount, difference, sum};
use super::modules::Regions;
use super::{site_growth, unexplained};
use crate::metric::SiteKind;
use crate::recorder::{MAX_FRAMES, Memory, RecordedSite, Tables, Unattributed};
use crate::report::{Account, Amount, Module, Site, Sites};
use crate::units::{grouped, scaled};

/// Sites in a report. More than a person reads; the others are summed up.
const LISTED: usize = 64;

impl Ledger {
    /// The sites for the report.
    pub(super) fn into_sites(mut self, memory: Option<&Memory>, regions: &Regions) -> Sites {
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
                    "{} blocks of {} bytes have no site, because the recorder is full: it holds 1.5 million blocks and 131,072 call stacks. Set `iterations` lower to record fewer",
                    grouped(unplaced.0),
                    grouped(unplaced.1),
                ));
            }
            let rates = self.rates[kind as usize];
            sites.grew_again |= rates.grow() && (growth.bytes > 0 || growth.blocks > 0);
            let missing = rates.bytes - growth.bytes as f64 / iterations.max(1) as f64;
            if missing > rates.bytes * (1.0 - self.share) && growth.blocks > 0 {
                self.notes.push(format!(
                    "{} per iteration did not show in the {} recorded iterations: a growing container allocates rarely. Set `iterations` higher to record more",
                    scaled(missing),
                    grouped(iterations as i64),
                ));
            }
        }
        if iterations > 0 && !sites.grew_again && self.rates.iter().any(|rates| rates.grow()) {
            self.notes.push(
                "the growth did not recur while call stacks were recorded: the listed sites survived those iterations, but may not be what grew before"
                    .to_owned(),
            );
        }
        let calls_recorded = tables.intercepts(SiteKind::Descriptor);
        self.notes.extend(unexplained::notes(&self.growing, &all, calls_recorded));
        all.retain(|site| site.survived != Amount::default());
        all.sort_by_key(|site| {
            let Amount { blocks, bytes } = site.survived;
            (Reverse((site.grows, bytes, blocks)), site.kind)
        });
        for site in all.drain(LISTED.min(all.len())..) {
            sites.omitted.sites += 1;
            sites.omitted.survived = sum(sites.omitted.survived, site.survived);
        }
        sites.sites = all;
    }

    /// Every site with surviving blocks, with its index. Blocks of a last batch that was cut short do not
    /// count, because no reading of the counters includes them.
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
            let mut rising: Vec<usize> =
                of_kind().filter(|(_, of)| self.rises(of.0)).map(|(index, _)| index).collect();
            // Entries of a full cache that rotates survive until all of it has been replaced. If they are
            // more than what grows, the growth is elsewhere.
            let rate = self.rates[kind as usize];
            let plausible = |index: &usize| {
                site_growth::is_plausible(alive[*index].2, iterations, (rate.blocks, rate.bytes))
            };
            // With fewer iterations than before, the whole of a container that moved counts.
            let filtered = iterations >= self.began_after && rising.iter().any(plausible);
            if filtered {
                rising.retain(plausible);
            }
            let sizes: Vec<Amount> = rising.iter().map(|&index| alive[index].2).collect();
            let older = self.rests[kind as usize].older;
            let needed = match self.growth(kind, total) {
                Some(growth) => site_growth::needed(growth, amount(older.0, older.1), &sizes),
                None => vec![true; sizes.len()],
            };
            let mut bytes = 0;
            for (index, is_needed) in rising.into_iter().zip(needed) {
                grow[index] = is_needed;
                bytes += if is_needed { alive[index].2.bytes } else { 0 };
            }
            // If the rising sites explain the judged growth, the others are not part of it.
            let rate = self.rates[kind as usize].bytes;
            if bytes as f64 >= rate * iterations as f64 * ALMOST_ALL {
                continue;
            }
            for (index, (_, _, survived)) in of_kind() {
                if filtered && !plausible(&index) {
                    continue;
                }
                grow[index] |= site_growth::is_a_main_part(survived.bytes, iterations, rate);
            }
        }
        grow
    }

    /// Every site; sites with the same frames are merged.
    fn collect(
        &mut self,
        tables: &Tables,
        regions: &Regions,
        modules: &mut Vec<Module>,
    ) -> Vec<Site> {
        let alive = self.alive(tables);
        let grow = self.grow(&alive);
        let mut all: Vec<Site> = Vec::new();
        let mut places = HashMap::new();
        let mut cut = false;
        for ((_, recorded, survived), grows) in alive.into_iter().zip(grow) {
            cut |= recorded.truncated && grows;
            // Stacks may differ only in frames that were not kept.
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
                "some call stacks are incomplete: the recorder keeps the innermost {MAX_FRAMES} frames, and a stack ends at code without unwind tables. C code has them if it is built with `-fasynchronous-unwind-tables`"
            ));
        }
        all
    }
}
