//! Results for programs: one JSON object per line. Like the messages of cargo they have a `reason`, so that
//! one stream can have both.

use std::collections::BTreeMap;
use std::io::{self, Write};

use memcheck::tool::report::{REPORT_VERSION, Report, Status};
use serde::Serialize;

use crate::diagnostics::{Context, compiler_messages};
use crate::runner::{Event, Inconclusive, Summary};

/// Results as JSON.
pub(super) struct Json<'a, W> {
    out: W,
    context: Context<'a>,
    inconclusive: Inconclusive,
}

/// A message.
#[derive(Serialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Message<'a> {
    /// A test has finished, or was skipped.
    MemcheckReport { status: Status, report: &'a Report },
    /// The run has ended.
    MemcheckSummary {
        version: u32,
        run: usize,
        counts: BTreeMap<&'static str, usize>,
        filtered_out: usize,
        not_run: usize,
        interrupted: Option<i32>,
        /// The results of `--prove`.
        #[serde(skip_serializing_if = "Option::is_none")]
        proofs: Option<BTreeMap<&'static str, usize>>,
        seconds: f64,
    },
}

impl<'a, W: Write> Json<'a, W> {
    pub(super) fn new(out: W, context: Context<'a>, inconclusive: Inconclusive) -> Self {
        Json { out, context, inconclusive }
    }

    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, line)?;
        self.out.write_all(b"\n")
    }
}

impl<W: Write> Json<'_, W> {
    /// Receives an event.
    pub(super) fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::TestFinished(report) => {
                let fails = self.inconclusive.fails_run(report);
                for message in compiler_messages(report, fails, &self.context) {
                    self.line(&message)?;
                }
                self.line(&Message::MemcheckReport { status: report.status(), report })?;
            }
            Event::Finished(total) => self.line(&summary_message(total))?,
            Event::Started { .. }
            | Event::TestStarted(_)
            | Event::TestProgress(..)
            | Event::Interrupted { .. } => return Ok(()),
        }
        self.out.flush()
    }
}

fn summary_message(summary: &Summary) -> Message<'static> {
    Message::MemcheckSummary {
        version: REPORT_VERSION,
        run: summary.run(),
        counts: summary.counts.iter().map(|(status, &count)| (status.text(), count)).collect(),
        filtered_out: summary.filtered_out,
        not_run: summary.not_run,
        interrupted: summary.interrupted,
        proofs: summary.proofs.map(|of| {
            let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
            let all =
                [("proven", of.proven), ("unproven", of.unproven), ("not-passed", of.not_passed)];
            all.map(|(name, number)| (name, count(number))).into()
        }),
        seconds: summary.elapsed.as_secs_f64(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cargo_metadata::{Message as CargoMessage, PackageId};
    use memcheck::tool::report::{Outcome, Proof, TestId, Verdict};
    use std::sync::{Arc, LazyLock};
    use std::time::Duration;

    use crate::cargo::TestBinary;
    use crate::cli::Backtrace;
    use crate::symbolize::Workspace;

    fn binary() -> TestBinary {
        TestBinary {
            id: "a".into(),
            path: "/t/debug/deps/a-1".into(),
            package: PackageId { repr: "path+file:///a#0.1.0".into() },
            manifest: "/a/Cargo.toml".into(),
            target: serde_json::from_value(serde_json::json!({
                "name": "a", "kind": ["lib"], "crate_types": ["lib"], "src_path": "/a/src/lib.rs"
            }))
            .unwrap(),
        }
    }

    #[test]
    fn cargos_parser_accepts_every_line() {
        let binary = binary();
        let id = TestId::new("tests::a\n", "a").at("src/lib.rs", 7, 5);
        let report = memcheck::Report::unobserved(id, Outcome::Lost);
        let mut total = Summary::default();
        total.count(report.status());
        let mut out = Vec::new();
        let workspace = LazyLock::new(Workspace::default);
        let context = Context::new(&workspace, [&binary].into_iter(), Backtrace::Short);
        let mut json = Json::new(&mut out, context, Inconclusive::Fail);
        json.event(&Event::Started { tests: 1, binaries: 1 }).unwrap();
        json.event(&Event::TestFinished(Arc::new(report.clone()))).unwrap();
        json.event(&Event::Finished(total)).unwrap();

        let lines: Vec<serde_json::Value> = String::from_utf8(out.clone())
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0]["message"]["spans"][0]["line_start"], 7);
        let lines = &lines[1..];
        assert_eq!(lines[0]["reason"], "memcheck-report");
        assert_eq!(lines[0]["status"], "LOST");
        let read: Report = serde_json::from_value(lines[0]["report"].clone()).unwrap();
        assert_eq!(read, report);
        assert_eq!(lines[1]["reason"], "memcheck-summary");
        assert_eq!(lines[1]["counts"], serde_json::json!({ "LOST": 1 }));

        let messages: Result<Vec<CargoMessage>, _> =
            CargoMessage::parse_stream(out.as_slice()).collect();
        let messages = messages.unwrap();
        assert_eq!(messages.len(), 3);
        let CargoMessage::CompilerMessage(message) = &messages[0] else { panic!("{messages:?}") };
        assert_eq!(message.package_id, binary.package);
        assert_eq!(message.message.code.as_ref().unwrap().code, "lost");
        assert!(message.message.spans[0].is_primary);
        assert!(message.message.rendered.as_ref().unwrap().contains("--> src/lib.rs:7:5"));
    }

    /// The level and the first rendered line of each message.
    fn levels(report: &Report, inconclusive: Inconclusive) -> Vec<(String, String)> {
        let binary = binary();
        let workspace = LazyLock::new(Workspace::default);
        let context = Context::new(&workspace, [&binary].into_iter(), Backtrace::Short);
        let mut out = Vec::new();
        let mut json = Json::new(&mut out, context, inconclusive);
        json.event(&Event::TestFinished(Arc::new(report.clone()))).unwrap();
        let messages = CargoMessage::parse_stream(out.as_slice()).map(Result::unwrap);
        let messages = messages.filter_map(|message| match message {
            CargoMessage::CompilerMessage(message) => Some(message.message),
            _ => None,
        });
        let rendered = |text: Option<String>| text.unwrap().lines().next().unwrap().to_owned();
        messages
            .map(|of| {
                let level = serde_json::to_value(of.level).unwrap();
                (level.as_str().unwrap().to_owned(), rendered(of.rendered))
            })
            .collect()
    }

    #[test]
    fn a_test_that_does_not_fail_the_run_is_a_warning() {
        let id = TestId::new("", "a");
        let mut report = Report::unobserved(id, Outcome::Passed);
        for (inconclusive, level) in
            [(Inconclusive::Fail, "error"), (Inconclusive::Warn, "warning")]
        {
            let expected = format!("{level}[inconclusive]: no metric could be judged");
            assert_eq!(levels(&report, inconclusive), [(level.to_owned(), expected)]);
        }
        // An unproven test fails the run, whatever its status is.
        report.verdict = Some(Verdict::Steady);
        report.proof = Some(Proof { trials: Vec::new(), elapsed: Duration::ZERO });
        let messages = levels(&report, Inconclusive::Warn);
        assert_eq!(messages.len(), 1);
        assert_eq!(messages[0].0, "error");
        assert!(messages[0].1.starts_with("error[unproven]: "), "{messages:?}");
    }
}
