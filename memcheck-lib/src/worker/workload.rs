//! The handle through which a test with set-up runs its iterations.

use std::process::Termination;

use super::drive::Drive;
#[cfg(feature = "tokio")]
use super::drive::Runtime;
#[cfg(target_os = "linux")]
use super::serve::Iterations;

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

/// What comes next in a loop of iterations.
#[derive(Debug)]
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "nothing is driven there"))]
pub(crate) enum Step {
    /// One iteration.
    Iterate,
    /// The runtime, then [`Steps::driven`].
    Drive(Drive),
    /// The end of the loop.
    End,
}

impl Steps {
    /// What comes next.
    #[inline]
    pub(crate) fn next(&mut self) -> Step {
        match self {
            #[cfg(target_os = "linux")]
            Steps::Worker(iterations) => iterations.next(),
            Steps::Once { done: true } => Step::End,
            Steps::Once { done } => {
                *done = true;
                Step::Iterate
            }
        }
    }

    /// The runtime was driven.
    pub(crate) fn driven(&self) {
        match self {
            #[cfg(target_os = "linux")]
            Steps::Worker(iterations) => iterations.driven(),
            Steps::Once { .. } => {}
        }
    }

    /// Whether another iteration is to run. For a loop that cannot drive the runtime it runs in.
    #[inline]
    pub(crate) fn begin(&mut self) -> bool {
        loop {
            match self.next() {
                Step::Iterate => return true,
                Step::End => return false,
                Step::Drive(drive) => {
                    drive.wait();
                    self.driven();
                }
            }
        }
    }

    /// The runtime in which the iterations run.
    #[cfg(feature = "tokio")]
    pub(crate) fn runs_in(&mut self, runtime: Runtime) {
        match self {
            #[cfg(target_os = "linux")]
            Steps::Worker(iterations) => iterations.runs_in(runtime),
            Steps::Once { .. } => drop(runtime),
        }
    }

    /// The runtime in which the iterations run, where one is known.
    #[cfg(feature = "tokio")]
    #[inline]
    pub(crate) fn runtime(&self) -> Option<&Runtime> {
        match self {
            #[cfg(target_os = "linux")]
            Steps::Worker(iterations) => Some(iterations.runtime()),
            Steps::Once { .. } => None,
        }
    }

    /// Awaits one iteration, and gives the tasks that it spawned their turn.
    #[inline]
    pub(crate) async fn iterate_once<R>(&self, body: &mut impl AsyncFnMut() -> R) -> R {
        #[cfg(feature = "tokio")]
        if let Some(runtime) = self.runtime() {
            let before = runtime.tasks();
            let outcome = body().await;
            runtime.breathe(before).await;
            return outcome;
        }
        body().await
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

    /// The same, in a runtime that is known.
    #[cfg(feature = "tokio")]
    pub(crate) fn in_runtime(mut self, runtime: &tokio::runtime::Runtime) -> Self {
        self.steps.runs_in(Runtime::of(runtime.handle().clone()));
        self
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
