//! For programs: one JSON object to a line, told apart by `reason` as the messages of cargo are, so
//! that both can stand in one stream.

use std::collections::BTreeMap;
use std::io::{self, Write};

use memcheck::report::{REPORT_VERSION, Report, Word};
use serde::Serialize;

use super::Output;
use crate::run::{Event, Summary};

/// Results as JSON.
pub(super) struct Json<W> {
    out: W,
}

/// A line.
#[derive(Serialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Line<'a> {
    /// A test is judged, or skipped.
    MemcheckReport { word: Word, report: &'a Report },
    /// The run is over.
    MemcheckSummary {
        version: u32,
        run: usize,
        counts: BTreeMap<&'static str, usize>,
        filtered_out: usize,
        not_run: usize,
        interrupted: Option<i32>,
        /// What became of the proofs, with `--prove`.
        #[serde(skip_serializing_if = "Option::is_none")]
        proofs: Option<BTreeMap<&'static str, usize>>,
        seconds: f64,
    },
}

impl<W: Write> Json<W> {
    pub(super) fn new(out: W) -> Self {
        Json { out }
    }
}

impl<W: Write> Output for Json<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let line = match event {
            Event::TestFinished(report) => Line::MemcheckReport { word: report.word(), report },
            Event::Finished(total) => of_summary(total),
            _ => return Ok(()),
        };
        serde_json::to_writer(&mut self.out, &line)?;
        self.out.write_all(b"\n")?;
        self.out.flush()
    }
}

fn of_summary(summary: &Summary) -> Line<'static> {
    Line::MemcheckSummary {
        version: REPORT_VERSION,
        run: summary.run(),
        counts: summary.counts.iter().map(|(word, &count)| (word.text(), count)).collect(),
        filtered_out: summary.filtered_out,
        not_run: summary.not_run,
        interrupted: summary.interrupted,
        proofs: summary.proofs.map(|of| {
            [("proven", of.proven), ("unproven", of.unproven), ("not-passed", of.not_passed)].into()
        }),
        seconds: summary.elapsed.as_secs_f64(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cargo_metadata::Message;
    use memcheck::report::{Outcome, TestId};
    use std::sync::Arc;

    #[test]
    fn every_event_is_one_line_that_cargos_own_parser_accepts() {
        let id = TestId { name: "tests::a\n".into(), ..TestId::default() };
        let report = memcheck::Report::unobserved(id, Outcome::Lost);
        let mut total = Summary::default();
        total.count(report.word());
        let mut out = Vec::new();
        let mut json = Json::new(&mut out);
        json.event(&Event::Started { tests: 1, binaries: 1 }).unwrap();
        json.event(&Event::TestFinished(Arc::new(report.clone()))).unwrap();
        json.event(&Event::Finished(total)).unwrap();

        let lines: Vec<serde_json::Value> = String::from_utf8(out.clone())
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["reason"], "memcheck-report");
        assert_eq!(lines[0]["word"], "LOST");
        let read: Report = serde_json::from_value(lines[0]["report"].clone()).unwrap();
        assert_eq!(read, report);
        assert_eq!(lines[1]["reason"], "memcheck-summary");
        assert_eq!(lines[1]["counts"], serde_json::json!({ "LOST": 1 }));

        let messages: Result<Vec<Message>, _> = Message::parse_stream(out.as_slice()).collect();
        assert_eq!(messages.unwrap().len(), 2);
    }
}
