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
    /// The body panicked or returned an error, or the workload was not used as it must be.
    Failed {
        /// What happened, as one sentence.
        message: String,
    },
    /// The worker was ended by a signal.
    Crashed {
        /// Name of the signal: `SIGSEGV`.
        signal: String,
    },
    /// The worker exited by itself before the check was finished.
    Exited {
        /// Its exit status.
        status: i32,
    },
    /// The worker lives but its connection is gone.
    Lost,
    /// The worker was still busy when the timeout passed.
    TimedOut {
        /// The timeout that was in force.
        timeout: Duration,
    },
    /// The worker was stopped because it used more memory than it may.
    OverCeiling {
        /// Its live footprint when it was stopped.
        footprint: Bytes,
        /// The ceiling that was in force.
        ceiling: Bytes,
        /// How fast it last grew by iterations, where it came to the end of some.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        per_iteration: Option<Bytes>,
        /// How fast it last grew by time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        per_second: Option<Bytes>,
    },
    /// memcheck itself could not do its work: never a pass.
    Broken {
        /// What failed, on what, and what to do.
        message: String,
    },
    /// The test was not run (ignored).
    Skipped,
}
