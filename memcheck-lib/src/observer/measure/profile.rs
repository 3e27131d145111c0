//! Phase: iterations that are measured one by one.

use super::profile_limits;
use super::run::{MeasuredWorker, Run};
use crate::observer::worker_handle::interruption::Interruption;

/// Iterations of the fixed profile. The number is fixed so that profiles of two runs can be compared; 64
/// show what happens in one of ten iterations several times, and take 1.5 % of a default run.
const PROFILED: u64 = 64;

/// Measures the profile, unless it would cost a slow body more than a quarter of its budget, or use up a
/// limited resource. A limit or a snapshot that needs the profile always gets it.
pub(super) fn profile<W: MeasuredWorker>(run: &mut Run<'_, W>) -> Result<(), Interruption> {
    let options = &run.measured.options;
    let needed = profile_limits::any(options) || run.asserts_snapshot;
    let cost = run.warm_up.least_cost * PROFILED as u32;
    let affordable = run.limited.is_none() && cost <= options.effective_time() / 4;
    if needed || affordable {
        let mut profile = run.worker.profile(PROFILED)?;
        if !run.counted.native {
            profile.c_heap = None;
        }
        run.measured.profile = Some(profile);
    }
    Ok(())
}
