//! For people: a line for each test as it finishes, failures in full at the end, then the summary and what failed.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use memcheck::render;
use memcheck::report::{Proofs, Report, Status};

use super::Output;
use super::github;
use super::leak::{Telling, diagnostics, explain, snippet};
use super::progress::Progress;
use super::style::{self, styled};
use crate::run::{Event, Summary};

/// Tests that are named below a warning that was given of several.
const NAMES: usize = 5;

/// Results as text.
pub(super) struct Human<'a, W> {
    out: W,
    progress: Progress,
    telling: Telling<'a>,
    verbose: bool,
    /// GitHub reads along, and takes some lines for commands.
    github: bool,
    failures: Vec<Arc<Report>>,
    /// What the reader must know of tests that succeeded, and of which. Failures tell theirs
    /// themselves.
    warnings: BTreeMap<(String, String), Vec<String>>,
}

impl<'a, W: Write> Human<'a, W> {
    /// `github` is whether GitHub reads along.
    pub(super) fn new(
        out: W,
        progress: Progress,
        telling: Telling<'a>,
        verbose: bool,
        github: bool,
    ) -> Self {
        let (failures, warnings) = (Vec::new(), BTreeMap::new());
        Human { out, progress, telling, verbose, github, failures, warnings }
    }
}

impl<W: Write> Output for Human<'_, W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.progress.event(event);
        let text = match event {
            Event::TestFinished(report) => {
                if !report.is_success() {
                    self.failures.push(Arc::clone(report));
                } else {
                    for warning in &report.warnings {
                        let key = (warning.code.clone(), warning.message.clone());
                        self.warnings.entry(key).or_default().push(render::name(report));
                    }
                }
                finished(report, self.verbose)
            }
            Event::Interrupted { signal } => format!(
                "{:>12} by signal {signal}: ending what runs; once more ends at once\n",
                "Interrupted"
            ),
            Event::Finished(total) => {
                let failures = self.failures.iter().map(|report| details(report, &self.telling));
                let warnings = self
                    .warnings
                    .iter()
                    .map(|((code, message), tests)| warning(code, message, tests));
                let end = format!("{}\n     {}", "─".repeat(12), summary(total));
                failures.chain(warnings).chain([end, self.again()]).collect()
            }
            Event::Started { .. } | Event::TestStarted(_) | Event::TestProgress(..) => {
                return Ok(());
            }
        };
        let text = if self.github { github::no_command(&text) } else { text };
        let out = &mut self.out;
        self.progress.around(|| {
            out.write_all(text.as_bytes())?;
            out.flush()
        })
    }
}

impl<W> Human<'_, W> {
    /// The tests that failed once more, where there are so many that one would have to look for them.
    fn again(&self) -> String {
        let failures = self.failures.iter().filter(|_| self.failures.len() > 1);
        failures
            .map(|report| {
                let status = report.status();
                let line = format!("{:>12} {}\n", status.text(), render::name(report));
                styled(&line, status.text(), style::status(status))
            })
            .collect()
    }
}

/// The line of a test, and below it what more there is to say.
fn finished(report: &Report, verbose: bool) -> String {
    let status = report.status();
    let line = styled(&render::line(report), status.text(), style::status(status));
    let mut text = line.trim_end().to_owned() + "\n";
    if verbose && let Some(sensitivity) = sensitivity(report) {
        text.push_str(&format!("{:>12} would have seen {sensitivity}\n", ""));
    }
    if let Some(proof) = render::proof(report)
        && (verbose || report.is_unproven())
    {
        text.push_str(&format!("{:>12} {proof}\n", ""));
    }
    text
}

/// A failure in full: leaks with the code that makes them, where it was recorded.
fn details(report: &Report, telling: &Telling<'_>) -> String {
    let mut text = String::from("\n");
    for diagnostic in diagnostics(report) {
        let explanation = explain(report, &diagnostic, telling);
        text.push_str(&match explanation.has_sites {
            true => snippet(&explanation),
            false => coloured(&render::diagnostic(report, &diagnostic)),
        });
    }
    text + &coloured(render::remarks(report).trim_end())
}

/// Text of the library's with the statuses at the start of lines in colour.
fn coloured(plain: &str) -> String {
    let mut text = String::new();
    for line in plain.lines() {
        match line {
            _ if line.starts_with("error[") => text.push_str(&styled(line, "error", style::ERROR)),
            _ if line.starts_with("warning[") => {
                text.push_str(&styled(line, "warning", style::WARNING));
            }
            _ => text.push_str(line),
        }
        text.push('\n');
    }
    text
}

/// A warning about tests that succeeded.
fn warning(code: &str, message: &str, tests: &[String]) -> String {
    let count = if tests.len() == 1 { String::new() } else { format!(" ({} tests)", tests.len()) };
    let mut names: Vec<&str> = tests.iter().map(String::as_str).collect();
    // They end in another order each time.
    names.sort_unstable();
    let more = match names.len().checked_sub(NAMES) {
        None | Some(0) => String::new(),
        Some(more) => format!(" and {more} more"),
    };
    names.truncate(NAMES);
    let names = names.join(", ");
    let text = format!("warning[{code}]{count}: {message}\n   = note: said of {names}{more}\n");
    styled(&text, "warning", style::WARNING)
}

