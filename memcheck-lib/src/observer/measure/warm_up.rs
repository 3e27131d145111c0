//! Phase: iterations that are not judged, until everything is warm.

use std::time::Duration;

use super::limited_resources::limited_resource;
use super::run::{MeasuredWorker, Run, WarmUp};
use crate::observer::worker_handle::capabilities::{Iterate, KernelView};
use crate::observer::worker_handle::interruption::Interruption;
use crate::options::Options;

pub(super) fn phase<W: MeasuredWorker>(run: &mut Run<'_, W>) -> Result<(), Interruption> {
    run.warm_up = warm_up(run.worker, &run.measured.options, run.asserts_snapshot)?;
    run.limited = limited_resource(run.worker, run.idle.fds, run.warm_up.iterations);
    Ok(())
}

/// Runs the warm-up.
///
/// A body that would spend more than the whole time budget on the default 16 iterations runs fewer: it
/// shows little in its budget either way. A `warmup` that the user set always runs in full; so does the
/// default if a snapshot must be the same in every run.
pub(in crate::observer) fn warm_up(
    worker: &mut (impl Iterate + KernelView),
    options: &Options,
    snapshot: bool,
) -> Result<WarmUp, Interruption> {
    let wanted = options.effective_warmup();
    if wanted == 0 {
        return Ok(WarmUp::default());
    }
    let budget = options.effective_time();
    let exact = options.warmup.is_some() || options.iterations.is_some() || snapshot;
    let (mut done, mut spent, mut batch) = (0, Duration::ZERO, 1);
    let (mut cost, mut least_cost) = (Duration::ZERO, Duration::MAX);
    while done < wanted {
        batch = batch.min(wanted - done);
        let checkpoint = worker.run(batch)?;
        let took = Duration::from_nanos(checkpoint.wall_ns);
        done += batch;
        spent += took;
        // The last batch is the warmest.
        cost = took.div_f64(batch as f64);
        least_cost = least_cost.min(cost);
        if !exact && spent + cost * u32::try_from(batch * 2).unwrap_or(u32::MAX) > budget {
            break;
        }
        batch *= 2;
        // Reading must be warm too: the kernel's buffers, pages that it touches first.
        let _ = worker.sample();
    }
    Ok(WarmUp { cost, least_cost, iterations: done })
}
