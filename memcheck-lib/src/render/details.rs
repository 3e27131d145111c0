//! Everything a reader needs of a test that is not a success.

use std::fmt::Write;

use super::allocators;
use super::phrases::{self, exceeded, growth_code, heap_growth, other_growth, signed};
use crate::metric::Metric;
use crate::report::{Conditions, MetricReport, Outcome, Report, Side, Verdict};
use crate::units::{Bytes, grouped, iterations};

/// Windows whose floors are shown: the last ones, which decide.
const FLOORS: usize = 6;

/// Lines of the worker's output that are shown.
const OUTPUT_LINES: usize = 40;

/// One thing that is wrong with a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Short stable name: `heap-growth`.
    pub code: &'static str,
    /// One sentence.
    pub message: String,
    /// The metric it is about; the sites are those of this one.
    pub metric: Option<Metric>,
    /// What was seen, and what to try.
    pub notes: Vec<Note>,
}

/// A sentence below a [`Diagnostic`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Whether it says what to do; else what was seen.
    pub is_help: bool,
    /// The sentence.
    pub text: String,
}

impl Note {
    /// What was seen.
    pub fn seen(text: String) -> Note {
        Note { is_help: false, text }
    }

    /// What to do.
    pub fn advice(text: String) -> Note {
        Note { is_help: true, text }
    }

    /// `note` or `help`.
    pub fn kind(&self) -> &'static str {
        if self.is_help { "help" } else { "note" }
    }
}

/// What is wrong, the cause before what follows from it.
///
/// ```
/// # use memcheck::report::{Outcome, Report, TestId};
/// let report = Report::unobserved(TestId::default(), Outcome::Lost);
/// let diagnostics = memcheck::render::diagnostics(&report);
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
        // What holds for all of them is said once.
        if at == 0 {
            notes.extend(super::where_grew::rows(report).into_iter().map(Note::seen));
            notes.extend(facts(report));
        }
        let Headline { code, message, metric } = headline;
        diagnostics.push(Diagnostic { code, message, metric, notes });
    }
    diagnostics
}

/// Several lines, each ended: what is wrong, where, what was seen, what to try.
pub fn details(report: &Report) -> String {
    let mut text = String::new();
    for of in diagnostics(report) {
        text.push_str(&diagnostic(report, &of));
    }
    text + &remarks(report)
}

/// One of the [`diagnostics`] as text, at the place of the test.
pub fn diagnostic(report: &Report, diagnostic: &Diagnostic) -> String {
    let mut text = format!("error[{}]: {}\n", diagnostic.code, diagnostic.message);
    text.push_str(&place(report));
    for note in &diagnostic.notes {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "   = {}: {}", note.kind(), note.text);
    }
    text
}

/// What stands below all [`diagnostics`]: warnings, and what the worker printed.
pub fn remarks(report: &Report) -> String {
    let mut text = String::new();
    for warning in &report.warnings {
        let _ = writeln!(text, "warning[{}]: {}", warning.code, warning.message);
    }
    if !matches!(report.outcome, Outcome::Passed | Outcome::Skipped) {
        output(report, &mut text);
    }
    text
}

/// What is wrong, in one sentence.
pub(super) struct Headline {
    /// Short stable name.
    pub(super) code: &'static str,
    pub(super) message: String,
    /// The metric it is about.
    pub(super) metric: Option<Metric>,
}

impl Headline {
    fn new(code: &'static str, message: String) -> Self {
        Headline { code, message, metric: None }
    }
}

/// First that a process did not end well; then one headline for each kind of memory that is not as it
/// must be, the cause before what follows from it. What only follows is no headline.
pub(super) fn headlines(report: &Report) -> Vec<Headline> {
    if let Some((code, message)) = outcome(report) {
        // What grew up to then may be what it died of.
        let mut headlines = vec![Headline::new(code, message)];
        headlines.extend(growing(report));
        return headlines;
    }
    let inconclusive = |message: &str| vec![Headline::new("inconclusive", message.to_owned())];
    match report.verdict {
        Some(Verdict::Growing) => growing(report),
        Some(Verdict::OverLimit) => over_limit(report),
        // None of the metrics that were read is in doubt.
        Some(Verdict::Inconclusive) if is_unmeasured(report) => {
            inconclusive("the Rust heap was not measured: a leak in it would not have been seen")
        }
        Some(Verdict::Inconclusive) => match phrases::leading(report) {
            Some(of) => vec![Headline {
                code: "inconclusive",
                message: format!("it cannot be told whether this grows ({})", of.metric),
                metric: Some(of.metric),
            }],
            None => inconclusive("it cannot be told whether this grows"),
        },
        None => inconclusive("nothing could be judged"),
        Some(Verdict::Steady) => match &report.options.known_leak {
            Some(reason) => vec![Headline::new(
                "known-leak-gone",
                format!(
                    "this does not leak any more: remove `known_leak = {reason:?}`, so that the next leak is seen"
                ),
            )],
            None => super::proof::unproven(report)
                .into_iter()
                .map(|message| Headline::new("unproven", message))
                .collect(),
        },
    }
}

/// Whether all that was measured is steady, but the Rust heap was not measured.
fn is_unmeasured(report: &Report) -> bool {
    let uncounted = |of: &Conditions| of.rust_heap_counted == Some(false);
    report.conditions.as_ref().is_some_and(uncounted)
        && report.metrics.iter().all(|of| of.verdict == Verdict::Steady)
}

