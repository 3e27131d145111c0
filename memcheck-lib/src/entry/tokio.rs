//! The entry of an `async` test under `#[memcheck]`, and the tokio runtime that it runs in.
//!
//! The runtime is built once, in the worker, and entered for every iteration. So what a body leaves
//! behind in it, tasks above all, stays and is counted, and the cost of a runtime is counted once. Tasks
//! that have not ended are a metric of their own; before a reading the worker drives the runtime, so that
//! tasks end that can.

use std::fmt;
use std::io;
use std::process::Termination;

use super::attribute;
use super::test::Test;
use crate::worker::{Returned, Step, Workload};

/// The runtime of an `async` test, as `#[tokio::test]` spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// `flavor = "current_thread"`, the default.
    CurrentThread,
    /// `flavor = "multi_thread"`.
    MultiThread {
        /// `worker_threads`; by default the number of cores, as in tokio.
        worker_threads: Option<usize>,
    },
}

/// The runtime could not be built.
#[derive(Debug)]
pub(crate) struct RuntimeError {
    runtime: Runtime,
    source: io::Error,
}

impl fmt::Display for RuntimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.runtime {
            Runtime::CurrentThread => "current_thread",
            Runtime::MultiThread { .. } => "multi_thread",
        };
        write!(
            f,
            "cannot build the `{what}` runtime of tokio for the test: {}. Check the limits of threads and open files (`ulimit -u`, `ulimit -n`)",
            self.source
        )
    }
}

impl std::error::Error for RuntimeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

impl Runtime {
    fn build(self) -> Result<tokio::runtime::Runtime, RuntimeError> {
        let mut builder = match self {
            Self::CurrentThread => tokio::runtime::Builder::new_current_thread(),
            Self::MultiThread { .. } => tokio::runtime::Builder::new_multi_thread(),
        };
        if let Self::MultiThread { worker_threads: Some(threads) } = self {
            builder.worker_threads(threads);
        }
        builder.enable_all().build().map_err(|source| RuntimeError { runtime: self, source })
    }
}

/// Enters an `async` test whose body is one iteration.
pub fn plain_async<R: Termination>(test: Test, runtime: Runtime, mut body: impl AsyncFnMut() -> R) {
    attribute::workload(test, |workload| -> Result<(), RuntimeError> {
        let runtime = runtime.build()?;
        let mut steps = workload.in_runtime(&runtime).steps();
        loop {
            match steps.next() {
                Step::Iterate => {
                    let outcome = runtime.block_on(steps.iterate_once(&mut body));
                    steps.end(Returned(outcome));
                }
                Step::Drive(drive) => {
                    runtime.block_on(drive.run());
                    steps.driven();
                }
                Step::End => return Ok(()),
            }
        }
    });
}

/// Enters an `async` test that sets up and then calls [`Workload::iterate_async`].
pub fn workload_async<R: Termination>(
    test: Test,
    runtime: Runtime,
    body: impl AsyncFnOnce(Workload) -> R,
) {
    attribute::workload(test, |workload| -> Result<R, RuntimeError> {
        let runtime = runtime.build()?;
        let workload = workload.in_runtime(&runtime);
        Ok(runtime.block_on(body(workload)))
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::runtime::{Handle, RuntimeFlavor};

    #[test]
    fn runtimes_have_the_flavor_and_threads_of_their_name() {
        let facts = |runtime: Runtime| {
            runtime.build().unwrap().block_on(async {
                let metrics = Handle::current().metrics();
                (Handle::current().runtime_flavor(), metrics.num_workers())
            })
        };
        assert_eq!(facts(Runtime::CurrentThread), (RuntimeFlavor::CurrentThread, 1));
        let three = Runtime::MultiThread { worker_threads: Some(3) };
        assert_eq!(facts(three), (RuntimeFlavor::MultiThread, 3));
        let default = facts(Runtime::MultiThread { worker_threads: None });
        assert_eq!(default.0, RuntimeFlavor::MultiThread);
    }

    #[test]
    fn a_runtime_error_names_the_flavor_and_the_cause() {
        let error = RuntimeError {
            runtime: Runtime::MultiThread { worker_threads: None },
            source: io::Error::other("no threads left"),
        };
        assert_eq!(
            error.to_string(),
            "cannot build the `multi_thread` runtime of tokio for the test: no threads left. Check the limits of threads and open files (`ulimit -u`, `ulimit -n`)"
        );
    }
}
