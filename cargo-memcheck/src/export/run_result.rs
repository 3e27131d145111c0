//! The result of a run, as exporters get it.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::SystemTime;

use memcheck::Metric;
use memcheck::tool::report::{Report, Status};

use crate::runner::{Inconclusive, Summary};
use crate::symbolize::LazyWorkspace;

/// The runs of the results that `cargo memcheck report` has read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct EarlierRuns {
    /// The start of the first run, as its document states it.
    pub(crate) started: String,
    /// The root of the workspace, if it is known and the same for all runs.
    pub(crate) workspace: Option<String>,
}

/// The result of a run.
#[derive(Clone, Copy)]
pub(super) struct RunResult<'a> {
    /// The tests, in the order in which they finished.
    pub(super) reports: &'a [Arc<Report>],
    pub(super) summary: &'a Summary,
    pub(super) inconclusive: Inconclusive,
    /// When the run started.
    pub(super) started: SystemTime,
    /// Set if the results are from earlier runs.
    pub(super) earlier: Option<&'a EarlierRuns>,
    /// Where the sources are.
    pub(super) workspace: LazyWorkspace<'a>,
}

impl<'a> RunResult<'a> {
    /// Whether this test fails the run.
    pub(super) fn fails(&self, report: &Report) -> bool {
        self.inconclusive.fails_run(report)
    }

    /// The tests, the worst first: failures before others, then by status, then by growth.
    pub(super) fn worst_first(&self) -> Vec<&'a Report> {
        let mut reports: Vec<&Report> = self.reports.iter().map(Arc::as_ref).collect();
        reports.sort_by_key(|report| {
            let order = (self.fails(report), report.status(), growth(report));
            (Reverse(order), report.test.clone())
        });
        reports
    }

    /// The number of tests that `choose` accepts.
    pub(super) fn count(&self, choose: impl Fn(&Report) -> bool) -> usize {
        self.reports.iter().filter(|report| choose(report)).count()
    }

    /// The number of tests that ran.
    pub(super) fn run(&self) -> usize {
        self.count(|report| report.status() != Status::Skip)
    }
}

/// The status to show: a test that passed but missed a planted leak is not shown as passed.
pub(super) fn shown_status(report: &Report) -> &'static str {
    if report.is_unproven() { "UNPROVEN" } else { report.status().text() }
}

/// A line of source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SourceLine {
    /// The file, relative to the workspace if it is inside.
    pub(super) file: String,
    /// The line, from 1.
    pub(super) line: u32,
    /// The column, from 1.
    pub(super) column: Option<u32>,
}

impl SourceLine {
    /// The line of the first growing site, else the line of the test.
    pub(super) fn of(report: &Report) -> Option<SourceLine> {
        SourceLine::known(report.place())
    }

    /// The line of the test.
    pub(super) fn of_test(report: &Report) -> Option<SourceLine> {
        SourceLine::known(report.test.place())
    }

    fn known(place: memcheck::tool::report::SourceLocation) -> Option<SourceLine> {
        Some(SourceLine { file: place.file?, line: place.line?, column: place.column })
    }
}

/// The growth in bytes per iteration of the heap that grows more.
fn growth(report: &Report) -> i64 {
    Metric::heaps()
        .filter_map(|(bytes, _)| report.metric(bytes))
        .map(|of| of.rate.round() as i64)
        .max()
        .unwrap_or(0)
}

/// At most `bytes` bytes of a text, with a mark if it is cut.
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
    use std::sync::LazyLock;

    use memcheck::tool::report::{
        Amount, MetricReport, Outcome, Shape, Site, SiteKind, Sites, TestId, Verdict,
    };

    use super::*;
    use crate::symbolize::Workspace;

    /// A report of a test with this name and outcome.
    pub(in crate::export) fn report(name: &str, outcome: Outcome) -> Arc<Report> {
        let id = TestId::new(name, "crate").at("src/lib.rs", 7, 5);
        Arc::new(Report::unobserved(id, outcome))
    }

    fn site(grows: bool, file: Option<&str>) -> Site {
        Site {
            kind: SiteKind::RustHeap,
            grows,
            survived: Amount::default(),
            stack: Vec::new(),
            place: Some(memcheck::tool::report::SourceLocation {
                function: "f".into(),
                file: file.map(str::to_owned),
                line: Some(31),
                column: None,
            }),
        }
    }

    /// Makes the heap grow at line 31 of a file.
    pub(in crate::export) fn growing(report: &mut Report, file: &str) {
        report.verdict = Some(Verdict::Growing);
        let mut heap = MetricReport::new(Metric::HeapBytes, Verdict::Growing, Shape::Growing);
        (heap.growth, heap.rate) = (1, 1.0);
        report.metrics = vec![heap];
        report.sites = Some(Sites { sites: vec![site(true, Some(file))], ..Sites::default() });
    }

    /// A text that attacks documents that contain it.
    pub(in crate::export) const HOSTILE: &str = "<script>alert(1)</script> ]]> --> | `` ``` \u{1b}[31mred\u{1b}[0m \0\u{7}\u{fffe} &amp; % , :\r\n::error file=x::y\n##[error]z\n# heading\n</details> @user";

    /// A report that has it in all parts.
    pub(in crate::export) fn hostile() -> Arc<Report> {
        let id = TestId::new(HOSTILE, HOSTILE).at(HOSTILE, 1, 1);
        let mut report = Report::unobserved(id, Outcome::Failed { message: HOSTILE.repeat(1000) });
        (report.output.text, report.output.omitted) = (HOSTILE.repeat(10_000), 1 << 20);
        Arc::new(report)
    }

    /// Calls `act` with the result of a run with these tests.
    pub(in crate::export) fn with_result<T>(
        reports: &[Arc<Report>],
        inconclusive: Inconclusive,
        act: impl FnOnce(&RunResult<'_>) -> T,
    ) -> T {
        let mut summary = Summary::default();
        reports.iter().for_each(|report| summary.count(report.status()));
        let workspace = LazyLock::new(Workspace::default);
        act(&RunResult {
            reports,
            summary: &summary,
            inconclusive,
            started: SystemTime::UNIX_EPOCH,
            earlier: None,
            workspace: &workspace,
        })
    }

    #[test]
    fn the_worst_come_first() {
        let crashed = |name| report(name, Outcome::Crashed { signal: "SIGSEGV".into() });
        let reports = [
            report("skipped", Outcome::Skipped { reason: None }),
            crashed("b"),
            report("unsure", Outcome::Passed),
            crashed("a"),
        ];
        let names = with_result(&reports, Inconclusive::Fail, |result| {
            let worst = result.worst_first();
            worst.iter().map(|report| report.test.name.clone()).collect::<Vec<_>>()
        });
        assert_eq!(names, ["a", "b", "unsure", "skipped"]);
    }

    #[test]
    fn the_line_is_that_of_the_leak_if_it_is_known() {
        let mut report = Arc::unwrap_or_clone(report("a", Outcome::Passed));
        let place = |report: &Report| SourceLine::of(report).map(|place| (place.file, place.line));
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
