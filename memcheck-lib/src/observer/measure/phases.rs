//! The phases of a run, in their order.

use super::run::{Measured, MeasuredWorker, Run, RunRequest};
use super::{finish, judge, profile, recheck, record, start, warm_up};
use crate::observer::worker_handle::interruption::Interruption;

/// A phase of a run.
#[derive(Clone, Copy, Debug)]
enum Phase {
    /// Hello, options, limits; the harness becomes idle.
    Start,
    /// Iterations that are not judged.
    WarmUp,
    /// Iterations that are measured one by one.
    Profile,
    /// The judged windows and the verdict on them.
    Judge,
    /// More readings for growth that may not be a leak.
    Recheck,
    /// Iterations with recorded call stacks.
    Record,
    /// The snapshot and the end of the test.
    Finish,
}

impl Phase {
    const ALL: [Phase; 7] = [
        Phase::Start,
        Phase::WarmUp,
        Phase::Profile,
        Phase::Judge,
        Phase::Recheck,
        Phase::Record,
        Phase::Finish,
    ];

    fn run<W: MeasuredWorker>(self, run: &mut Run<'_, W>) -> Result<(), Interruption> {
        match self {
            Phase::Start => start::start(run),
            Phase::WarmUp => warm_up::phase(run),
            Phase::Profile => profile::profile(run),
            Phase::Judge => judge::judge(run),
            Phase::Recheck => recheck::recheck(run),
            Phase::Record => record::record(run),
            Phase::Finish => finish::finish(run),
        }
    }
}

/// Measures a worker until its end, or until the phase that is interrupted.
pub(in crate::observer) fn measure<W: MeasuredWorker>(
    worker: &mut W,
    request: &RunRequest<'_>,
) -> (Measured, Result<(), Interruption>) {
    let mut run = Run::new(worker, request);
    let result = Phase::ALL.into_iter().try_for_each(|phase| phase.run(&mut run));
    (run.measured, result)
}
