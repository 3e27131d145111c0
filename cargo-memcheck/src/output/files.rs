//! The outputs that are written once the run is over, each to a file of its own.

use std::env;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use memcheck::report::{Report, RunReport};
use memcheck::tool::replace_file;

use super::github::{Repository, STEP_SUMMARY};
use super::whole::Whole;
use super::{FlameGraph, github, junit, markdown};
use crate::cli::{Inconclusive, Results, is_stdout};
use crate::error::Error;
use crate::merge::Origin;
use crate::run::{Event, Summary};
use crate::sites::LaterWorkspace;

/// Names the file that GitHub shows as the summary of the step.
const STEP_SUMMARY_FILE: &str = "GITHUB_STEP_SUMMARY";

/// The flag that asks for a flame graph.
pub(super) const FLAMEGRAPH: &str = "--flamegraph";

/// What is remembered for the end of the run, and where it goes then.
pub(super) struct Files<'a> {
    results: Results,
    graph: Option<FlameGraph>,
    /// Whether GitHub is told.
    github: bool,
    workspace: LaterWorkspace<'a>,
    inconclusive: Inconclusive,
    /// The runs that these results are of, if it was not this one.
    pub(super) origin: Option<Origin>,
    started: SystemTime,
    reports: Vec<Arc<Report>>,
}

/// Looks for what must be mended before a run that may take long: files that cannot be where they
/// are to be. Folders that are not there are made in the end. `graph` is the file of the flame graph.
pub(crate) fn check(results: &Results, graph: Option<&Path>) -> Result<(), Error> {
    let mut seen: Vec<(&str, PathBuf)> = Vec::new();
    let said_by = |flag: &str| results.said_by(flag);
    let graph = graph.map(|path| (FLAMEGRAPH, path));
    for (flag, path) in results.files().chain(graph) {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        // The same file has many names.
        let file = match folder.canonicalize() {
            _ if is_stdout(path) => path.to_owned(),
            Ok(folder) => folder.join(path.file_name().unwrap_or(OsStr::new("."))),
            Err(_) => path.to_owned(),
        };
        if let Some((other, _)) = seen.iter().find(|(_, seen)| *seen == file) {
            let said_by = [said_by(other), said_by(flag)];
            return Err(Error::SameFile { path: path.to_owned(), said_by });
        }
        seen.push((flag, file));
        if is_stdout(path) {
            continue;
        }
        if path.is_dir() {
            return Err(Error::IsFolder { said_by: said_by(flag), path: path.to_owned() });
        }
        if let Some(above) = path.ancestors().skip(1).find(|above| above.exists())
            && !above.is_dir()
        {
            let (path, above) = (path.to_owned(), above.to_owned());
            return Err(Error::NoFolder { said_by: said_by(flag), path, above });
        }
    }
    Ok(())
}

/// Makes the folder that a file is to be in.
fn make_folder_of(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), std::fs::create_dir_all)
}

impl<'a> Files<'a> {
    /// For what was asked for. `graph` is the file of the flame graph.
    pub(super) fn new(
        results: &Results,
        graph: Option<&Path>,
        inconclusive: Inconclusive,
        workspace: LaterWorkspace<'a>,
    ) -> Self {
        let actions = env::var("GITHUB_ACTIONS").ok();
        Files {
            results: results.clone(),
            graph: graph.map(|path| FlameGraph::new(path.to_owned())),
            github: results.tell_github(actions.as_deref()),
            workspace,
            inconclusive,
            origin: None,
            started: SystemTime::now(),
            reports: Vec::new(),
        }
    }

    /// Whether GitHub reads what is printed.
    pub(super) fn github_listens(&self) -> bool {
        self.github
    }

    /// Takes notice of an event. At the end everything is written, also what comes after something
    /// that could not be.
    pub(super) fn event(&mut self, event: &Event) -> Vec<Error> {
        self.graph.iter_mut().for_each(|graph| graph.event(event));
        match event {
            Event::TestFinished(report) => self.reports.push(Arc::clone(report)),
            Event::Finished(summary) => return self.write(summary),
            _ => {}
        }
        Vec::new()
    }

