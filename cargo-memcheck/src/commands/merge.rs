//! Reads and merges the results of earlier runs.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use memcheck::tool::report::{Proofs, Report, RunReport};

use super::error::Error;
use crate::export::EarlierRuns;
use crate::runner::Summary;

/// The results of one or more runs.
#[derive(Debug, Default)]
pub(crate) struct Merged {
    /// The tests, in the order of the files. A test that ran twice appears twice.
    pub(crate) reports: Vec<Report>,
    /// The sum of all counts and times.
    pub(crate) summary: Summary,
    /// The runs.
    pub(crate) runs: Option<EarlierRuns>,
    /// When the first of them started. A newer source file may not be the one that ran.
    pub(crate) began: Option<SystemTime>,
}

impl Merged {
    /// Adds the results of a run.
    fn add(&mut self, run: RunReport) {
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let summary = &mut self.summary;
        summary.elapsed = summary.elapsed.checked_add(run.elapsed).unwrap_or(Duration::MAX);
        summary.not_run = summary.not_run.saturating_add(count(run.summary.not_run));
        summary.filtered_out = summary.filtered_out.saturating_add(count(run.summary.filtered_out));
        summary.interrupted = summary.interrupted.or(run.summary.interrupted);
        // A run with an unknown start may be older than any source file.
        let began = run.began().unwrap_or(UNIX_EPOCH);
        // `--prove` applies to all tests of a run. Older versions only wrote the proofs of the tests.
        let proven = |run: &RunReport| run.tests.iter().any(|test| test.report.proof.is_some());
        let prove = run.summary.proofs.is_some() || proven(&run);
        let mut proofs = summary.proofs.or_else(|| prove.then(Proofs::default));
        for test in run.tests {
            if let Some(proofs) = proofs.as_mut().filter(|_| prove) {
                proofs.count(&test.report);
            }
            // The status follows from the report; the one in the document is for other programs.
            self.summary.count(test.report.status());
            self.reports.push(test.report);
        }
        self.summary.proofs = proofs;
        self.began = self.began.into_iter().chain([began]).min();
        let runs = EarlierRuns { started: run.started, workspace: run.workspace };
        self.runs = Some(match self.runs.take() {
            None => runs,
            // All times are in UTC and in one format, so the earliest is the first in text order.
            Some(before) => EarlierRuns {
                workspace: before.workspace.filter(|of| runs.workspace.as_ref() == Some(of)),
                started: before.started.min(runs.started),
            },
        });
    }
}

impl Merged {
    /// The folder of the sources: the workspace of the runs if it exists here, else the current folder or a
    /// folder above it, whichever has most of the relative files that the reports name.
    pub(crate) fn sources(&self, current: &Path) -> PathBuf {
        let recorded = self.runs.as_ref().and_then(|runs| runs.workspace.as_deref());
        if let Some(recorded) = recorded.map(Path::new).filter(|folder| folder.is_dir()) {
            return recorded.to_owned();
        }
        let places = self.reports.iter().flat_map(|of| [of.test.place().file, of.place().file]);
        let files: BTreeSet<PathBuf> =
            places.flatten().map(PathBuf::from).filter(|file| file.is_relative()).collect();
        let found = |folder: &&Path| files.iter().filter(|of| folder.join(of).is_file()).count();
        // Among equals, `max_by_key` returns the last one, which is the nearest folder.
        let folders: Vec<&Path> = current.ancestors().collect();
        folders.into_iter().rev().max_by_key(found).unwrap_or(current).to_owned()
    }
}

/// Reads the reports in `paths`, files or folders.
pub(crate) fn merge(paths: &[PathBuf]) -> Result<Merged, Error> {
    let mut files = Vec::new();
    for path in paths {
        collect(path, &mut files)?;
    }
    // The same file may be named by itself and by its folder.
    let mut seen = BTreeSet::new();
    files.retain(|file| seen.insert(file.canonicalize().unwrap_or_else(|_| file.clone())));
    let mut merged = Merged::default();
    for path in files {
        let unreadable = |source| Error::ReportUnreadable { path: path.clone(), source };
        let bytes = std::fs::read(&path).map_err(unreadable)?;
        let text = String::from_utf8_lossy(&bytes);
        match RunReport::from_json(&text) {
            Ok(run) => merged.add(run),
            Err(source) => return Err(Error::ReportRefused { path, source }),
        }
    }
    if merged.reports.is_empty() {
        return Err(Error::NoReports { paths: paths.to_vec() });
    }
    Ok(merged)
}

