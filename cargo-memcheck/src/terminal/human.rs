//! Results for people: a line for each finished test; at the end the failures in full, the summary, and the
//! list of failed tests.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use memcheck::Report;
use memcheck::tool::render::{self, Tone};

use super::github_log::no_command;
use super::progress::Progress;
use super::style::{self, styled};
use crate::diagnostics::{Context, diagnostics, explain, snippet};
use crate::runner::{Event, Summary};

/// The number of tests that are named below a warning about several tests.
const NAMES: usize = 5;

/// Results as text.
pub(super) struct Human<'a, W> {
    out: W,
    progress: Progress,
    context: Context<'a>,
    verbose: bool,
    /// Whether GitHub reads the output: it would execute some lines as commands.
    github: bool,
    failures: Vec<Arc<Report>>,
    /// Warnings of tests that succeeded, with the names of the tests. Failures show their own warnings.
    warnings: BTreeMap<(String, String), Vec<String>>,
}

impl<'a, W: Write> Human<'a, W> {
    /// `github` is whether GitHub reads the output.
    pub(super) fn new(
        out: W,
        progress: Progress,
        context: Context<'a>,
        verbose: bool,
        github: bool,
    ) -> Self {
        let (failures, warnings) = (Vec::new(), BTreeMap::new());
        Human { out, progress, context, verbose, github, failures, warnings }
    }
}

impl<W: Write> Human<'_, W> {
    /// Receives an event.
    pub(super) fn event(&mut self, event: &Event) -> io::Result<()> {
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
                "{:>12} by signal {signal}: ending the running tests; send it again to end at once\n",
                "Interrupted"
            ),
            Event::Finished(total) => {
                let failures = self.failures.iter().map(|report| details(report, &self.context));
                let warnings = self
                    .warnings
                    .iter()
                    .map(|((code, message), tests)| warning(code, message, tests));
                let end = format!("{}\n     {}", "─".repeat(12), summary(total));
                failures.chain(warnings).chain([end, self.failed_tests()]).collect()
            }
            Event::Started { .. } | Event::TestStarted(_) | Event::TestProgress(..) => {
                return Ok(());
            }
        };
        let text = if self.github { no_command(&text) } else { text };
        let out = &mut self.out;
        self.progress.around(|| {
            out.write_all(text.as_bytes())?;
            out.flush()
        })
    }
}

impl<W> Human<'_, W> {
    /// The list of failed tests, if there are several.
    fn failed_tests(&self) -> String {
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

/// The line of a test, and further lines below it.
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

/// A failure in full. Leaks have their source lines, if they were recorded.
fn details(report: &Report, context: &Context<'_>) -> String {
    let mut text = String::from("\n");
    for diagnostic in diagnostics(report) {
        let explanation = explain(report, &diagnostic, context);
        text.push_str(&match explanation.has_sites {
            true => snippet(&explanation),
            false => coloured(&render::diagnostic(report, &diagnostic)),
        });
    }
    text + &coloured(render::remarks(report).trim_end())
}

/// Text from the library, with coloured levels at the start of lines.
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
    // Tests finish in a different order each time.
    names.sort_unstable();
    let more = match names.len().checked_sub(NAMES) {
        None | Some(0) => String::new(),
        Some(more) => format!(" and {more} more"),
    };
    names.truncate(NAMES);
    let names = names.join(", ");
    let text = format!("warning[{code}]{count}: {message}\n   = note: in {names}{more}\n");
    styled(&text, "warning", style::WARNING)
}

/// The smallest leaks that the run would have seen, without duplicates: the bytes and the blocks of a heap
/// have the same.
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

/// The summary, and the results of `--prove` below it.
pub(super) fn summary(summary: &Summary) -> String {
    let heading = style::HEADING;
    let (run, counts) = summary.in_words();
    let colon = if counts.is_empty() { "" } else { ": " };
    let mut text = format!(
        "{heading}Summary{heading:#} [{:>7.2}s] {run}{colon}{}\n",
        summary.elapsed.as_secs_f64(),
        joined(counts),
    );
    if let Some(proofs) = summary.proofs_in_words() {
        text.push_str(&format!("{:>12} {}\n", "Proof", joined(proofs)));
    }
    text
}

fn joined(parts: Vec<(String, Option<Tone>)>) -> String {
    let styled = parts.into_iter().map(|(text, tone)| match tone.map(style::of_tone) {
        Some(style) => format!("{style}{text}{style:#}"),
        None => text,
    });
    styled.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use memcheck::tool::report::{Proofs, Status};

    use super::*;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn the_summary_counts_by_status() {
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
    fn proofs_are_counted_below_the_summary() {
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
           = note: in a tests::6
        ");
        insta::assert_snapshot!(plain(&warning("code", "what.", &names)), @r"
        warning[code] (7 tests): what.
           = note: in a tests::0, a tests::1, a tests::2, a tests::3, a tests::4 and 2 more
        ");
    }

    #[test]
    fn tests_that_did_not_run_are_counted() {
        let mut total = Summary { not_run: 7, ..Summary::default() };
        total.count(Status::Fail);
        insta::assert_snapshot!(plain(&summary(&total)), @"Summary [   0.00s] 1 test run: 1 failed, 7 not run");
    }
}