/// How small a leak the run would have seen, each only once: bytes and blocks of a heap say the
/// same.
fn sensitivity(report: &Report) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    for metric in &report.metrics {
        let part = render::sensitivity(metric);
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    (!parts.is_empty()).then(|| parts.join(" · "))
}

/// The last line.
pub(super) fn summary(summary: &Summary) -> String {
    let heading = style::HEADING;
    let run = summary.run();
    let tests = if run == 1 { "test" } else { "tests" };
    let mut counts: Vec<String> = summary
        .counts
        .iter()
        .map(|(&status, &count)| {
            let style = style::status(status);
            format!("{style}{count} {}{style:#}", in_words(status, count))
        })
        .collect();
    if summary.filtered_out > 0 {
        counts.push(format!("{} filtered out", summary.filtered_out));
    }
    if summary.not_run > 0 {
        counts.push(format!("{} not run", summary.not_run));
    }
    let colon = if counts.is_empty() { "" } else { ": " };
    let mut text = format!(
        "{heading}Summary{heading:#} [{:>7.2}s] {run} {tests} run{colon}{}\n",
        summary.elapsed.as_secs_f64(),
        counts.join(", "),
    );
    if let Some(proofs) = &summary.proofs {
        text.push_str(&format!("{:>12} {}\n", "Proof", self::proofs(proofs)));
    }
    text
}

/// What became of the proofs.
fn proofs(proofs: &Proofs) -> String {
    let Proofs { proven, unproven, not_passed, .. } = *proofs;
    let style = style::status(if unproven == 0 { Status::Pass } else { Status::Leak });
    let mut counts = vec![format!("{proven} proven")];
    if unproven > 0 {
        counts.push(format!("{style}{unproven} unproven{style:#}"));
    }
    if not_passed > 0 {
        counts.push(format!("{not_passed} not PASS, so not proven"));
    }
    counts.join(", ")
}

/// A status as one says it of `count` tests.
fn in_words(status: Status, count: usize) -> String {
    match (status, count) {
        (Status::Pass, _) => "passed",
        (Status::Skip, _) => "skipped",
        (Status::Known, 1) => "known leak",
        (Status::Known, _) => "known leaks",
        (Status::Unsure, _) => "inconclusive",
        (Status::Limit, _) => "over a limit",
        (Status::Leak, _) => "leaked",
        (Status::Fail, _) => "failed",
        (Status::Crash, _) => "crashed",
        (Status::Exit, _) => "exited",
        (Status::Lost, _) => "lost",
        (Status::Timeout, _) => "timed out",
        (Status::Ceiling, _) => "over the ceiling",
        (Status::Broken, _) => "not measured",
        (other, _) => return other.text().to_lowercase(),
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn the_summary_counts_by_word() {
        let mut total = Summary { elapsed: Duration::from_millis(1230), ..Summary::default() };
        for status in
            [Status::Leak, Status::Pass, Status::Pass, Status::Skip, Status::Known, Status::Timeout]
        {
            total.count(status);
        }
        total.filtered_out = 3;
        insta::assert_snapshot!(plain(&summary(&total)), @"Summary [   1.23s] 5 tests run: 2 passed, 1 skipped, 1 known leak, 1 leaked, 1 timed out, 3 filtered out");
    }

    #[test]
    fn proofs_are_counted_below() {
        let mut total = Summary::default();
        [Status::Pass, Status::Pass, Status::Leak]
            .into_iter()
            .for_each(|status| total.count(status));
        let mut proofs = Proofs::default();
        (proofs.proven, proofs.unproven, proofs.not_passed) = (1, 1, 1);
        total.proofs = Some(proofs);
        insta::assert_snapshot!(plain(&summary(&total)), @r"
        Summary [   0.00s] 3 tests run: 2 passed, 1 leaked
               Proof 1 proven, 1 unproven, 1 not PASS, so not proven
        ");
    }

    #[test]
    fn a_warning_names_its_tests() {
        let names: Vec<String> = (0..7).rev().map(|at| format!("a tests::{at}")).collect();
        insta::assert_snapshot!(plain(&warning("code", "what.", &names[..1])), @r"
        warning[code]: what.
           = note: said of a tests::6
        ");
        insta::assert_snapshot!(plain(&warning("code", "what.", &names)), @r"
        warning[code] (7 tests): what.
           = note: said of a tests::0, a tests::1, a tests::2, a tests::3, a tests::4 and 2 more
        ");
    }

    #[test]
    fn a_run_cut_short_says_how_much_is_missing() {
        let mut total = Summary { not_run: 7, ..Summary::default() };
        total.count(Status::Fail);
        insta::assert_snapshot!(plain(&summary(&total)), @"Summary [   0.00s] 1 test run: 1 failed, 7 not run");
    }
}
