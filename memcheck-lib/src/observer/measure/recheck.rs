//! Phase: more readings for growth that may not be a leak.

use super::run::{Measured, MeasuredWorker, Run};
use crate::observer::rechecks::allocator_retention::AllocatorRetention;
use crate::observer::rechecks::backlog::Backlog;
use crate::observer::rechecks::first_touch::FirstTouch;
use crate::observer::rechecks::recheck::{JudgedPart, Judgement, Recheck};
use crate::observer::rechecks::recurrence::Recurrence;
use crate::observer::worker_handle::interruption::Interruption;
use crate::process::ProcessSnapshot;
use crate::snapshot::Snapshot;

/// The rechecks in their order. Each sees the conclusion that the previous ones have revised: heap and
/// descriptors first, because the footprint is rechecked only if nothing else grows.
fn rechecks<'a, W: MeasuredWorker + 'a>() -> [&'a dyn Recheck<W>; 4] {
    [&Backlog, &FirstTouch, &Recurrence, &AllocatorRetention]
}

pub(super) fn recheck<W: MeasuredWorker>(run: &mut Run<'_, W>) -> Result<(), Interruption> {
    let timeout = run.measured.options.effective_timeout();
    let Measured { conclusion, retention, before, after, hello, .. } = &mut run.measured;
    let Some(conclusion) = conclusion else { return Ok(()) };
    let judged = JudgedPart {
        counted: run.counted,
        rust_as_c: hello.as_ref().is_some_and(|hello| hello.heap_counted_as_c),
        snapshots: process(before.as_ref()).zip(process(after.as_ref())),
        spent: run.judged_for,
        timeout,
    };
    let mut judgement = Judgement { conclusion, retention };
    for recheck in rechecks() {
        if recheck.applies(judgement.conclusion) {
            recheck.recheck(run.worker, &mut judgement, &judged)?;
        }
    }
    Ok(())
}

/// What the kernel showed of the worker in a snapshot.
fn process(snapshot: Option<&Snapshot>) -> Option<&ProcessSnapshot> {
    snapshot.and_then(|of| of.process.as_ref())
}
