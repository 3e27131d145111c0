//! The counts of a run.

use std::collections::BTreeMap;
use std::time::Duration;

use memcheck::report::{Proofs, Status};

/// The counts of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    /// How many tests came under each status.
    pub(crate) counts: BTreeMap<Status, usize>,
    /// Tests that were to run, but were not started: after `--fail-fast` or a signal.
    pub(crate) not_run: usize,
    /// Annotated tests that were not asked for.
    pub(crate) filtered_out: usize,
    /// The signal that ended the run early.
    pub(crate) interrupted: Option<i32>,
    /// What became of the proofs, where they were asked for.
    pub(crate) proofs: Option<Proofs>,
    /// Wall time, without the build.
    pub(crate) elapsed: Duration,
}

impl Summary {
    /// Counts a test.
    pub(crate) fn count(&mut self, status: Status) {
        *self.counts.entry(status).or_default() += 1;
    }

    /// Whether a planted leak was missed.
    pub(crate) fn is_unproven(&self) -> bool {
        self.proofs.is_some_and(|proofs| proofs.unproven > 0)
    }

    /// Whether nothing was left out, but for ignored tests.
    pub(crate) fn is_complete(&self) -> bool {
        self.not_run == 0 && self.filtered_out == 0 && self.interrupted.is_none()
    }

    /// The statuses that occurred.
    pub(crate) fn statuses(&self) -> impl Iterator<Item = Status> {
        self.counts.keys().copied()
    }

    /// Tests that were run.
    pub(crate) fn run(&self) -> usize {
        self.counts
            .iter()
            .filter(|(status, _)| **status != Status::Skip)
            .map(|(_, count)| count)
            .sum()
    }
}
