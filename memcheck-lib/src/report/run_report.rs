//! The results of a run as one JSON document. `cargo memcheck --report FILE` writes one for all tests,
//! and `cargo test` with `MEMCHECK_REPORT_DIR` one for each test.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::instant;
use super::read_error::ReadError;
use super::status::Status;
use super::test_report::{OLDEST_READABLE, REPORT_VERSION, Report};
use crate::json::{self, JsonError};
use crate::metric::Metric;

/// The results of a run. Its JSON schema is `docs/src/reference/report.schema.json` of the repository.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use memcheck::tool::report::RunReport;
///
/// let run = RunReport::new(SystemTime::now(), Duration::from_secs(1), Vec::new());
/// let json = run.to_json()?;
/// assert_eq!(RunReport::from_json(&json)?, run);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct RunReport {
    /// Layout version, [`REPORT_VERSION`]. Within a version fields are only added.
    pub version: u32,
    /// Version of memcheck that wrote it.
    pub tool: String,
    /// When the run began: RFC 3339, UTC, in milliseconds.
    pub started: String,
    /// Wall time of the run without the build; the sum if several runs were merged.
    pub elapsed: Duration,
    /// The root folder of the cargo workspace, which file names are relative to, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// The counts.
    pub summary: RunSummary,
    /// The tests, in the order in which they finished.
    pub tests: Vec<TestResult>,
}

/// The counts of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct RunSummary {
    /// Number of tests with each status.
    pub counts: BTreeMap<Status, u64>,
    /// Selected tests that were not started, because of `--fail-fast` or a signal.
    #[serde(default)]
    pub not_run: u64,
    /// Annotated tests that were not selected.
    #[serde(default)]
    pub filtered_out: u64,
    /// The signal that ended the run early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interrupted: Option<i32>,
    /// The counts of `--prove`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proofs: Option<Proofs>,
}

/// The counts of `--prove`.
///
/// ```
/// use memcheck::tool::report::{Outcome, Proofs, Report, TestId};
///
/// let mut proofs = Proofs::default();
/// proofs.count(&Report::unobserved(TestId::default(), Outcome::Lost));
/// assert_eq!(proofs.not_passed, 1);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Proofs {
    /// Tests of which every planted leak was called growing.
    pub proven: u64,
    /// Tests of which one was not.
    pub unproven: u64,
    /// Tests that did not pass, so that there was nothing to prove.
    pub not_passed: u64,
}

impl Proofs {
    /// Counts a test.
    pub fn count(&mut self, report: &Report) {
        match (&report.proof, report.status()) {
            (Some(proof), _) if proof.holds() => self.proven += 1,
            (Some(_), _) => self.unproven += 1,
            (None, Status::Skip) => {}
            (None, _) => self.not_passed += 1,
        }
    }
}

/// One test of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TestResult {
    /// Its status.
    #[serde(alias = "word")]
    pub status: Status,
    /// What is wrong, the cause before its consequences; empty for a success.
    #[serde(default)]
    pub reasons: Vec<FailureReason>,
    /// The report.
    pub report: Report,
}

/// Why a test is not a success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct FailureReason {
    /// Short stable name: `heap-growth`.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// The metric, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(alias = "figure")]
    pub metric: Option<Metric>,
}

impl TestResult {
    /// A report with its status and with the reasons why it is not a success, which
    /// [`render::test_result`](crate::render::test_result) makes.
    pub fn new(reasons: Vec<FailureReason>, report: Report) -> Self {
        TestResult { status: report.status(), reasons, report }
    }
}

impl RunReport {
    /// The document of a run of these tests.
    pub fn new(started: SystemTime, elapsed: Duration, tests: Vec<TestResult>) -> Self {
        let mut summary = RunSummary::default();
        for test in &tests {
            *summary.counts.entry(test.status).or_default() += 1;
        }
        RunReport {
            version: REPORT_VERSION,
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            started: instant::written(started),
            elapsed,
            workspace: None,
            summary,
            tests,
        }
    }

    /// When the run began; `None` if [`started`](RunReport::started) is not an instant in UTC.
    ///
    /// ```
    /// # use std::time::{Duration, UNIX_EPOCH};
    /// # use memcheck::tool::report::RunReport;
    /// let run = RunReport::new(UNIX_EPOCH, Duration::ZERO, Vec::new());
    /// assert_eq!(run.began(), Some(UNIX_EPOCH));
    /// ```
    pub fn began(&self) -> Option<SystemTime> {
        instant::read(&self.started)
    }

    /// JSON in one line, with a line break at its end.
    ///
    /// # Errors
    ///
    /// None are known: every field can be written as JSON.
    pub fn to_json(&self) -> Result<String, JsonError> {
        json::to_string(self).map(|text| text + "\n")
    }

    /// Reads what [`to_json`](RunReport::to_json) wrote, from layout version 1, which had other field
    /// names, up to [`REPORT_VERSION`].
    ///
    /// # Errors
    ///
    /// [`ReadError::Foreign`] for another layout version, [`ReadError::Broken`] for anything else that is
    /// not a report.
    pub fn from_json(text: &str) -> Result<Self, ReadError> {
        /// What every version has.
        #[derive(Deserialize)]
        struct Head {
            version: u64,
            tool: Option<String>,
        }
        let head: Head = json::from_slice(text.as_bytes())
            .map_err(|source| ReadError::Broken { source, tool: None })?;
        if !(u64::from(OLDEST_READABLE)..=u64::from(REPORT_VERSION)).contains(&head.version) {
            return Err(ReadError::Foreign { version: head.version, tool: head.tool });
        }
        let tool = head.tool;
        json::from_slice(text.as_bytes()).map_err(|source| ReadError::Broken { source, tool })
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::super::{Outcome, TestId};
    use super::*;

    #[test]
    fn json_round_trip() {
        let id = TestId { name: "tests::a".into(), ..TestId::default() };
        let reason = FailureReason { code: "crashed".into(), message: "…".into(), metric: None };
        let crashed = Outcome::Crashed { signal: "SIGSEGV".into() };
        let tests = vec![
            TestResult::new(
                Vec::new(),
                Report::unobserved(id.clone(), Outcome::Skipped { reason: None }),
            ),
            TestResult::new(vec![reason], Report::unobserved(id, crashed)),
        ];
        let run = RunReport::new(UNIX_EPOCH, Duration::from_secs(3), tests);
        assert_eq!(run.summary.counts, BTreeMap::from([(Status::Skip, 1), (Status::Crash, 1)]));
        let json = run.to_json().unwrap();
        assert!(json.ends_with("}\n") && json.lines().count() == 1);
        assert_eq!(RunReport::from_json(&json).unwrap(), run);
        // A truncated document is an error.
        let part = &json[..json.len() / 2];
        assert!(matches!(RunReport::from_json(part), Err(ReadError::Broken { .. })));
    }

    #[test]
    fn unreadable_version_is_named() {
        let error = RunReport::from_json(r#"{"version": 7, "tool": "9.1.0", "x": []}"#);
        let text = error.unwrap_err().to_string();
        assert!(text.contains("version 7") && text.contains("memcheck 9.1.0"), "{text}");
        let newer = r#"{"version": 1, "tool": "9.1.0"}"#;
        let text = RunReport::from_json(newer).unwrap_err().to_string();
        assert!(text.starts_with("memcheck 9.1.0 wrote it"), "{text}");
        let text = RunReport::from_json("{}").unwrap_err().to_string();
        assert_eq!(text, "it is not a complete memcheck report");
    }
}
