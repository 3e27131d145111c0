//! Annotations for GitHub Actions at the lines that leak.
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anstream::adapter::strip_str;
use memcheck::Report;
use memcheck::tool::render;

use super::run_result::{RunResult, SourceLine, beginning, shown_status};
use crate::symbolize::{normal, short_file};

/// The number of annotations that GitHub shows for a job.
const MOST: usize = 50;
/// The largest message of an annotation, in bytes.
const MESSAGE: usize = 4_000;
/// The largest step summary that GitHub accepts, in bytes.
pub(super) const STEP_SUMMARY: usize = 1 << 20;

/// Where the sources are in the repository.
#[derive(Clone, Debug)]
pub(super) struct Repository {
    /// The root of the checkout.
    top: PathBuf,
    /// The root of the cargo workspace. File names are relative to it.
    root: PathBuf,
}

impl Repository {
    /// The repository at `top` (`GITHUB_WORKSPACE`). Without one, or if the workspace is not in it, the
    /// workspace counts as the repository.
    pub(super) fn new(top: Option<PathBuf>, root: &Path) -> Self {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| normal(path));
        let root = real(root);
        let top = top.map(|top| real(&top)).filter(|top| root.starts_with(top));
        Repository { top: top.unwrap_or_else(|| root.clone()), root }
    }

    /// The path of a source file relative to the repository; `None` for a file outside.
    fn relative(&self, file: &str) -> Option<String> {
        let path = normal(&self.root.join(file));
        Some(path.strip_prefix(&self.top).ok()?.to_string_lossy().into_owned())
    }
}

/// The annotations of a run, one line each: errors for tests that fail the run, the worst first, and
/// warnings.
pub(super) fn annotations(result: &RunResult<'_>, repository: &Repository) -> String {
    let mut lines = Vec::new();
    for report in result.worst_first().into_iter().filter(|report| !report.is_success()) {
        let level = if result.fails(report) { "error" } else { "warning" };
        let reasons = render::reasons(report);
        let messages = reasons.into_iter().map(|reason| reason.message);
        let (place, elsewhere) = annotated(report, repository);
        let title = format!("{} {}", shown_status(report), render::name(report));
        let messages: Vec<String> = messages.chain(elsewhere).collect();
        lines.push(annotation(level, &place, &title, &messages.join("\n")));
    }
    // Many tests have the same warning: it is shown once, at the first of them.
    let mut warnings: BTreeMap<(&str, &str), &Report> = BTreeMap::new();
    for report in result.reports {
        for warning in &report.warnings {
            warnings.entry((&warning.code, &warning.message)).or_insert(report);
        }
    }
    for ((code, message), report) in warnings {
        let (place, _) = annotated(report, repository);
        lines.push(annotation("warning", &place, &format!("memcheck: {code}"), message));
    }
    if lines.len() > MOST {
        let more =
            format!("memcheck: GitHub does not show {} more annotations", lines.len() - MOST);
        lines.truncate(MOST);
        lines.push(format!("::notice::{more}"));
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

/// The properties that place an annotation. If the leaking line is outside the repository, GitHub cannot
/// show it: then the annotation is at the test, and the second value names the line.
fn annotated(
    report: &Report,
    repository: &Repository,
) -> (Vec<(&'static str, String)>, Option<String>) {
    let found = SourceLine::of(report);
    let properties = |place: &SourceLine| {
        let file = repository.relative(&place.file)?;
        let mut properties = vec![("file", file), ("line", place.line.to_string())];
        properties.extend(place.column.map(|column| ("col", column.to_string())));
        Some(properties)
    };
    match found.as_ref().and_then(properties) {
        Some(properties) => (properties, None),
        None => {
            let elsewhere = found.map(|place| {
                let file = short_file(&place.file);
                format!("the line is {file}:{}, outside the repository", place.line)
            });
            let of_test = SourceLine::of_test(report).as_ref().and_then(properties);
            (of_test.unwrap_or_default(), elsewhere)
        }
    }
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use memcheck::tool::report::{Outcome, Warning};

    use super::super::run_result::tests::{growing, hostile, report, with_result};
    use super::*;
    use crate::runner::Inconclusive;

    fn of(reports: &[Arc<Report>], inconclusive: Inconclusive) -> String {
        let repository = Repository { top: "/w".into(), root: "/w".into() };
        with_result(reports, inconclusive, |result| annotations(result, &repository))
    }

    #[test]
    fn failures_are_errors_at_their_line() {
        let mut known =
            Arc::unwrap_or_clone(report("tests::skipped", Outcome::Skipped { reason: None }));
        known.warnings = vec![Warning::new("not-read", "50 %\nof it")];
        let crashed = report("tests::a", Outcome::Crashed { signal: "SIGSEGV".into() });
        let reports = [Arc::new(known), report("tests::unsure", Outcome::Passed), crashed];
        insta::assert_snapshot!(of(&reports, Inconclusive::Warn), @r"
        ::error file=src/lib.rs,line=7,col=5,title=CRASH crate tests%3A%3Aa::the process was terminated by SIGSEGV outside its iterations
        ::warning file=src/lib.rs,line=7,col=5,title=UNSURE crate tests%3A%3Aunsure::no metric could be judged
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
    fn annotations_are_limited_to_what_github_shows() {
        let many: Vec<_> = (0..200).map(|at| report(&at.to_string(), Outcome::Lost)).collect();
        let text = of(&many, Inconclusive::Fail);
        assert_eq!(text.lines().count(), MOST + 1);
        assert!(text.ends_with("::notice::memcheck: GitHub does not show 150 more annotations\n"));
    }

    #[test]
    fn paths_are_relative_to_the_repository() {
        let of = |top: Option<&str>| {
            Repository::new(top.map(PathBuf::from), "/home/u/repo/rust".as_ref())
        };
        let repository = of(Some("/home/u/repo"));
        let relative = |file: &str| repository.relative(file);
        assert_eq!(relative("src/lib.rs").as_deref(), Some("rust/src/lib.rs"));
        assert_eq!(relative("../b/x.rs").as_deref(), Some("b/x.rs"));
        assert_eq!(relative("/home/u/repo/x.rs").as_deref(), Some("x.rs"));
        assert_eq!(relative("/usr/x.rs"), None);
        assert_eq!(relative("../../x.rs"), None);
        // No checkout, and one that the workspace is not in.
        for top in [None, Some("/home/u/other")] {
            assert_eq!(of(top).relative("src/lib.rs").as_deref(), Some("src/lib.rs"));
        }
    }

    #[test]
    fn a_leak_outside_the_repository_is_annotated_at_the_test() {
        let mut leak = Arc::unwrap_or_clone(report("tests::a", Outcome::Passed));
        growing(&mut leak, "/c/registry/src/index-1/lru-0.6.2/src/lib.rs");
        let text = of(&[Arc::new(leak)], Inconclusive::Fail);
        assert!(text.starts_with("::error file=src/lib.rs,line=7,col=5,title=LEAK"), "{text}");
        let expected = "the line is lru-0.6.2/src/lib.rs:31, outside the repository";
        assert!(text.contains(expected), "{text}");
    }
}
