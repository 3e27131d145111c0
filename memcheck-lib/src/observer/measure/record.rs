//! Phase: iterations with recorded call stacks, if they are wanted.

use super::run::{MeasuredWorker, Run};
use crate::detect::Verdict;
use crate::observer::recording::{self, RecordingRequest};
use crate::observer::worker_handle::interruption::{Interruption, Stop};

pub(super) fn record<W: MeasuredWorker>(run: &mut Run<'_, W>) -> Result<(), Interruption> {
    let Run { worker, request, measured, .. } = run;
    let Some(conclusion) = &measured.conclusion else { return Ok(()) };
    let options = &measured.options;
    if !request.record.is_wanted(conclusion.verdict, options.known_leak.is_some()) {
        return Ok(());
    }
    let wanted = RecordingRequest {
        metrics: &conclusion.metrics,
        counted: run.counted,
        spent: run.judged_for,
        from_start: None,
    };
    let recording = recording::record(*worker, &wanted, options);
    let is_growing = conclusion.verdict == Some(Verdict::Growing);
    measured.sites = Some(recording.sites);
    measured.coverage = recording.coverage;
    match recording.interrupted {
        None => {
            worker.set_deadline(options.effective_timeout());
            Ok(())
        }
        Some(Interruption::Stopped(Stop::Cancelled)) => Err(Interruption::Stopped(Stop::Cancelled)),
        // The verdict on what grows is final. A test that does not grow must still reach its end.
        Some(_) if is_growing => {
            measured.completed = true;
            measured.lost_while_recording = true;
            Ok(())
        }
        Some(interruption) => Err(interruption),
    }
}
