//! The handle through which a test with set-up runs its iterations.

use std::process::Termination;

#[cfg(target_os = "linux")]
use super::worker::Iterations;

/// Set-up once, then [`iterate`](Workload::iterate).
///
/// A function under `#[memcheck]` that takes a `Workload` is called once in the worker; what it
/// does before `iterate` is set-up, what it does after it is tear-down, and neither is judged.
///
/// ```no_run
/// # use memcheck::Workload;
/// fn handles_a_request(workload: Workload) {
///     let mut served = Vec::with_capacity(1);
///     workload.iterate(|| {
///         served.push(1);
///         served.clear();
///     });
/// }
/// ```
///
/// Not calling `iterate` fails the test; calling it twice does not compile, because it takes the
/// workload by value.
#[derive(Debug)]
#[must_use = "a test that never calls `iterate` measures nothing and fails"]
pub struct Workload {
    steps: Steps,
}

/// Where the number of iterations comes from.
#[derive(Debug)]
pub(crate) enum Steps {
    /// From the observer.
    #[cfg(target_os = "linux")]
    Worker(Iterations),
    /// One iteration, unjudged.
    Once { done: bool },
}

impl Steps {
    /// Whether another iteration is to run.
    #[inline]
    pub(crate) fn begin(&mut self) -> bool {
        match self {
            #[cfg(target_os = "linux")]
            Steps::Worker(iterations) => iterations.begin(),
            Steps::Once { done } => !std::mem::replace(done, true),
        }
    }

    /// Notes the end of an iteration; unwinds when it returned an error.
    #[inline]
    pub(crate) fn end<R: Termination>(&mut self, result: R) {
        match self {
            #[cfg(target_os = "linux")]
            Steps::Worker(iterations) => iterations.end(result),
            Steps::Once { .. } => {
                if result.report() != std::process::ExitCode::SUCCESS {
                    std::panic::resume_unwind(Box::new("the iteration returned an error"));
                }
            }
        }
    }
}

impl Workload {
    pub(crate) fn new(steps: Steps) -> Self {
        Workload { steps }
    }

    /// Runs `body` as often as the check asks for: that is the judged part of the test.
    ///
    /// `body` may return anything a test may return; an `Err` fails the test with the number of
    /// its iteration.
    pub fn iterate<R: Termination>(self, mut body: impl FnMut() -> R) {
        let mut steps = self.steps();
        while steps.begin() {
            steps.end(body());
        }
    }

    /// The iterations as steps, for a loop that is not `iterate`'s.
    pub(crate) fn steps(self) -> Steps {
        self.steps
    }
}
