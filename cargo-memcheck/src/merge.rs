//! The results of earlier runs, read back and put together.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use memcheck::report::{Proofs, Report, RunReport};

use crate::error::Error;
use crate::run::Summary;

/// Results of one or more runs.
#[derive(Debug, Default)]
pub(crate) struct Merged {
    /// The tests, in the order of the files. A test that ran twice is there twice.
    pub(crate) reports: Vec<Report>,
    /// Counts of all together; the time is the sum of all.
    pub(crate) summary: Summary,
    /// The runs.
    pub(crate) origin: Option<Origin>,
    /// When the first of them began: a source that is newer may not be the one that ran.
    pub(crate) began: Option<SystemTime>,
}

/// Which runs results are of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    /// When the first of them began, as its document says.
    pub(crate) started: String,
    /// The top folder of their workspace, if it is known and one for all.
    pub(crate) workspace: Option<String>,
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
        // What began at no known instant may be older than any source.
        let began = run.began().unwrap_or(UNIX_EPOCH);
        // Asked for in one of them, and then of all its tests. Documents of older versions only have
        // those of the tests.
        let proven = |run: &RunReport| run.tests.iter().any(|test| test.report.proof.is_some());
        let asked = run.summary.proofs.is_some() || proven(&run);
        let mut proofs = summary.proofs.or_else(|| asked.then(Proofs::default));
        for test in run.tests {
            if let Some(proofs) = proofs.as_mut().filter(|_| asked) {
                proofs.count(&test.report);
            }
            // The word is a matter of the report; what the document says of it is for others.
            self.summary.count(test.report.status());
            self.reports.push(test.report);
        }
        self.summary.proofs = proofs;
        self.began = self.began.into_iter().chain([began]).min();
        let origin = Origin { started: run.started, workspace: run.workspace };
        self.origin = Some(match self.origin.take() {
            None => origin,
            // All are in UTC and of one form, so the first in time is the first by letters.
            Some(before) => Origin {
                workspace: before.workspace.filter(|of| origin.workspace.as_ref() == Some(of)),
                started: before.started.min(origin.started),
            },
        });
    }
}

impl Merged {
    /// The folder that the sources are below: the workspace of the runs, if it is here, else the
    /// current folder or the one above it in which there are most of those that the reports name
    /// relative to their workspace.
    pub(crate) fn sources(&self, current: &Path) -> PathBuf {
        let recorded = self.origin.as_ref().and_then(|origin| origin.workspace.as_deref());
        if let Some(recorded) = recorded.map(Path::new).filter(|folder| folder.is_dir()) {
            return recorded.to_owned();
        }
        let places = self.reports.iter().flat_map(|of| [of.test.place().file, of.place().file]);
        let files: BTreeSet<PathBuf> =
            places.flatten().map(PathBuf::from).filter(|file| file.is_relative()).collect();
        let found = |folder: &&Path| files.iter().filter(|of| folder.join(of).is_file()).count();
        // Of several with the same number the last of them counts, which is the nearest.
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

/// The file, or the reports in and below the folder, in the order of their names. Hidden ones are
/// being written, or were when their writer was killed.
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
        // Not through links, which may go round in circles.
        let is_folder = entry.file_type().map_err(unreadable)?.is_dir();
        if !name.starts_with('.') && (is_folder || name.ends_with(".json")) {
            collect(&path, files)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use memcheck::report::{Outcome, Status, TestId};
    use std::fs;

    use super::*;

    fn run(names: &[&str], started: SystemTime) -> String {
        let reports = names.iter().map(|name| {
            let id = TestId { name: (*name).to_owned(), ..TestId::default() };
            Report::unobserved(id, Outcome::Lost)
        });
        let mut run = RunReport::new(started, Duration::from_secs(2), reports.collect());
        run.summary.not_run = 1;
        run.summary.interrupted = Some(2);
        run.to_json().unwrap()
    }

    #[test]
    fn folders_and_files_are_put_together() {
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
        assert_eq!(merged.origin.unwrap().started, "1970-01-01T00:00:00.000Z");
        assert_eq!(merged.summary.counts.get(&Status::Lost), Some(&3));
        assert_eq!(merged.summary.interrupted, Some(2));
        assert_eq!((merged.summary.not_run, merged.summary.elapsed.as_secs()), (2, 4));
    }

    #[test]
    fn sources_are_below_the_workspace_of_the_runs() {
        let top = tempfile::tempdir().unwrap();
        let at = |name: &str| top.path().join(name);
        fs::create_dir_all(at("ws/a/src")).unwrap();
        fs::create_dir_all(at("ws/src")).unwrap();
        for file in ["ws/src/lib.rs", "ws/a/src/lib.rs"] {
            fs::write(at(file), "").unwrap();
        }
        let run = |files: &[&str], workspace: Option<PathBuf>| {
            let report = |file: &&str| {
                let id = TestId { file: (*file).to_owned(), ..TestId::default() };
                Report::unobserved(id, Outcome::Lost)
            };
            let reports = files.iter().map(report).collect();
            let mut run = RunReport::new(UNIX_EPOCH, Duration::ZERO, reports);
            run.workspace = workspace.map(|of| of.to_string_lossy().into_owned());
            run
        };
        let below = |runs: Vec<RunReport>| {
            let mut merged = Merged::default();
            runs.into_iter().for_each(|run| merged.add(run));
            merged.sources(&at("ws/a"))
        };
        // Both folders have such a file.
        let of = |workspace| run(&["src/lib.rs"], workspace);
        assert_eq!(below(vec![of(Some(at("ws")))]), at("ws"));
        assert_eq!(below(vec![of(Some(at("ws"))), of(Some(at("ws")))]), at("ws"));
        // Another machine's, and none that all have.
        assert_eq!(below(vec![of(Some(at("nowhere")))]), at("ws/a"));
        assert_eq!(below(vec![of(Some(at("ws"))), of(None)]), at("ws/a"));
        // Only one has all.
        assert_eq!(below(vec![run(&["src/lib.rs", "a/src/lib.rs"], None)]), at("ws"));
        assert_eq!(below(vec![run(&["gone.rs"], None)]), at("ws/a"));
    }

    #[test]
    fn what_is_no_report_is_refused() {
        let top = tempfile::tempdir().unwrap();
        let file = top.path().join("x.json");
        let merged = |text: &[u8]| {
            fs::write(&file, text).unwrap();
            merge(&[top.path().to_owned()]).unwrap_err()
        };
        let whole = run(&["a"], UNIX_EPOCH);
        let half = merged(&whole.as_bytes()[..whole.len() / 2]);
        assert!(matches!(half, Error::ReportRefused { .. }), "{half:?}");
        let foreign = merged(br#"{"version":2,"tool":"0.9.0"}"#);
        assert!(foreign.sentence().contains("version 2 of the layout"), "{}", foreign.sentence());
        let binary = merged(b"\xff\xfe\x00");
        assert!(matches!(binary, Error::ReportRefused { .. }), "{binary:?}");
        let none = merged(run(&[], UNIX_EPOCH).as_bytes());
        assert!(matches!(none, Error::NoReports { .. }), "{none:?}");
        let missing = merge(&[top.path().join("nowhere")]).unwrap_err();
        assert!(matches!(missing, Error::ReportUnreadable { .. }), "{missing:?}");
    }
}
