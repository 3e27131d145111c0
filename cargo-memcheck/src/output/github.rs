//! GitHub Actions: annotations at the lines that leak, and the summary of the step.
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use anstream::adapter::strip_str;
use memcheck::render;
use memcheck::report::Report;

use super::whole::{Place, Whole, beginning};

/// Annotations that GitHub shows of one job.
const MOST: usize = 50;
/// Bytes of the message of one.
const MESSAGE: usize = 4_000;
/// Most that GitHub takes as the summary of a step.
pub(super) const STEP_SUMMARY: usize = 1 << 20;

/// Where the sources are, for someone who sees the repository alone.
#[derive(Clone, Debug, Default)]
pub(super) struct Repository {
    /// The top of the checkout, `GITHUB_WORKSPACE`.
    pub(super) top: Option<PathBuf>,
    /// The folder in which cargo works, or one below it.
    pub(super) folder: PathBuf,
}

impl Repository {
    /// The path of a source file, relative to the top of the repository. The compiler gives it
    /// relative to the workspace of cargo, which is this folder or one above it.
    fn relative(&self, file: &str, exists: impl Fn(&Path) -> bool) -> String {
        let above = self.folder.ancestors();
        let within = |folder: &&Path| self.top.as_ref().is_none_or(|top| folder.starts_with(top));
        let found = above.take_while(within).map(|folder| folder.join(file)).find(|at| exists(at));
        let Some(found) = found else { return file.to_owned() };
        let found = without_dots(&found);
        let top = self.top.as_deref().unwrap_or(&self.folder);
        found.strip_prefix(top).unwrap_or(&found).to_string_lossy().into_owned()
    }
}

