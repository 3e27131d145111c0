//! Runs iterations once more, within the timeout.

use std::time::Duration;

use crate::observer::worker_handle::capabilities::{Bounds, Iterate};
use crate::observer::worker_handle::interruption::Interruption;

/// Parts in which the iterations run, so that a body that became slow stops before its timeout: at most
/// an eighth too late, as the judged windows, which have eight checkpoints.
pub(super) const PARTS: u64 = 8;

/// Runs so many iterations, which are expected to take about as long as `spent`; `false` if they would
/// not end before `timeout`.
pub(super) fn repeat(
    worker: &mut (impl Iterate + Bounds),
    iterations: u64,
    spent: Duration,
    timeout: Duration,
) -> Result<bool, Interruption> {
    for part in 0..PARTS {
        let batch = iterations * (part + 1) / PARTS - iterations * part / PARTS;
        if batch == 0 {
            continue;
        }
        worker.run(batch)?;
        if worker.elapsed() + spent / PARTS as u32 > timeout {
            return Ok(false);
        }
    }
    Ok(true)
}
