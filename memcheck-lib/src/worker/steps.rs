//! The steps of a loop of iterations: as many as the observer asks for, or one.

#[cfg(feature = "tokio")]
use super::drive::Runtime;
use super::iteration_result::{IterationResult, print_failure};
#[cfg(not(target_os = "linux"))]
use super::no_session::Iterations;
#[cfg(target_os = "linux")]
use super::session::iterations::Iterations;
use super::step::Step;

/// What decides the number of iterations.
#[derive(Debug)]
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "there are no workers"))]
pub(crate) enum Steps {
    /// The observer.
    Worker(Iterations),
    /// One iteration, not judged.
    Once { done: bool },
}

impl Steps {
    /// What to do next.
    #[inline]
    pub(crate) fn next(&mut self) -> Step {
        match self {
            Steps::Worker(iterations) => iterations.next(),
            Steps::Once { done: true } => Step::End,
            Steps::Once { done } => {
                *done = true;
                Step::Iterate
            }
        }
    }

    /// The loop has driven the runtime.
    pub(crate) fn driven(&self) {
        match self {
            Steps::Worker(iterations) => iterations.driven(),
            Steps::Once { .. } => {}
        }
    }

    /// Whether to run another iteration. For a loop that cannot drive the runtime it runs in.
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

    /// Sets the runtime in which the iterations run.
    #[cfg(feature = "tokio")]
    pub(crate) fn runs_in(&mut self, runtime: Runtime) {
        match self {
            Steps::Worker(iterations) => iterations.runs_in(runtime),
            Steps::Once { .. } => drop(runtime),
        }
    }

    /// The runtime in which the iterations run, if memcheck knows one.
    #[cfg(feature = "tokio")]
    #[inline]
    pub(crate) fn runtime(&self) -> Option<&Runtime> {
        match self {
            Steps::Worker(iterations) => Some(iterations.runtime()),
            Steps::Once { .. } => None,
        }
    }

    /// Awaits one iteration, and lets the tasks that it spawned run once.
    #[inline]
    pub(crate) async fn iterate_once<R>(&self, body: &mut impl AsyncFnMut() -> R) -> R {
        #[cfg(feature = "tokio")]
        if let Some(runtime) = self.runtime() {
            let before = runtime.tasks();
            let outcome = body().await;
            runtime.yield_to_new_tasks(before).await;
            return outcome;
        }
        body().await
    }

    /// Ends an iteration; unwinds if it returned an error.
    #[inline]
    pub(crate) fn end<R: IterationResult>(&mut self, result: R) {
        match self {
            Steps::Worker(iterations) => iterations.end(result),
            Steps::Once { .. } => {
                if let Some(message) = result.failure() {
                    print_failure(&message);
                    std::panic::resume_unwind(Box::new("the iteration returned an error"));
                }
            }
        }
    }
}
