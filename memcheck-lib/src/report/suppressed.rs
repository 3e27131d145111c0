//! Sites that are not the user's to mend, taken off a report by name; and whether anything that
//! grows is left without them.

use serde::{Deserialize, Serialize};

use super::{Amount, MetricReport, Report, SiteKind, Sites, Verdict};
use crate::detect::BLOCK_OVERHEAD;
use crate::metric::Metric;

/// How much more may grow than the suppressed sites show. The judged part and the recording are
/// different iterations, so that rates are not quite alike; what is more than this is another leak.
const SLACK: f64 = 1.05;

/// Growing sites of one kind that one pattern took off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Suppressed {
    /// The pattern over names of functions.
    pub pattern: String,
    /// Why these are not to be mended here: a link or a text.
    pub reason: String,
    /// What survives there.
    pub kind: SiteKind,
    /// How many sites.
    pub sites: u64,
    /// What survives of the recorded iterations.
    pub survived: Amount,
    /// The recorded iterations.
    pub iterations: u64,
}

impl Report {
    /// Whether all that grows is explained by sites that were suppressed. Then the test counts as a
    /// known leak; it goes on being one wherever there is doubt.
    ///
    /// For each metric that grows: no other site of its kind grows, the account of that kind leaves
    /// nothing without a site, and the suppressed sites grow as fast as the metric did while it was
    /// judged. The footprint must not grow faster than the suppressed memory. What cannot be traced
    /// (memory held by descriptors) is never explained, nor is a limit that was passed.
    pub fn growth_is_suppressed(&self) -> bool {
        let Some(sites) = &self.sites else { return false };
        let certain = !self.suppressed.is_empty()
            && sites.grew_again
            && self.exceeded.is_empty()
            && self.mismatch().is_none()
            && nothing_omitted_grows(sites);
        certain
            && self.verdict == Some(Verdict::Growing)
            && self.metrics.iter().all(|of| match of.verdict {
                Verdict::Steady => true,
                Verdict::Growing => self.explains(of, sites),
                Verdict::Inconclusive | Verdict::OverLimit => false,
            })
    }

    fn explains(&self, of: &MetricReport, sites: &Sites) -> bool {
        let kind = match of.metric {
            Metric::HeapBytes | Metric::HeapBlocks => SiteKind::RustHeap,
            Metric::NativeBytes | Metric::NativeBlocks => SiteKind::CHeap,
            Metric::Mappings => SiteKind::Mapping,
            Metric::Threads => SiteKind::Thread,
            Metric::Fds => SiteKind::Descriptor,
            Metric::Children => SiteKind::Child,
            Metric::Resident => return of.rate <= self.suppressed_memory() * SLACK,
            Metric::FdMemory | Metric::Tasks => return false,
        };
        let (blocks, bytes) = self.suppressed_rate(kind);
        let rate = if of.metric.is_bytes() { bytes } else { blocks };
        let others = sites.sites.iter().any(|site| site.kind == kind && site.grows);
        let accounted = sites.accounts.iter().any(|account| {
            account.kind == kind && account.rest.blocks <= 0 && account.rest.bytes <= 0
        });
        !others && accounted && of.rate <= rate * SLACK
    }

    /// Blocks and bytes per iteration that survive at suppressed sites.
    fn suppressed_rate(&self, kind: SiteKind) -> (f64, f64) {
        let of_kind = self.suppressed.iter().filter(|of| of.kind == kind && of.iterations > 0);
        of_kind.fold((0.0, 0.0), |(blocks, bytes), of| {
            let iterations = of.iterations as f64;
            let Amount { blocks: more, bytes: and } = of.survived;
            (blocks + more as f64 / iterations, bytes + and as f64 / iterations)
        })
    }

    /// Bytes per iteration by which the footprint grows through suppressed sites, at most.
    fn suppressed_memory(&self) -> f64 {
        let heap = [SiteKind::RustHeap, SiteKind::CHeap].map(|kind| {
            let (blocks, bytes) = self.suppressed_rate(kind);
            bytes + BLOCK_OVERHEAD * blocks
        });
        heap.iter().sum::<f64>() + self.suppressed_rate(SiteKind::Mapping).1
    }
}

/// Those that grow come first, so where one is listed that does not grow, none that was left out
/// does.
fn nothing_omitted_grows(sites: &Sites) -> bool {
    sites.omitted.sites == 0 || sites.sites.iter().any(|site| !site.grows)
}

#[cfg(test)]
mod tests {
    use super::super::{Account, Exceeded, Omitted, Outcome, ProfileLimit, Shape, Site, Status};
    use super::*;
    use crate::report::TestId;

    const ITERATIONS: u64 = 100;

    fn amount(blocks: i64, bytes: i64) -> Amount {
        Amount { blocks, bytes }
    }

    fn metric(metric: Metric, rate: f64) -> MetricReport {
        MetricReport {
            metric,
            verdict: if rate > 0.0 { Verdict::Growing } else { Verdict::Steady },
            shape: Shape::Steady,
            growth: (rate * 1000.0) as i64,
            rate,
            limit: None,
            sensitivity: None,
            windows: Vec::new(),
        }
    }

