//! The details of a test that is not a success.

use std::fmt::Write;

use super::allocators;
use super::headlines::{Headline, headlines};
use super::phrases::signed;
use crate::metric::Metric;
use crate::report::{MetricReport, Outcome, Report};
use crate::units::{grouped, iterations};

/// Windows whose floors are shown: the last four decide, two more show the trend.
const FLOORS: usize = 6;

/// Lines of the test's output that are shown.
const OUTPUT_LINES: usize = 40;

/// One problem of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Short stable name: `heap-growth`.
    pub code: &'static str,
    /// One sentence.
    pub message: String,
    /// The metric it is about; the sites are those of this one.
    pub metric: Option<Metric>,
    /// What was measured, and what to do.
    pub notes: Vec<Note>,
}

/// A sentence below a [`Diagnostic`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Whether it says what to do; else what was measured.
    pub is_help: bool,
    /// The sentence.
    pub text: String,
}

impl Note {
    /// A note on what was measured.
    pub fn seen(text: String) -> Note {
        Note { is_help: false, text }
    }

    /// A note on what to do.
    pub fn advice(text: String) -> Note {
        Note { is_help: true, text }
    }

    /// `note` or `help`.
    pub fn kind(&self) -> &'static str {
        if self.is_help { "help" } else { "note" }
    }
}

/// What is wrong, the cause before its consequences.
///
/// ```
/// # use memcheck::tool::report::{Outcome, Report, TestId};
/// let report = Report::unobserved(TestId::default(), Outcome::Lost);
/// let diagnostics = memcheck::tool::render::diagnostics(&report);
/// assert_eq!(diagnostics[0].code, "lost");
/// ```
pub fn diagnostics(report: &Report) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for (at, headline) in headlines(report).into_iter().enumerate() {
        let mut notes = Vec::new();
        if let Some(of) = headline.metric.and_then(|metric| report.metric(metric)) {
            let text = format!("{} from window to window: {}", of.metric, floors(of));
            notes.push(Note::seen(text));
        }
        // Notes that hold for all problems are shown once.
        if at == 0 {
            notes.extend(super::where_grew::rows(report).into_iter().map(Note::seen));
            notes.extend(facts(report));
        }
        let Headline { code, message, metric } = headline;
        diagnostics.push(Diagnostic { code, message, metric, notes });
    }
    diagnostics
}

/// Complete lines: what is wrong, where, what was measured, what to do.
pub fn details(report: &Report) -> String {
    let mut text = String::new();
    for of in diagnostics(report) {
        text.push_str(&diagnostic(report, &of));
    }
    text + &remarks(report)
}

/// One of the [`diagnostics`] as text, with the place of the test.
pub fn diagnostic(report: &Report, diagnostic: &Diagnostic) -> String {
    let mut text = format!("error[{}]: {}\n", diagnostic.code, diagnostic.message);
    text.push_str(&place(report));
    for note in &diagnostic.notes {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "   = {}: {}", note.kind(), note.text);
    }
    text
}

/// The text below all [`diagnostics`]: warnings, and what the test printed.
pub fn remarks(report: &Report) -> String {
    let mut text = String::new();
    for warning in &report.warnings {
        let _ = writeln!(text, "warning[{}]: {}", warning.code, warning.message);
    }
    if !matches!(report.outcome, Outcome::Passed | Outcome::Skipped { .. }) {
        output(report, &mut text);
    }
    text
}

fn place(report: &Report) -> String {
    let test = &report.test;
    if test.file.is_empty() {
        return String::new();
    }
    format!("  --> {}:{}:{}\n   | {}\n", test.file, test.line, test.column, test.name)
}

/// The notes below the first headline.
fn facts(report: &Report) -> Vec<Note> {
    let mut notes = Vec::new();
    if report.iterations > 0 {
        let changed: Vec<String> = report
            .metrics
            .iter()
            .filter(|of| of.growth != 0)
            .map(|of| format!("{} {}", of.metric, signed(of.metric, of.growth)))
            .collect();
        let changed =
            if changed.is_empty() { "nothing changed".to_owned() } else { changed.join(", ") };
        let iterations = iterations(report.iterations);
        notes.push(Note::seen(format!("over {iterations}: {changed}")));
    }
    notes.extend(
        report
            .suppressed
            .iter()
            .map(|of| Note::seen(format!("suppressed: {}", super::suppressed::sentence(of)))),
    );
    notes.extend(allocators::notes(report).into_iter().map(Note::seen));
    notes.extend(super::failure::advice(report).map(|advice| Note::advice(advice.to_owned())));
    // A cache that fills lifts several metrics; one advice is enough.
    let mut said = std::collections::BTreeSet::new();
    // Advice is about the verdict, which a test above its ceiling does not need.
    let judged = !matches!(report.outcome, Outcome::OverCeiling { .. });
    let advice =
        report.advice.iter().filter(|_| judged).filter(|advice| said.insert(advice.topic()));
    notes.extend(advice.map(|advice| Note::advice(advice.to_string())));
    notes
}

/// The lowest reading of each window, the last few of them.
fn floors(of: &MetricReport) -> String {
    let floors: Vec<String> = of
        .windows
        .iter()
        .filter_map(|window| window.iter().min())
        .map(|&floor| match of.metric.is_bytes() {
            true => crate::units::scaled(floor as f64),
            false => grouped(floor),
        })
        .collect();
    match floors.len().checked_sub(FLOORS) {
        None | Some(0) => floors.join(" → "),
        Some(before) => format!("… → {}", floors[before..].join(" → ")),
    }
}

fn output(report: &Report, text: &mut String) {
    let printed = super::plain::plain(&report.output.text);
    let printed = printed.trim_matches('\n');
    if printed.is_empty() {
        return;
    }
    let lines: Vec<&str> = printed.lines().collect();
    let _ = writeln!(text, "   = output of the test:");
    let half = OUTPUT_LINES / 2;
    // A notice in place of a single line would not save a line.
    let is_long = lines.len() > OUTPUT_LINES + 1;
    for (at, line) in lines.iter().enumerate() {
        if is_long && at == half {
            let _ = writeln!(text, "     [… {} lines omitted …]", lines.len() - 2 * half);
        }
        if !is_long || at < half || at >= lines.len() - half {
            let line: String = line.chars().take(300).collect();
            let _ = writeln!(text, "     {line}");
        }
    }
}
