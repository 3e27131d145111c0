//! Phase: more readings for growth that may not be a leak.

use super::run::{MeasuredWorker, Run};
use crate::observer::rechecks::allocator_retention::AllocatorRetention;
use crate::observer::rechecks::backlog::Backlog;
use crate::observer::rechecks::recheck::{JudgedPart, Judgement, Recheck};
use crate::observer::rechecks::recurrence::Recurrence;
use crate::observer::worker_handle::interruption::Interruption;

/// The rechecks in their order. Each sees the conclusion that the previous ones have revised: heap and
/// descriptors first, because the footprint is rechecked only if nothing else grows.
fn rechecks<'a, W: MeasuredWorker + 'a>() -> [&'a dyn Recheck<W>; 3] {
    [&Backlog, &Recurrence, &AllocatorRetention]
}

pub(super) fn recheck<W: MeasuredWorker>(run: &mut Run<'_, W>) -> Result<(), Interruption> {
    let timeout = run.measured.options.effective_timeout();
    let judged = JudgedPart { counted: run.counted, spent: run.judged_for, timeout };
    let Some(conclusion) = &mut run.measured.conclusion else { return Ok(()) };
    let mut judgement = Judgement { conclusion, retention: &mut run.measured.retention };
    for recheck in rechecks() {
        if recheck.applies(judgement.conclusion) {
            recheck.recheck(run.worker, &mut judgement, &judged)?;
        }
    }
    Ok(())
}
