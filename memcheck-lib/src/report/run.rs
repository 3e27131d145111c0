//! The results of a run as one JSON document: what `cargo memcheck --report FILE` writes, and each
//! test under `cargo test` that was given `MEMCHECK_REPORT_DIR`.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::instant;
use super::{OLDEST_READ, REPORT_VERSION, Report, Status};
use crate::metric::Metric;
use crate::render;

/// The results of a run. Its JSON schema is `docs/src/reference/report.schema.json` of the repository.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use memcheck::report::RunReport;
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
    /// Wall time of the run, without the build; the sum of all when several were merged.
    pub elapsed: Duration,
    /// The top folder of the cargo workspace, which relative names of files belong to, where that is
    /// known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// The counts.
    pub summary: RunSummary,
    /// The tests, in the order in which they ended.
    pub tests: Vec<TestRecord>,
}

/// The counts of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct RunSummary {
    /// How many tests came under each word.
    pub counts: BTreeMap<Status, u64>,
    /// Tests that were to run, but were not started: after `--fail-fast` or a signal.
    #[serde(default)]
    pub not_run: u64,
    /// Annotated tests that were not asked for.
    #[serde(default)]
    pub filtered_out: u64,
    /// The signal that ended the run early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interrupted: Option<i32>,
    /// What became of the proofs, where `--prove` asked for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proofs: Option<Proofs>,
}

/// The counts of the proofs of a run.
///
/// ```
/// use memcheck::report::{Outcome, Proofs, Report, TestId};
///
/// let mut proofs = Proofs::default();
/// proofs.count(&Report::unobserved(TestId::default(), Outcome::Lost));
/// assert_eq!(proofs.not_passed, 1);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Proofs {
    /// Tests beside which every planted leak was called growing.
    pub proven: u64,
    /// Tests beside which one was not.
    pub unproven: u64,
    /// Tests that were run but did not pass: there is nothing to prove of them.
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
pub struct TestRecord {
    /// The word it is printed under.
    #[serde(alias = "word")]
    pub status: Status,
    /// What is wrong, the gravest first; empty for a success.
    #[serde(default)]
    pub reasons: Vec<Reason>,
    /// The result itself.
    pub report: Report,
}

/// Why a test is no success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Reason {
    /// Short stable name: `heap-growth`.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// The metric it is about, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(alias = "figure")]
    pub metric: Option<Metric>,
}

impl Reason {
    pub(crate) fn new(code: &str, message: String, metric: Option<Metric>) -> Self {
        Reason { code: code.to_owned(), message, metric }
    }
}

impl TestRecord {
    /// What there is to say of a report, beside the report.
    pub fn new(report: Report) -> Self {
        TestRecord { status: report.status(), reasons: render::reasons(&report), report }
    }
}

impl RunReport {
    /// The document of a run in which these tests ended.
    pub fn new(started: SystemTime, elapsed: Duration, reports: Vec<Report>) -> Self {
        let tests: Vec<TestRecord> = reports.into_iter().map(TestRecord::new).collect();
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

    /// When the run began; `None` where [`started`](RunReport::started) is no instant in UTC.
    ///
    /// ```
    /// # use std::time::{Duration, UNIX_EPOCH};
    /// # use memcheck::report::RunReport;
    /// let run = RunReport::new(UNIX_EPOCH, Duration::ZERO, Vec::new());
    /// assert_eq!(run.began(), Some(UNIX_EPOCH));
    /// ```
    pub fn began(&self) -> Option<SystemTime> {
        instant::read(&self.started)
    }

    /// As JSON in one line, ended by a line break.
    ///
    /// # Errors
    ///
    /// None are known: every field has a form in JSON.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self).map(|text| text + "\n")
    }

    /// Reads what [`to_json`](RunReport::to_json) wrote: layout version 1, whose fields had other
    /// names, up to [`REPORT_VERSION`].
    ///
    /// # Errors
    ///
    /// [`ReadError::Foreign`] for another version, [`ReadError::Broken`] for all that is no report.
    pub fn from_json(text: &str) -> Result<Self, ReadError> {
        /// What every version has.
        #[derive(Deserialize)]
        struct Head {
            version: u64,
            tool: Option<String>,
        }
        let head: Head = serde_json::from_str(text)
            .map_err(|source| ReadError::Broken { source, tool: None })?;
        if !(u64::from(OLDEST_READ)..=u64::from(REPORT_VERSION)).contains(&head.version) {
            return Err(ReadError::Foreign { version: head.version, tool: head.tool });
        }
        let tool = head.tool;
        serde_json::from_str(text).map_err(|source| ReadError::Broken { source, tool })
    }
}

/// Why a document could not be read.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// It is no report, or only a part of one, or a newer memcheck wrote what this one does not
    /// know.
    Broken {
        /// Where, and what was expected.
        source: serde_json::Error,
        /// Version of memcheck that wrote it, if it says.
        tool: Option<String>,
    },
    /// It has another layout.
    Foreign {
        /// Its version.
        version: u64,
        /// Version of memcheck that wrote it, if it says.
        tool: Option<String>,
    },
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Broken { tool: Some(tool), .. } if tool != env!("CARGO_PKG_VERSION") => {
                write!(
                    f,
                    "memcheck {tool} wrote it, with something in it that is not known to memcheck {}",
                    env!("CARGO_PKG_VERSION")
                )
            }
            ReadError::Broken { .. } => {
                f.write_str("it is no report of memcheck, or not all of one")
            }
            ReadError::Foreign { version, tool } => {
                let tool = tool.as_deref().unwrap_or("of an unknown version");
                write!(
                    f,
                    "it has version {version} of the layout, written by memcheck {tool}; this is memcheck {}, which reads versions {OLDEST_READ} to {REPORT_VERSION}",
                    env!("CARGO_PKG_VERSION")
                )
            }
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ReadError::Broken { source, .. } => Some(source),
            ReadError::Foreign { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::super::{Outcome, TestId};
    use super::*;

    #[test]
    fn a_run_travels_as_json() {
        let id = TestId { name: "tests::a".into(), ..TestId::default() };
        let reports = vec![
            Report::unobserved(id.clone(), Outcome::Skipped),
            Report::unobserved(id, Outcome::Crashed { signal: "SIGSEGV".into() }),
        ];
        let run = RunReport::new(UNIX_EPOCH, Duration::from_secs(3), reports);
        assert_eq!(run.summary.counts, BTreeMap::from([(Status::Skip, 1), (Status::Crash, 1)]));
        assert_eq!(run.tests[0].reasons, []);
        assert_eq!(run.tests[1].reasons[0].code, "crashed");
        let json = run.to_json().unwrap();
        assert!(json.ends_with("}\n") && json.lines().count() == 1);
        assert_eq!(RunReport::from_json(&json).unwrap(), run);
        // A part of it is none of it.
        let part = &json[..json.len() / 2];
        assert!(matches!(RunReport::from_json(part), Err(ReadError::Broken { .. })));
    }

    #[test]
    fn another_version_is_named() {
        let error = RunReport::from_json(r#"{"version": 7, "tool": "9.1.0", "x": []}"#);
        let text = error.unwrap_err().to_string();
        assert!(text.contains("version 7") && text.contains("memcheck 9.1.0"), "{text}");
        let newer = r#"{"version": 1, "tool": "9.1.0"}"#;
        let text = RunReport::from_json(newer).unwrap_err().to_string();
        assert!(text.starts_with("memcheck 9.1.0 wrote it"), "{text}");
        let text = RunReport::from_json("{}").unwrap_err().to_string();
        assert_eq!(text, "it is no report of memcheck, or not all of one");
    }
}
