//! Whether suppressed sites explain everything that grows.

use super::sites::{Amount, Sites};
use super::test_report::Report;
use crate::detect::{BLOCK_OVERHEAD, MetricReport, Verdict};
use crate::metric::{Heap, SiteKind, SiteRelation};

/// A metric may grow this many times as fast as the suppressed sites. The judged part and the recording
/// are different iterations, so their rates differ slightly. Faster growth is another leak.
const SLACK: f64 = 1.05;

impl Report {
    /// Whether suppressed sites explain everything that grows. Then the test is a known leak; in case of
    /// doubt it stays a leak.
    ///
    /// For each growing metric: no other site of its kind grows, the account of that kind has no growth
    /// without a site, and the suppressed sites grow as fast as the metric did in the judged part. The
    /// footprint must not grow faster than the suppressed memory. Growth without sites of its own (memory
    /// held by descriptors, tasks) is never explained, and neither is an exceeded limit.
    #[doc(hidden)]
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
        let row = of.metric.row();
        let kind = match row.sites {
            SiteRelation::Counted(kind) => kind,
            // The footprint has no sites of its own: what it contains must explain it.
            SiteRelation::Related(_) => {
                return row.heap == Heap::Contained && of.rate <= self.suppressed_memory() * SLACK;
            }
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

/// Growing sites are listed first. So if a listed site does not grow, no omitted one does.
fn nothing_omitted_grows(sites: &Sites) -> bool {
    sites.omitted.sites == 0 || sites.sites.iter().any(|site| !site.grows)
}

#[cfg(test)]
mod tests {
    use super::super::{
        Account, AllocationLimit, ExceededLimit, Omitted, Outcome, Shape, Site, Status,
    };
    use super::*;
    use crate::metric::Metric;
    use crate::report::{Suppressed, TestId};

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
    fn fully_suppressed_growth_is_a_known_leak() {
        assert_eq!(report().status(), Status::Known);
    }

    /// The status after one change of the report.
    fn with(change: impl FnOnce(&mut Report)) -> Status {
        let mut report = report();
        change(&mut report);
        report.status()
    }

    #[test]
    fn unexplained_growth_is_a_leak() {
        let other = site(SiteKind::RustHeap, true, amount(1, 1));
        for status in [
            // Nothing is suppressed or recorded, or the growth did not recur.
            with(|of| of.suppressed.clear()),
            with(|of| of.sites = None),
            with(|of| sites(of).grew_again = false),
            // Another site grows, or an omitted one may.
            with(|of| sites(of).sites.push(other)),
            with(|of| {
                sites(of).sites.clear();
                sites(of).omitted = Omitted { sites: 1, survived: amount(1, 1) };
            }),
            // Growth without a site, or without an account.
            with(|of| sites(of).accounts[0].rest = amount(1, 64)),
            with(|of| sites(of).accounts.clear()),
            // The test grew faster than the suppressed sites.
            with(|of| of.metrics[0].rate = 128.0),
            with(|of| of.metrics[1].rate = 1.2),
            with(|of| of.metrics[3].rate = 500.0),
            // Another kind grows.
            with(|of| of.metrics[2] = metric(Metric::NativeBlocks, 1.0)),
            with(|of| of.metrics.push(metric(Metric::Fds, 1.0))),
            with(|of| of.metrics.push(metric(Metric::Children, 1.0))),
            with(|of| of.metrics.push(metric(Metric::FdMemory, 1.0))),
            // Another metric is inconclusive or over its limit.
            with(|of| of.metrics[2].verdict = Verdict::Inconclusive),
            with(|of| of.metrics[2].verdict = Verdict::OverLimit),
            with(|of| {
                let what = AllocationLimit::Bytes;
                of.exceeded = vec![ExceededLimit { what, limit: 1, value: 2, iteration: 3 }];
            }),
        ] {
            assert_eq!(status, Status::Leak);
        }
    }

    #[test]
    fn sites_of_several_patterns_are_added_up() {
        let status = with(|of| {
            of.metrics[0].rate = 96.0;
            of.metrics[1].rate = 2.0;
            let survived = amount(100, 3200);
            let more = Suppressed { pattern: "b".into(), survived, ..of.suppressed[0].clone() };
            of.suppressed.push(more);
        });
        assert_eq!(status, Status::Known);
    }

    #[test]
    fn descriptor_sites_explain_descriptors() {
        let status = with(|of| {
            of.metrics.push(metric(Metric::Fds, 1.0));
            let kind = SiteKind::Descriptor;
            let survived = amount(100, 0);
            of.suppressed.push(Suppressed { kind, survived, ..of.suppressed[0].clone() });
            let heap = sites(of).accounts[0];
            sites(of).accounts.push(Account { kind, ..heap });
        });
        assert_eq!(status, Status::Known);
    }

    #[test]
    fn outcome_takes_precedence_over_suppression() {
        assert_eq!(with(|of| of.outcome = Outcome::Lost), Status::Lost);
        assert_eq!(with(|of| of.verdict = Some(Verdict::OverLimit)), Status::Limit);
        assert_eq!(with(|of| of.verdict = Some(Verdict::Steady)), Status::Pass);
    }
}
