//! The iterations of a worker, on systems where no process can be a worker.

#[cfg(feature = "tokio")]
use super::drive::Runtime;
use super::iteration_result::IterationResult;
use super::step::Step;

/// No value of this type exists: nothing starts a worker on this system.
#[derive(Debug)]
pub(crate) enum Iterations {}

impl Iterations {
    pub(crate) fn next(&mut self) -> Step {
        match *self {}
    }

    pub(crate) fn end<R: IterationResult>(&mut self, _result: R) {
        match *self {}
    }

    pub(crate) fn driven(&self) {
        match *self {}
    }

    #[cfg(feature = "tokio")]
    pub(crate) fn runs_in(&mut self, _runtime: Runtime) {
        match *self {}
    }

    #[cfg(feature = "tokio")]
    pub(crate) fn runtime(&self) -> &Runtime {
        match *self {}
    }
}