    fn site(kind: SiteKind, grows: bool, survived: Amount) -> Site {
        Site { kind, grows, survived, stack: Vec::new(), place: None }
    }

    /// 64 B in a block of the Rust heap per iteration, all of it suppressed.
    fn report() -> Report {
        let mut report = Report::unobserved(TestId::default(), Outcome::Passed);
        report.verdict = Some(Verdict::Growing);
        report.iterations = 1000;
        report.metrics = vec![
            metric(Metric::HeapBytes, 64.0),
            metric(Metric::HeapBlocks, 1.0),
            metric(Metric::NativeBlocks, 0.0),
            metric(Metric::Resident, 80.0),
        ];
        report.sites = Some(Sites {
            iterations: ITERATIONS,
            grew_again: true,
            accounts: vec![Account {
                kind: SiteKind::RustHeap,
                growth: amount(100, 6400),
                sites: amount(103, 6500),
                older: amount(-3, -100),
                rest: amount(0, 0),
            }],
            sites: vec![site(SiteKind::RustHeap, false, amount(3, 100))],
            ..Sites::default()
        });
        report.suppressed = vec![Suppressed {
            pattern: "openssl::init*".into(),
            reason: "issue 7".into(),
            kind: SiteKind::RustHeap,
            sites: 1,
            survived: amount(100, 6400),
            iterations: ITERATIONS,
        }];
        report
    }

    fn sites(report: &mut Report) -> &mut Sites {
        report.sites.as_mut().unwrap()
    }

    #[test]
    fn growth_that_is_all_suppressed_is_a_known_leak() {
        assert_eq!(report().status(), Status::Known);
    }

    /// What one change of the report makes of it.
    fn with(change: impl FnOnce(&mut Report)) -> Status {
        let mut report = report();
        change(&mut report);
        report.status()
    }

    #[test]
    fn what_is_left_goes_on_being_a_leak() {
        let other = site(SiteKind::RustHeap, true, amount(1, 1));
        for word in [
            // Nothing suppressed, nothing recorded, or other memory than what grew.
            with(|of| of.suppressed.clear()),
            with(|of| of.sites = None),
            with(|of| sites(of).grew_again = false),
            // Another site grows, or may.
            with(|of| sites(of).sites.push(other)),
            with(|of| {
                sites(of).sites.clear();
                sites(of).omitted = Omitted { sites: 1, survived: amount(1, 1) };
            }),
            // Growth that has no site, or no account.
            with(|of| sites(of).accounts[0].rest = amount(1, 64)),
            with(|of| sites(of).accounts.clear()),
            // The test grew faster than what is suppressed.
            with(|of| of.metrics[0].rate = 128.0),
            with(|of| of.metrics[1].rate = 1.2),
            with(|of| of.metrics[3].rate = 500.0),
            // Of another kind.
            with(|of| of.metrics[2] = metric(Metric::NativeBlocks, 1.0)),
            with(|of| of.metrics.push(metric(Metric::Fds, 1.0))),
            with(|of| of.metrics.push(metric(Metric::Children, 1.0))),
            with(|of| of.metrics.push(metric(Metric::FdMemory, 1.0))),
            // It cannot be told of another metric whether it grows.
            with(|of| of.metrics[2].verdict = Verdict::Inconclusive),
            with(|of| of.metrics[2].verdict = Verdict::OverLimit),
            with(|of| {
                let what = ProfileLimit::Bytes;
                of.exceeded = vec![Exceeded { what, limit: 1, value: 2, iteration: 3 }];
            }),
        ] {
            assert_eq!(word, Status::Leak);
        }
    }

    #[test]
    fn sites_of_several_patterns_add_up() {
        let word = with(|of| {
            of.metrics[0].rate = 96.0;
            of.metrics[1].rate = 2.0;
            let survived = amount(100, 3200);
            let more = Suppressed { pattern: "b".into(), survived, ..of.suppressed[0].clone() };
            of.suppressed.push(more);
        });
        assert_eq!(word, Status::Known);
    }

    #[test]
    fn descriptors_are_explained_by_sites_of_descriptors() {
        let word = with(|of| {
            of.metrics.push(metric(Metric::Fds, 1.0));
            let kind = SiteKind::Descriptor;
            let survived = amount(100, 0);
            of.suppressed.push(Suppressed { kind, survived, ..of.suppressed[0].clone() });
            let heap = sites(of).accounts[0];
            sites(of).accounts.push(Account { kind, ..heap });
        });
        assert_eq!(word, Status::Known);
    }

    #[test]
    fn the_end_of_the_process_outranks_it() {
        assert_eq!(with(|of| of.outcome = Outcome::Lost), Status::Lost);
        assert_eq!(with(|of| of.verdict = Some(Verdict::OverLimit)), Status::Limit);
        assert_eq!(with(|of| of.verdict = Some(Verdict::Steady)), Status::Pass);
    }
}
