//! Sites grouped by source line: one leak for each line, whatever stacks and types lead there.

use memcheck::Metric;
use memcheck::tool::report::{Amount, Report, Site, SourceLocation};

/// The growing sites of one kind at one place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Leak<'a> {
    /// The place; `None` if no function of the stack is known.
    pub(crate) place: Option<&'a SourceLocation>,
    /// The sum of what survives.
    pub(crate) survived: Amount,
    /// The sites, the largest first.
    pub(crate) sites: Vec<&'a Site>,
}

/// The leaks that explain growth of `metric`, the largest first.
pub(crate) fn leaks(report: &Report, metric: Metric) -> Vec<Leak<'_>> {
    let mut leaks: Vec<Leak<'_>> = Vec::new();
    for site in report.sites.iter().flat_map(|sites| sites.growing(metric)) {
        let place = site.place.as_ref();
        match leaks.iter_mut().find(|leak| is_same(leak.place, place)) {
            Some(leak) => {
                leak.survived.blocks += site.survived.blocks;
                leak.survived.bytes += site.survived.bytes;
                leak.sites.push(site);
            }
            None => leaks.push(Leak { place, survived: site.survived, sites: vec![site] }),
        }
    }
    let size = |amount: Amount| (amount.bytes, amount.blocks);
    leaks.sort_by_key(|leak| std::cmp::Reverse(size(leak.survived)));
    for leak in &mut leaks {
        leak.sites.sort_by_key(|site| std::cmp::Reverse(size(site.survived)));
    }
    leaks
}

/// A generic function has a name for each type at the same place.
fn is_same(a: Option<&SourceLocation>, b: Option<&SourceLocation>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) if a.file.is_some() => {
            (&a.file, a.line, a.column) == (&b.file, b.line, b.column)
        }
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use memcheck::tool::report::{Outcome, SiteKind, Sites, TestId};

    #[test]
    fn sites_at_one_place_are_one_leak() {
        let site = |kind, function: &str, line, bytes| Site {
            kind,
            grows: true,
            survived: Amount { blocks: 1, bytes },
            stack: Vec::new(),
            place: Some(SourceLocation {
                function: function.into(),
                file: Some("src/lib.rs".into()),
                line: Some(line),
                column: Some(5),
            }),
        };
        let mut report = Report::unobserved(TestId::default(), Outcome::Passed);
        let heap = SiteKind::RustHeap;
        report.sites = Some(Sites {
            sites: vec![
                site(heap, "my::add<u8>", 3, 10),
                site(heap, "my::other", 7, 15),
                site(SiteKind::CHeap, "my::add<u8>", 3, 99),
                site(heap, "my::add<u16>", 3, 20),
            ],
            ..Sites::default()
        });
        let leaks = leaks(&report, Metric::HeapBytes);
        let seen: Vec<_> = leaks
            .iter()
            .map(|leak| {
                (leak.place.and_then(|place| place.line), leak.survived.bytes, leak.sites.len())
            })
            .collect();
        assert_eq!(seen, [(Some(3), 30, 2), (Some(7), 15, 1)]);
        assert_eq!(leaks[0].sites[0].survived.bytes, 20);
    }
}