/// The file, or the reports in and below the folder, in the order of their names. Hidden files are skipped:
/// they are still being written, or their writer was killed.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    let unreadable = |source: io::Error| Error::ReportUnreadable { path: path.to_owned(), source };
    if !std::fs::metadata(path).map_err(unreadable)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let mut entries: Vec<_> = std::fs::read_dir(path)
        .and_then(|entries| entries.collect::<io::Result<_>>())
        .map_err(unreadable)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        let (path, name) = (entry.path(), name.to_string_lossy());
        // Links are not followed, because they may form cycles.
        let is_folder = entry.file_type().map_err(unreadable)?.is_dir();
        if !name.starts_with('.') && (is_folder || name.ends_with(".json")) {
            collect(&path, files)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use memcheck::tool::render::test_result;
    use memcheck::tool::report::{Outcome, REPORT_VERSION, Status, TestId};
    use std::fs;

    use super::*;

    fn run(names: &[&str], started: SystemTime) -> String {
        let reports = names.iter().map(|name| {
            let id = TestId::new(*name, "");
            Report::unobserved(id, Outcome::Lost)
        });
        let mut run =
            RunReport::new(started, Duration::from_secs(2), reports.map(test_result).collect());
        run.summary.not_run = 1;
        run.summary.interrupted = Some(2);
        run.to_json().unwrap()
    }

    #[test]
    fn folders_and_files_are_merged() {
        let top = tempfile::tempdir().unwrap();
        let at = |name: &str| top.path().join(name);
        fs::create_dir_all(at("below/.git")).unwrap();
        let later = UNIX_EPOCH + Duration::from_secs(86_400);
        fs::write(at("b.json"), run(&["b1", "b2"], later)).unwrap();
        fs::write(at("below/a.json"), run(&["a"], UNIX_EPOCH)).unwrap();
        for other in ["notes.txt", ".a.json.1-2.new", "below/.git/x.json"] {
            fs::write(at(other), "nothing").unwrap();
        }
        let merged = merge(&[top.path().to_owned(), at("b.json")]).unwrap();
        let names: Vec<&str> = merged.reports.iter().map(|of| of.test.name.as_str()).collect();
        assert_eq!(names, ["b1", "b2", "a"]);
        assert_eq!(merged.began, Some(UNIX_EPOCH));
        assert_eq!(merged.runs.unwrap().started, "1970-01-01T00:00:00.000Z");
        assert_eq!(merged.summary.counts.get(&Status::Lost), Some(&3));
        assert_eq!(merged.summary.interrupted, Some(2));
        assert_eq!((merged.summary.not_run, merged.summary.elapsed.as_secs()), (2, 4));
    }

    #[test]
    fn sources_are_in_the_workspace_of_the_runs() {
        let top = tempfile::tempdir().unwrap();
        let at = |name: &str| top.path().join(name);
        fs::create_dir_all(at("ws/a/src")).unwrap();
        fs::create_dir_all(at("ws/src")).unwrap();
        for file in ["ws/src/lib.rs", "ws/a/src/lib.rs"] {
            fs::write(at(file), "").unwrap();
        }
        let run = |files: &[&str], workspace: Option<PathBuf>| {
            let report = |file: &&str| {
                let id = TestId::default().at(*file, 0, 0);
                Report::unobserved(id, Outcome::Lost)
            };
            let reports = files.iter().map(report).map(test_result).collect();
            let mut run = RunReport::new(UNIX_EPOCH, Duration::ZERO, reports);
            run.workspace = workspace.map(|of| of.to_string_lossy().into_owned());
            run
        };
        let below = |runs: Vec<RunReport>| {
            let mut merged = Merged::default();
            runs.into_iter().for_each(|run| merged.add(run));
            merged.sources(&at("ws/a"))
        };
        // Both folders have this file.
        let of = |workspace| run(&["src/lib.rs"], workspace);
        assert_eq!(below(vec![of(Some(at("ws")))]), at("ws"));
        assert_eq!(below(vec![of(Some(at("ws"))), of(Some(at("ws")))]), at("ws"));
        // A workspace of another machine, and none that all runs have.
        assert_eq!(below(vec![of(Some(at("nowhere")))]), at("ws/a"));
        assert_eq!(below(vec![of(Some(at("ws"))), of(None)]), at("ws/a"));
        // Only one folder has all files.
        assert_eq!(below(vec![run(&["src/lib.rs", "a/src/lib.rs"], None)]), at("ws"));
        assert_eq!(below(vec![run(&["gone.rs"], None)]), at("ws/a"));
    }

    #[test]
    fn other_files_are_refused() {
        let top = tempfile::tempdir().unwrap();
        let file = top.path().join("x.json");
        let merged = |text: &[u8]| {
            fs::write(&file, text).unwrap();
            merge(&[top.path().to_owned()]).unwrap_err()
        };
        let whole = run(&["a"], UNIX_EPOCH);
        let half = merged(&whole.as_bytes()[..whole.len() / 2]);
        assert!(matches!(half, Error::ReportRefused { .. }), "{half:?}");
        let version = REPORT_VERSION + 1;
        let foreign = merged(format!(r#"{{"version":{version},"tool":"0.9.0"}}"#).as_bytes());
        let expected = format!("layout version {version}");
        assert!(foreign.sentence().contains(&expected), "{}", foreign.sentence());
        let binary = merged(b"\xff\xfe\x00");
        assert!(matches!(binary, Error::ReportRefused { .. }), "{binary:?}");
        let none = merged(run(&[], UNIX_EPOCH).as_bytes());
        assert!(matches!(none, Error::NoReports { .. }), "{none:?}");
        let missing = merge(&[top.path().join("nowhere")]).unwrap_err();
        assert!(matches!(missing, Error::ReportUnreadable { .. }), "{missing:?}");
    }
}
