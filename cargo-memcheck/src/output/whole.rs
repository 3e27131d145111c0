//! A run as a whole, for outputs that are written once it is over.

use std::cmp::Reverse;
use std::sync::Arc;

use memcheck::Metric;
use memcheck::report::{Report, Status};

use crate::cli::Inconclusive;
use crate::run::Summary;

/// A run that is over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Whole<'a> {
    /// The tests, in the order in which they ended.
    pub(super) reports: &'a [Arc<Report>],
    pub(super) summary: &'a Summary,
    pub(super) inconclusive: Inconclusive,
}

impl<'a> Whole<'a> {
    /// Whether this test fails the run.
    pub(super) fn fails(&self, report: &Report) -> bool {
        self.inconclusive.fails(report.status()) || report.is_unproven()
    }

    /// The word that stands for a test: one that passed but was not proven has not the word of one
    /// that is well.
    pub(super) fn status(report: &Report) -> &'static str {
        if report.is_unproven() { "UNPROVEN" } else { report.status().text() }
    }

    /// The tests, the worst first: those that fail the run, then by their words, those of one word
    /// by how much they grow.
    pub(super) fn worst_first(&self) -> Vec<&'a Report> {
        let mut reports: Vec<&Report> = self.reports.iter().map(Arc::as_ref).collect();
        reports.sort_by_key(|report| {
            let order = (self.fails(report), report.status(), growth(report));
            (Reverse(order), report.test.clone())
        });
        reports
    }

    /// How many tests there are of those that `choose` takes.
    pub(super) fn count(&self, choose: impl Fn(&Report) -> bool) -> usize {
        self.reports.iter().filter(|report| choose(report)).count()
    }

    /// Tests that ran.
    pub(super) fn run(&self) -> usize {
        self.count(|report| report.status() != Status::Skip)
    }
}

/// A line of source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The file, relative to the workspace of cargo where it lies in it.
    pub(super) file: String,
    /// From 1.
    pub(super) line: u32,
    /// From 1.
    pub(super) column: Option<u32>,
}

impl Place {
    /// The line to look at: that of the first site that grows, else that of the test.
    pub(super) fn of(report: &Report) -> Option<Place> {
        Place::known(report.place())
    }

    /// That of the test.
    pub(super) fn of_test(report: &Report) -> Option<Place> {
        Place::known(report.test.place())
    }

    fn known(place: memcheck::report::Place) -> Option<Place> {
        Some(Place { file: place.file?, line: place.line?, column: place.column })
    }
}

/// Bytes per iteration, the larger of the two heaps.
fn growth(report: &Report) -> i64 {
    [Metric::HeapBytes, Metric::NativeBytes]
        .into_iter()
        .filter_map(|metric| report.metric(metric))
        .map(|of| of.rate.round() as i64)
        .max()
        .unwrap_or(0)
}

/// The beginning of a text, at most so many bytes of it, and a mark where the rest was.
pub(super) fn beginning(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    let mut end = bytes;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{} […]", &text[..end])
}

#[cfg(test)]
pub(super) mod tests {
    use memcheck::report::{
        Amount, MetricReport, Outcome, Output, Shape, Site, SiteKind, Sites, TestId, Verdict,
    };

    use super::*;

    /// A test of this name that ended so.
    pub(in crate::output) fn report(name: &str, outcome: Outcome) -> Arc<Report> {
        let id = TestId {
            name: name.into(),
            binary: "crate".into(),
            file: "src/lib.rs".into(),
            line: 7,
            column: 5,
        };
        Arc::new(Report::unobserved(id, outcome))
    }

    fn site(grows: bool, file: Option<&str>) -> Site {
        Site {
            kind: SiteKind::RustHeap,
            grows,
            survived: Amount::default(),
            stack: Vec::new(),
            place: Some(memcheck::report::Place {
                function: "f".into(),
                file: file.map(str::to_owned),
                line: Some(31),
                column: None,
            }),
        }
    }

    /// Lets the heap grow at line 31 of a file.
    pub(in crate::output) fn growing(report: &mut Report, file: &str) {
        report.verdict = Some(Verdict::Growing);
        report.metrics = vec![MetricReport {
            metric: Metric::HeapBytes,
            verdict: Verdict::Growing,
            shape: Shape::Growing,
            growth: 1,
            rate: 1.0,
            limit: None,
            sensitivity: None,
            windows: Vec::new(),
        }];
        report.sites = Some(Sites { sites: vec![site(true, Some(file))], ..Sites::default() });
    }

    /// What tests may do to whoever writes about them.
    pub(in crate::output) const HOSTILE: &str = "<script>alert(1)</script> ]]> --> | `` ``` \u{1b}[31mred\u{1b}[0m \0\u{7}\u{fffe} &amp; % , :\r\n::error file=x::y\n##[error]z\n# heading\n</details> @user";

    /// A test that is hostile in all its parts.
    pub(in crate::output) fn hostile() -> Arc<Report> {
        let id = TestId {
            name: HOSTILE.into(),
            binary: HOSTILE.into(),
            file: HOSTILE.into(),
            line: 1,
            column: 1,
        };
        let mut report = Report::unobserved(id, Outcome::Failed { message: HOSTILE.repeat(1000) });
        report.output = Output { text: HOSTILE.repeat(10_000), omitted: 1 << 20 };
        Arc::new(report)
    }

    #[test]
    fn the_worst_come_first() {
        let crashed = |name| report(name, Outcome::Crashed { signal: "SIGSEGV".into() });
        let reports = [
            report("skipped", Outcome::Skipped),
            crashed("b"),
            report("unsure", Outcome::Passed),
            crashed("a"),
        ];
        let summary = Summary::default();
        let whole =
            Whole { reports: &reports, summary: &summary, inconclusive: Inconclusive::Fail };
        let names: Vec<&str> =
            whole.worst_first().iter().map(|report| report.test.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "unsure", "skipped"]);
    }

    #[test]
    fn the_place_is_that_of_the_leak_if_it_is_known() {
        let mut report = Arc::unwrap_or_clone(report("a", Outcome::Passed));
        let place = |report: &Report| Place::of(report).map(|place| (place.file, place.line));
        assert_eq!(place(&report), Some(("src/lib.rs".into(), 7)));
        growing(&mut report, "x.rs");
        let sites = vec![site(false, Some("cache.rs")), site(true, None), site(true, Some("x.rs"))];
        report.sites = Some(Sites { sites, ..Sites::default() });
        assert_eq!(place(&report), Some(("x.rs".into(), 31)));
        report.sites = None;
        report.test.file.clear();
        assert_eq!(place(&report), None);
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(beginning("abc", 3), "abc");
        assert_eq!(beginning("aäb", 2), "a […]");
    }
}
