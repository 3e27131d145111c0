//! The handle through which a test with set-up runs its iterations.

use std::process::Termination;

/// Set-up once, then [`iterate`](Workload::iterate).
#[derive(Debug)]
pub struct Workload {
    _private: (),
}

impl Workload {
    /// Runs `body` as often as the check asks for.
    pub fn iterate<R: Termination>(self, mut body: impl FnMut() -> R) {
        let mut steps = self.steps();
        while steps.begin() {
            steps.end(body());
        }
    }

    /// The iterations as steps, for a loop that is not `iterate`'s.
    pub(crate) fn steps(self) -> Steps {
        Steps { _private: () }
    }
}

/// The iterations of a check, one after the other: `while steps.begin() { steps.end(body()) }`.
#[derive(Debug)]
pub(crate) struct Steps {
    _private: (),
}

impl Steps {
    /// Does what is to be done between iterations; whether another one is to be run.
    pub(crate) fn begin(&mut self) -> bool {
        false
    }

    /// Takes what the iteration returned.
    pub(crate) fn end<R: Termination>(&mut self, outcome: R) {
        let _ = outcome;
    }
}
