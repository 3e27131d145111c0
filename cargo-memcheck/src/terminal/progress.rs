//! The progress of a run: a line at the start, and then a progress line if standard error is a terminal.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use memcheck::report::TestId;
use memcheck::tool::units::grouped;

use super::style;
use crate::runner::Event;

/// The progress line.
pub(super) struct Progress {
    bar: ProgressBar,
    running: Vec<(Arc<TestId>, u64)>,
}

impl Progress {
    /// A progress line on standard error, unless it is not a terminal or `visible` is false.
    pub(super) fn on_stderr(visible: bool) -> Self {
        Progress::on(match visible {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        })
    }

    fn on(target: ProgressDrawTarget) -> Self {
        let bar = ProgressBar::with_draw_target(None, target);
        // With an invalid template, the default one stays.
        if let Ok(style) =
            ProgressStyle::with_template("{spinner} [{elapsed}] {pos}/{len} {wide_msg}")
        {
            bar.set_style(style);
        }
        Progress { bar, running: Vec::new() }
    }

    /// Hides the line while `write` runs.
    pub(super) fn around<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    /// Receives an event.
    pub(super) fn event(&mut self, event: &Event) {
        match event {
            Event::Started { tests, binaries } => {
                // A closed standard error is not a reason to stop.
                let _ = anstream::stderr().write_all(starting(*tests, *binaries).as_bytes());
                self.bar.set_length(*tests as u64);
                if !self.bar.is_hidden() {
                    self.bar.enable_steady_tick(Duration::from_millis(200));
                }
            }
            Event::TestStarted(test) => self.running.push((Arc::clone(test), 0)),
            Event::TestProgress(test, progress) => {
                if let Some((_, iterations)) = self.running.iter_mut().find(|(of, _)| of == test) {
                    *iterations = progress.iterations;
                }
            }
            Event::TestFinished(report) => {
                let before = self.running.len();
                self.running.retain(|(test, _)| **test != report.test);
                self.bar.inc((before - self.running.len()) as u64);
            }
            Event::Interrupted { .. } => {}
            Event::Finished(_) => {
                self.bar.finish_and_clear();
                return;
            }
        }
        self.bar.set_message(message(&self.running));
    }
}

/// The line at the start, in the style of cargo messages.
fn starting(tests: usize, binaries: usize) -> String {
    let style = style::HEADING;
    format!(
        "{style}{:>12}{style:#} {tests} test{} in {binaries} binar{}\n",
        "Starting",
        if tests == 1 { "" } else { "s" },
        if binaries == 1 { "y" } else { "ies" },
    )
}

/// The running tests: the name of the longest-running one, and the number of others.
fn message(running: &[(Arc<TestId>, u64)]) -> String {
    let Some((test, iterations)) = running.first() else { return String::new() };
    let mut text = format!("{} {}", test.binary, test.name);
    if *iterations > 0 {
        let iterations = grouped(i64::try_from(*iterations).unwrap_or(i64::MAX));
        text.push_str(&format!(" ({iterations} iterations)"));
    }
    if running.len() > 1 {
        text.push_str(&format!(", {} more", running.len() - 1));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_running_test_is_shown() {
        let test = |name: &str, iterations| {
            let id = TestId::new(name, "cache");
            (Arc::new(id), iterations)
        };
        assert_eq!(message(&[]), "");
        assert_eq!(message(&[test("a", 0)]), "cache a");
        assert_eq!(message(&[test("a", 2048), test("b", 1)]), "cache a (2,048 iterations), 1 more");
    }

    #[test]
    fn finished_tests_are_removed_from_the_line() {
        let mut progress = Progress::on(ProgressDrawTarget::hidden());
        let id = TestId::new("a", "");
        progress.event(&Event::Started { tests: 1, binaries: 1 });
        progress.event(&Event::TestStarted(Arc::new(id.clone())));
        let report = memcheck::Report::unobserved(id, memcheck::report::Outcome::Lost);
        progress.event(&Event::TestFinished(Arc::new(report)));
        assert!(progress.running.is_empty());
        assert_eq!(progress.bar.position(), 1);
    }
}