fn outcome(report: &Report) -> Option<(&'static str, String)> {
    let place = report.failed_iteration.map_or_else(
        || " outside its iterations".to_owned(),
        |iteration| format!(" in iteration {}", grouped(iteration as i64)),
    );
    Some(match &report.outcome {
        Outcome::Passed | Outcome::Skipped => return None,
        // Often the text of a panic, which may be coloured.
        Outcome::Failed { message } => ("failed", super::plain::plain(message)),
        Outcome::Crashed { signal } => ("crashed", format!("ended by {signal}{place}")),
        Outcome::Exited { status } => (
            "exited",
            format!(
                "the process exited with status {status}{place}, before the check was finished"
            ),
        ),
        Outcome::Lost => (
            "lost",
            format!(
                "the connection to the worker is gone{place}, though it still ran: did the test close file descriptors that it did not open?"
            ),
        ),
        Outcome::TimedOut { timeout } => (
            "timed-out",
            format!(
                "still not finished after {} s{place}; raise `timeout = \"…\"` if it needs longer",
                timeout.as_secs_f64()
            ),
        ),
        Outcome::OverCeiling { .. } => ("ceiling", phrases::over_ceiling(report, &place)?),
        Outcome::Broken { message } => ("not-measured", message.clone()),
    })
}

fn growing(report: &Report) -> Vec<Headline> {
    let ended_well = report.outcome == Outcome::Passed;
    let grows = |of: &&MetricReport| match ended_well {
        true => of.verdict == Verdict::Growing,
        false => of.rose_to_the_end(),
    };
    let growing = |metric: Metric| report.metric(metric).filter(grows);
    let mut headlines: Vec<Headline> = Vec::new();
    let heap = |bytes: Metric, blocks: Metric, heap: &str| {
        let metric = growing(bytes).or(growing(blocks))?.metric;
        let message = heap_growth(heap, growing(bytes), growing(blocks));
        Some(Headline { code: growth_code(metric), message, metric: Some(metric) })
    };
    // Threads, tasks and children bring heap, mappings and footprint with them, so they come first.
    let other = |metric: Metric| {
        let of = growing(metric)?;
        Some(Headline {
            code: growth_code(metric),
            message: other_growth(of),
            metric: Some(metric),
        })
    };
    headlines
        .extend([Metric::Threads, Metric::Tasks, Metric::Children].into_iter().filter_map(other));
    let mismatch = report.mismatch();
    let crossing = |side| mismatch.is_some_and(|mismatch| mismatch.allocated_by == side);
    headlines.extend(mismatch.map(|mismatch| Headline {
        code: "mismatched-free",
        message: allocators::mismatched(&mismatch),
        metric: Some(match mismatch.allocated_by {
            Side::Rust => Metric::HeapBlocks,
            Side::C => Metric::NativeBlocks,
        }),
    }));
    if !crossing(Side::Rust) {
        headlines.extend(heap(Metric::HeapBytes, Metric::HeapBlocks, ""));
    }
    if !crossing(Side::C) {
        headlines.extend(heap(Metric::NativeBytes, Metric::NativeBlocks, " on the C heap"));
    }
    headlines.extend([Metric::Fds, Metric::FdMemory].into_iter().filter_map(other));
    if headlines.is_empty() {
        headlines.extend([Metric::Resident, Metric::Mappings].into_iter().filter_map(other));
    }
    headlines
}

fn over_limit(report: &Report) -> Vec<Headline> {
    let exceeded = report.exceeded.iter().map(|of| Headline::new("over-limit", exceeded(of)));
    let over = report.metrics.iter().filter(|of| of.verdict == Verdict::OverLimit);
    let over = over.map(|of| {
        let limit = of.limit.unwrap_or(0);
        let limit = match of.metric.is_bytes() {
            true => Bytes(limit).to_string(),
            false => grouped(limit as i64),
        };
        let growth = signed(of.metric, of.growth);
        let growth = growth.trim_start_matches('+');
        Headline {
            code: "over-limit",
            message: format!("{} grew by {growth}, over the limit of {limit}", of.metric),
            metric: Some(of.metric),
        }
    });
    exceeded.chain(over).collect()
}

fn place(report: &Report) -> String {
    let test = &report.test;
    if test.file.is_empty() {
        return String::new();
    }
    format!("  --> {}:{}:{}\n   | {}\n", test.file, test.line, test.column, test.name)
}

/// The notes under a headline about memory.
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
    // A cache that fills lifts several metrics; saying so once is enough.
    let mut said = std::collections::BTreeSet::new();
    // Advice is on how to be judged: a worker above its ceiling has another trouble.
    let judged = !matches!(report.outcome, Outcome::OverCeiling { .. });
    let advice =
        report.advice.iter().filter(|_| judged).filter(|advice| said.insert(advice.topic()));
    notes.extend(advice.map(|advice| Note::advice(advice.to_string())));
    notes
}

/// The floor of each window.
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
    let _ = writeln!(text, "   = output of the worker:");
    let half = OUTPUT_LINES / 2;
    // To leave out a single one, and say so, takes as much place as the line.
    let is_long = lines.len() > OUTPUT_LINES + 1;
    for (at, line) in lines.iter().enumerate() {
        if is_long && at == half {
            let _ = writeln!(text, "     [… {} lines left out …]", lines.len() - 2 * half);
        }
        if !is_long || at < half || at >= lines.len() - half {
            let line: String = line.chars().take(300).collect();
            let _ = writeln!(text, "     {line}");
        }
    }
}