/// A path without `.` and `..`, which GitHub does not follow.
fn without_dots(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

/// The annotations of a run, one to a line: errors at tests that fail it, the worst first, and
/// warnings.
pub(super) fn annotations(whole: &Whole<'_>, repository: &Repository) -> String {
    let exists = |path: &Path| path.exists();
    let mut lines = Vec::new();
    for report in whole.worst_first().into_iter().filter(|report| !report.is_success()) {
        let level = if whole.fails(report) { "error" } else { "warning" };
        let reasons = render::reasons(report);
        let messages: Vec<&str> = reasons.iter().map(|reason| reason.message.as_str()).collect();
        let place = annotated(report, repository, exists);
        let title = format!("{} {}", Whole::word(report), render::name(report));
        lines.push(annotation(level, &place, &title, &messages.join("\n")));
    }
    // Many tests mostly say the same: it is said once, where it is said first.
    let mut warnings: BTreeMap<(&str, &str), &Report> = BTreeMap::new();
    for report in whole.reports {
        for warning in &report.warnings {
            warnings.entry((&warning.code, &warning.message)).or_insert(report);
        }
    }
    for ((code, message), report) in warnings {
        let place = annotated(report, repository, exists);
        lines.push(annotation("warning", &place, &format!("memcheck: {code}"), message));
    }
    if lines.len() > MOST {
        let more = format!("memcheck: {} annotations more than GitHub shows", lines.len() - MOST);
        lines.truncate(MOST);
        lines.push(format!("::notice::{more}"));
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

/// Properties of an annotation that say where it belongs.
fn annotated(
    report: &Report,
    repository: &Repository,
    exists: impl Fn(&Path) -> bool,
) -> Vec<(&'static str, String)> {
    let Some(place) = Place::of(report) else { return Vec::new() };
    let mut properties =
        vec![("file", repository.relative(&place.file, exists)), ("line", place.line.to_string())];
    properties.extend(place.column.map(|column| ("col", column.to_string())));
    properties
}

fn annotation(level: &str, place: &[(&str, String)], title: &str, message: &str) -> String {
    let properties: Vec<String> = place
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .chain([("title", title)])
        .map(|(name, value)| format!("{name}={}", property(&beginning(value, MESSAGE))))
        .collect();
    format!("::{level} {}::{}", properties.join(","), data(&beginning(message, MESSAGE)))
}

/// The message of a command.
fn data(text: &str) -> String {
    let text = strip_str(text).to_string();
    let text: String =
        text.chars().filter(|&c| !c.is_control() || matches!(c, '\n' | '\r' | '\t')).collect();
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A text that is printed where GitHub listens, so that nothing in it is a command: what a test
/// prints, or panics with, may look like one. Lines that begin with `::` are commands, and `##[`
/// was one anywhere in a line.
pub(super) fn no_command(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // A carriage return begins a line for whoever reads the log, too.
    for line in text.split_inclusive(['\n', '\r']) {
        let start = line.len() - line.trim_start().len();
        let (space, rest) = line.split_at(start);
        out.push_str(space);
        if rest.starts_with("::") {
            out.push_str("| ");
        }
        out.push_str(&rest.replace("##[", "## ["));
    }
    out
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use memcheck::report::{Outcome, Warning};

    use super::super::whole::tests::{hostile, report};
    use super::*;
    use crate::cli::Inconclusive;
    use crate::run::Summary;

    fn of(reports: &[Arc<Report>], inconclusive: Inconclusive) -> String {
        let summary = Summary::default();
        let whole = Whole { reports, summary: &summary, inconclusive };
        annotations(&whole, &Repository::default())
    }

    #[test]
    fn failures_are_errors_at_their_line() {
        let mut known = Arc::unwrap_or_clone(report("tests::skipped", Outcome::Skipped));
        known.warnings = vec![Warning { code: "not-read".into(), message: "50 %\nof it".into() }];
        let crashed = report("tests::a", Outcome::Crashed { signal: "SIGSEGV".into() });
        let reports = [Arc::new(known), report("tests::unsure", Outcome::Passed), crashed];
        insta::assert_snapshot!(of(&reports, Inconclusive::Warn), @r"
        ::error file=src/lib.rs,line=7,col=5,title=CRASH crate tests%3A%3Aa::ended by SIGSEGV outside its iterations
        ::warning file=src/lib.rs,line=7,col=5,title=UNSURE crate tests%3A%3Aunsure::nothing could be judged
        ::warning file=src/lib.rs,line=7,col=5,title=memcheck%3A not-read::50 %25%0Aof it
        ");
        assert_eq!(of(&reports[1..2], Inconclusive::Fail).matches("::error ").count(), 1);
    }

    #[test]
    fn a_hostile_test_makes_one_annotation() {
        let text = of(&[hostile()], Inconclusive::Fail);
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.starts_with("::error file=<script>"), "{text}");
        let (properties, _) = text["::error ".len()..].split_once("::").unwrap();
        let names: Vec<&str> = properties
            .split(',')
            .map(|property| property.split_once('=').expect("a name and a value").0)
            .collect();
        assert_eq!(names, ["file", "line", "col", "title"]);
        assert!(text.len() < 5 * MESSAGE && !text.contains('\u{1b}'), "{}", text.len());
    }

    #[test]
    fn there_are_not_more_than_github_shows() {
        let many: Vec<_> = (0..200).map(|at| report(&at.to_string(), Outcome::Lost)).collect();
        let text = of(&many, Inconclusive::Fail);
        assert_eq!(text.lines().count(), MOST + 1);
        assert!(text.ends_with("::notice::memcheck: 150 annotations more than GitHub shows\n"));
    }

    #[test]
    fn paths_are_relative_to_the_repository() {
        let repository = Repository {
            top: Some("/home/u/repo".into()),
            folder: "/home/u/repo/rust/crates/a".into(),
        };
        let relative =
            |file: &str, there: &str| repository.relative(file, |at| at == Path::new(there));
        // cargo's workspace is /home/u/repo/rust.
        assert_eq!(
            relative("crates/a/src/lib.rs", "/home/u/repo/rust/crates/a/src/lib.rs"),
            "rust/crates/a/src/lib.rs"
        );
        assert_eq!(relative("/home/u/repo/x.rs", "/home/u/repo/x.rs"), "x.rs");
        assert_eq!(
            relative("../b/x.rs", "/home/u/repo/rust/crates/a/../b/x.rs"),
            "rust/crates/b/x.rs"
        );
        // Files outside, and files that are not there, are left as they are.
        assert_eq!(relative("/usr/x.rs", "/usr/x.rs"), "/usr/x.rs");
        assert_eq!(relative("src/gone.rs", "/nowhere"), "src/gone.rs");
    }

    #[test]
    fn nothing_that_is_printed_is_a_command() {
        let text = "a\n::error file=x::y\n   ::set-output\rb\r::warning::\n## ok\n##[group]\nx ::y";
        assert_eq!(
            no_command(text),
            "a\n| ::error file=x::y\n   | ::set-output\rb\r| ::warning::\n## ok\n## [group]\nx ::y"
        );
    }
}
