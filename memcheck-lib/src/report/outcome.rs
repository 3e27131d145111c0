//! How a worker's process ended.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::units::Bytes;

/// How the worker's process ended. Separate from the verdict on its memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", tag = "kind")]
#[non_exhaustive]
pub enum Outcome {
    /// The protocol was completed and the test returned success.
    Passed,
    /// The body panicked or returned an error, or used its `Workload` in a wrong way.
    Failed {
        /// What happened, as one sentence.
        message: String,
    },
    /// A signal terminated the worker.
    Crashed {
        /// Name of the signal: `SIGSEGV`.
        signal: String,
    },
    /// The worker exited before the check was finished.
    Exited {
        /// Its exit status.
        status: i32,
    },
    /// The worker runs, but closed its connection.
    Lost,
    /// The worker was still running at the timeout.
    TimedOut {
        /// The timeout that was in force.
        timeout: Duration,
    },
    /// The worker was stopped because it used more memory than its ceiling.
    OverCeiling {
        /// Its live footprint when it was stopped.
        footprint: Bytes,
        /// The ceiling that was in force.
        ceiling: Bytes,
        /// Its last growth per iteration, if it finished any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        per_iteration: Option<Bytes>,
        /// Its last growth per second.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        per_second: Option<Bytes>,
    },
    /// memcheck itself failed. This is never a pass.
    Broken {
        /// What failed, on what, and what to do.
        message: String,
    },
    /// The test was not run (ignored), or not judged (`skip`).
    Skipped {
        /// Why, as its `#[ignore]` or its option `skip` says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
}
