//! The counts of a run.

use std::collections::BTreeMap;
use std::time::Duration;

use memcheck::tool::render::{Tone, in_words, tone};
use memcheck::tool::report::{Proofs, Status};

/// The counts of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    /// The number of tests with each status.
    pub(crate) counts: BTreeMap<Status, usize>,
    /// Selected tests that did not start: after `--fail-fast` or a signal.
    pub(crate) not_run: usize,
    /// Annotated tests that the filters excluded.
    pub(crate) filtered_out: usize,
    /// The signal that ended the run early.
    pub(crate) interrupted: Option<i32>,
    /// The results of `--prove`.
    pub(crate) proofs: Option<Proofs>,
    /// Wall time, without the build.
    pub(crate) elapsed: Duration,
}

impl Summary {
    /// Counts a test.
    pub(crate) fn count(&mut self, status: Status) {
        *self.counts.entry(status).or_default() += 1;
    }

    /// Whether `--prove` missed a planted leak.
    pub(crate) fn is_unproven(&self) -> bool {
        self.proofs.is_some_and(|proofs| proofs.unproven > 0)
    }

    /// Whether every test ran, except ignored ones.
    pub(crate) fn is_complete(&self) -> bool {
        self.not_run == 0 && self.filtered_out == 0 && self.interrupted.is_none()
    }

    /// The statuses that occurred.
    pub(crate) fn statuses(&self) -> impl Iterator<Item = Status> {
        self.counts.keys().copied()
    }

    /// The number of tests that ran.
    pub(crate) fn run(&self) -> usize {
        self.counts
            .iter()
            .filter(|(status, _)| **status != Status::Skip)
            .map(|(_, count)| count)
            .sum()
    }

    /// The counts in words: `2 tests run`, then `1 passed`, `1 leaked`, each with its tone.
    pub(crate) fn in_words(&self) -> (String, Vec<(String, Option<Tone>)>) {
        let run = self.run();
        let tests = if run == 1 { "test" } else { "tests" };
        let counts = self.counts.iter();
        let mut parts: Vec<(String, Option<Tone>)> =
            counts.map(|(&status, &count)| (in_words(status, count), Some(tone(status)))).collect();
        if self.filtered_out > 0 {
            parts.push((format!("{} filtered out", self.filtered_out), None));
        }
        if self.not_run > 0 {
            parts.push((format!("{} not run", self.not_run), None));
        }
        (format!("{run} {tests} run"), parts)
    }

    /// The results of `--prove` in words: `2 proven`, `1 unproven`, each with its tone.
    pub(crate) fn proofs_in_words(&self) -> Option<Vec<(String, Option<Tone>)>> {
        let Proofs { proven, unproven, not_passed, .. } = self.proofs?;
        let mut parts = vec![(format!("{proven} proven"), None)];
        if unproven > 0 {
            parts.push((format!("{unproven} unproven"), Some(Tone::Bad)));
        }
        if not_passed > 0 {
            parts.push((format!("{not_passed} not PASS, so not proven"), None));
        }
        Some(parts)
    }
}
