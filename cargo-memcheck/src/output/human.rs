//! For people: a line for each test as it finishes, failures in full at the end, the summary last.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use memcheck::render;
use memcheck::report::{Report, Word};

use super::Output;
use super::github;
use super::progress::Progress;
use super::style::{self, styled};
use crate::run::{Event, Summary};

/// Results as text.
pub(super) struct Human<W> {
    out: W,
    progress: Progress,
    verbose: bool,
    /// GitHub reads along, and takes some lines for commands.
    github: bool,
    failures: Vec<Arc<Report>>,
    /// What the reader must know of tests that succeeded, and of how many of them. Failures tell
    /// theirs themselves.
    warnings: BTreeMap<(String, String), usize>,
}

impl<W: Write> Human<W> {
    pub(super) fn new(out: W, progress: Progress, verbose: bool, github: bool) -> Self {
        let (failures, warnings) = (Vec::new(), BTreeMap::new());
        Human { out, progress, verbose, github, failures, warnings }
    }
}

impl<W: Write> Output for Human<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.progress.event(event);
        let text = match event {
            Event::TestFinished(report) => {
                if !report.word().is_success() {
                    self.failures.push(Arc::clone(report));
                } else {
                    for warning in &report.warnings {
                        let key = (warning.code.clone(), warning.message.clone());
                        *self.warnings.entry(key).or_default() += 1;
                    }
                }
                finished(report, self.verbose)
            }
            Event::Interrupted { signal } => format!(
                "{:>12} by signal {signal}: ending what runs; once more ends at once\n",
                "Interrupted"
            ),
            Event::Finished(total) => {
                let failures = self.failures.iter().map(|report| details(report));
                let warnings = self
                    .warnings
                    .iter()
                    .map(|((code, message), &tests)| warning(code, message, tests));
                let end = format!("{}\n     {}", "─".repeat(12), summary(total));
                failures.chain(warnings).chain([end]).collect()
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

/// The line of a test, and below it what more there is to say.
fn finished(report: &Report, verbose: bool) -> String {
    let word = report.word();
    let line = styled(&render::line(report), word.text(), style::word(word));
    let mut text = line.trim_end().to_owned() + "\n";
    if verbose && let Some(sensitivity) = sensitivity(report) {
        text.push_str(&format!("{:>12} would have seen {sensitivity}\n", ""));
    }
    text
}

/// A failure in full.
fn details(report: &Report) -> String {
    let mut text = String::from("\n");
    for line in render::details(report).trim_end().lines() {
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
fn warning(code: &str, message: &str, tests: usize) -> String {
    let tests = if tests == 1 { String::new() } else { format!(" ({tests} tests)") };
    let line = format!("warning[{code}]{tests}: {message}\n");
    styled(&line, "warning", style::WARNING)
}

/// How small a leak the run would have seen, each only once: bytes and blocks of a heap say the
/// same.
fn sensitivity(report: &Report) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    for figure in &report.figures {
        let part = render::sensitivity(figure);
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
        .map(|(&word, &count)| {
            let style = style::word(word);
            format!("{style}{count} {}{style:#}", in_words(word, count))
        })
        .collect();
    if summary.filtered_out > 0 {
        counts.push(format!("{} filtered out", summary.filtered_out));
    }
    if summary.not_run > 0 {
        counts.push(format!("{} not run", summary.not_run));
    }
    let colon = if counts.is_empty() { "" } else { ": " };
    format!(
        "{heading}Summary{heading:#} [{:>7.2}s] {run} {tests} run{colon}{}\n",
        summary.elapsed.as_secs_f64(),
        counts.join(", "),
    )
}

/// A word of DESIGN's table as one says it of `count` tests.
fn in_words(word: Word, count: usize) -> String {
    match (word, count) {
        (Word::Pass, _) => "passed",
        (Word::Skip, _) => "skipped",
        (Word::Known, 1) => "known leak",
        (Word::Known, _) => "known leaks",
        (Word::Unsure, _) => "inconclusive",
        (Word::Limit, _) => "over a limit",
        (Word::Leak, _) => "leaked",
        (Word::Fail, _) => "failed",
        (Word::Crash, _) => "crashed",
        (Word::Exit, _) => "exited",
        (Word::Lost, _) => "lost",
        (Word::Timeout, _) => "timed out",
        (Word::Ceiling, _) => "over the ceiling",
        (Word::Broken, _) => "not measured",
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
        for word in [Word::Leak, Word::Pass, Word::Pass, Word::Skip, Word::Known, Word::Timeout] {
            total.count(word);
        }
        total.filtered_out = 3;
        insta::assert_snapshot!(plain(&summary(&total)), @"Summary [   1.23s] 5 tests run: 2 passed, 1 skipped, 1 known leak, 1 leaked, 1 timed out, 3 filtered out");
    }

    #[test]
    fn a_run_cut_short_says_how_much_is_missing() {
        let mut total = Summary { not_run: 7, ..Summary::default() };
        total.count(Word::Fail);
        insta::assert_snapshot!(plain(&summary(&total)), @"Summary [   0.00s] 1 test run: 1 failed, 7 not run");
    }
}
