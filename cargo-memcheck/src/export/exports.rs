//! Collects the results of a run and writes all files when the run has ended.

use std::env;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use memcheck::Report;
use memcheck::tool::replace_file;

use super::destinations::{Destinations, is_stdout};
use super::error::ExportError;
use super::github::{self, Repository};
use super::markdown;
use super::run_result::{EarlierRuns, RunResult};
use crate::runner::{Event, Inconclusive, Summary};
use crate::symbolize::LazyWorkspace;

/// The variable with the path of the step summary, which GitHub shows below a job.
const STEP_SUMMARY_FILE: &str = "GITHUB_STEP_SUMMARY";

/// Collects the results of a run, and writes them when the run has ended.
pub(crate) struct Exports<'a> {
    destinations: Destinations,
    /// Whether to write annotations and a step summary for GitHub.
    github: bool,
    workspace: LazyWorkspace<'a>,
    inconclusive: Inconclusive,
    earlier: Option<EarlierRuns>,
    started: SystemTime,
    reports: Vec<Arc<Report>>,
}

impl<'a> Exports<'a> {
    /// Exports to `destinations`, and to GitHub if `github` is set.
    pub(crate) fn new(
        destinations: Destinations,
        github: bool,
        inconclusive: Inconclusive,
        workspace: LazyWorkspace<'a>,
    ) -> Self {
        Exports {
            destinations,
            github,
            workspace,
            inconclusive,
            earlier: None,
            started: SystemTime::now(),
            reports: Vec::new(),
        }
    }

    /// The results are from earlier runs.
    pub(crate) fn of_earlier(&mut self, runs: EarlierRuns) {
        self.earlier = Some(runs);
    }

    /// Receives an event. After the last one all files are written, even if some of them fail.
    pub(crate) fn event(&mut self, event: &Event) -> Vec<ExportError> {
        match event {
            Event::TestFinished(report) => self.reports.push(Arc::clone(report)),
            Event::Finished(summary) => return self.write(summary),
            Event::Started { .. }
            | Event::TestStarted(_)
            | Event::TestProgress(..)
            | Event::Interrupted { .. } => {}
        }
        Vec::new()
    }

    fn write(&self, summary: &Summary) -> Vec<ExportError> {
        let result = RunResult {
            reports: &self.reports,
            summary,
            inconclusive: self.inconclusive,
            started: self.started,
            earlier: self.earlier.as_ref(),
            workspace: self.workspace,
        };
        let mut errors = Vec::new();
        for of in &self.destinations.0 {
            let content = (of.format.export)(&result);
            let written = content.and_then(|content| write_whole(&of.path, &content));
            errors.extend(write_error(&of.origin, &of.path, written));
        }
        if self.github {
            errors.extend(self.write_github(&result));
        }
        errors
    }

    fn write_github(&self, result: &RunResult<'_>) -> Option<ExportError> {
        let set = |name| env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        let repository = Repository::new(set("GITHUB_WORKSPACE"), &self.workspace.path(""));
        let text = github::annotations(result, &repository);
        // GitHub reads both streams, and another program may read standard output.
        let _ = io::stderr().write_all(text.as_bytes());
        let path = set(STEP_SUMMARY_FILE)?;
        write_error(STEP_SUMMARY_FILE, &path, append_summary(&path, result))
    }
}

/// Writes a whole file, or to standard output.
fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    if is_stdout(path) {
        return io::stdout().write_all(content);
    }
    path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
    replace_file(path, content)
}

/// Appends to the step summary, within the size that earlier commands of the step have left.
fn append_summary(path: &Path, result: &RunResult<'_>) -> io::Result<()> {
    let mut file = File::options().append(true).create(true).open(path)?;
    let used = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    let text = markdown::step_summary(result, github::STEP_SUMMARY.saturating_sub(used));
    file.write_all(text.as_bytes())
}

/// The error of a failed write. A closed pipe on standard output (`| head`) is not an error.
fn write_error(origin: &str, path: &Path, result: io::Result<()>) -> Option<ExportError> {
    let source = result.err()?;
    let closed = is_stdout(path) && source.kind() == io::ErrorKind::BrokenPipe;
    let error = || ExportError::Write { origin: origin.to_owned(), path: path.to_owned(), source };
    (!closed).then(error)
}