    fn write(&self, summary: &Summary) -> Vec<Error> {
        let whole = Whole { reports: &self.reports, summary, inconclusive: self.inconclusive };
        let mut errors = Vec::new();
        for (flag, path) in self.results.files() {
            let text = match flag {
                "--report" => self.document(summary),
                "--junit" => junit::document(&whole),
                _ => Ok(markdown::comment(&whole)),
            };
            let written = text.and_then(|text| put(path, text.as_bytes()));
            errors.extend(unwritten(self.results.said_by(flag), path, written));
        }
        if let Some(graph) = &self.graph {
            let written = graph.picture().and_then(|picture| put(&graph.path, &picture));
            errors.extend(unwritten(FLAMEGRAPH.to_owned(), &graph.path, written));
        }
        if self.github {
            let top = env::var_os("GITHUB_WORKSPACE").filter(|top| !top.is_empty());
            let top = top.map(PathBuf::from);
            let repository = Repository::new(top, &self.workspace.path(""));
            let text = github::annotations(&whole, &repository);
            // GitHub reads both streams; what is on standard output may be for another program.
            let _ = io::stderr().write_all(text.as_bytes());
            if let Some(path) = env::var_os(STEP_SUMMARY_FILE).filter(|path| !path.is_empty()) {
                let path = Path::new(&path);
                let written = add_summary(path, &whole);
                errors.extend(unwritten(STEP_SUMMARY_FILE.to_owned(), path, written));
            }
        }
        errors
    }

    fn document(&self, summary: &Summary) -> io::Result<String> {
        let reports = self.reports.iter().map(|report| Report::clone(report)).collect();
        let mut run = RunReport::new(self.started, summary.elapsed, reports);
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        run.summary.not_run = count(summary.not_run);
        run.summary.filtered_out = count(summary.filtered_out);
        run.summary.interrupted = summary.interrupted;
        run.summary.proofs = summary.proofs;
        match &self.origin {
            Some(origin) => {
                run.started.clone_from(&origin.started);
                run.workspace.clone_from(&origin.workspace);
            }
            None => {
                let root = self.workspace.root();
                run.workspace = root.map(|root| root.to_string_lossy().into_owned());
            }
        }
        Ok(run.to_json()?)
    }
}

/// Writes a whole file, or to standard output.
fn put(path: &Path, contents: &[u8]) -> io::Result<()> {
    match is_stdout(path) {
        true => io::stdout().write_all(contents),
        false => {
            make_folder_of(path)?;
            replace_file(path, contents)
        }
    }
}

/// Adds to the summary of the step, in what room earlier commands of the step have left.
fn add_summary(path: &Path, whole: &Whole<'_>) -> io::Result<()> {
    let mut file = File::options().append(true).create(true).open(path)?;
    let used = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    let text = markdown::step_summary(whole, STEP_SUMMARY.saturating_sub(used));
    file.write_all(text.as_bytes())
}

/// The error of a file that could not be written. A reader that went away (`| head`) is none.
fn unwritten(what: String, path: &Path, result: io::Result<()>) -> Option<Error> {
    let source = result.err()?;
    let gone = is_stdout(path) && source.kind() == io::ErrorKind::BrokenPipe;
    (!gone).then(|| Error::WriteFile { what, path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(report: &str, junit: &str) -> Results {
        Results { report: Some(report.into()), junit: Some(junit.into()), ..Results::default() }
    }

    #[test]
    fn what_cannot_be_meant_is_said_before_the_run() {
        let graph = Some(Path::new("/dev/null/a.svg"));
        let refused = check(&Results::default(), graph).unwrap_err();
        assert_eq!(
            refused.sentence(),
            "`/dev/null/a.svg` (--flamegraph) cannot be written: `/dev/null` is no folder"
        );
        let refused = check(&results("a.json", "-"), Some(Path::new("a.json")));
        assert!(matches!(refused, Err(Error::SameFile { .. })));
        for (one, other) in [("a.json", "./a.json"), ("-", "-"), ("./-", "../src/../src/-")] {
            let one = Results { junit: Some(one.into()), ..Results::default() };
            let folder = std::env::current_dir().unwrap();
            let other =
                PathBuf::from(other.replace("src", &folder.file_name().unwrap().to_string_lossy()));
            let refused = check(&one, Some(&other));
            assert!(matches!(refused, Err(Error::SameFile { .. })), "{one:?} {refused:?}");
        }
        assert!(check(&results("a.json", "b.xml"), Some(Path::new("-"))).is_ok());
        let check = |results: &Results| check(results, None);
        assert!(check(&results("a.json", "-")).is_ok());
        assert!(matches!(check(&results("-", "-")), Err(Error::SameFile { .. })));
        // A folder that is not there is made in the end.
        assert!(check(&results("nowhere/at/a.json", "-")).is_ok());
        let mut folder = results("/", "-");
        folder.said_by.insert("--report", ".config/memcheck.toml:3".into());
        let refused = check(&folder).unwrap_err();
        assert_eq!(refused.sentence(), "`/` (.config/memcheck.toml:3) is a folder");
    }
}
