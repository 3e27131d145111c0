//! Phase: iterations with recorded call stacks, if they are wanted.

use super::run::{MeasuredWorker, Run};
use std::time::Duration;

use crate::detect::{Advice, Conclusion, Verdict};
use crate::metric::{Metric, SiteRelation};
use crate::observer::recording::{self, RecordingRequest};
use crate::observer::worker_handle::interruption::{Interruption, Stop};
use crate::report::{MetricReport, Sites};

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
    // What an interrupted recording lacks proves nothing.
    if recording.interrupted.is_none()
        && let Some(conclusion) = &mut measured.conclusion
    {
        revise(conclusion, &recording.sites, run.judged_for);
    }
    measured.sites = Some(recording.sites);
    measured.coverage = recording.coverage;
    match recording.interrupted {
        None => {
            worker.set_deadline(options.effective_timeout());
            Ok(())
        }
        Some(Interruption::Stopped(Stop::Cancelled)) => Err(Interruption::Stopped(Stop::Cancelled)),
        // The verdict on what grows is final. A test that does not grow must still reach its end.
        Some(_)
            if measured
                .conclusion
                .as_ref()
                .is_some_and(|of| of.verdict == Some(Verdict::Growing)) =>
        {
            measured.completed = true;
            measured.lost_while_recording = true;
            Ok(())
        }
        Some(interruption) => Err(interruption),
    }
}

/// A leak grows in the recorded iterations by at least this part of what it grew by in as many judged
/// ones. A container that doubles grows by half or more.
const LEAK: f64 = 4.0;

/// Items that a leak must be expected to add to the recording: of 16 events, a quarter or fewer come by
/// chance with a probability of 0.0004 (Poisson).
const EVENTS: f64 = 16.0;

/// Revises the conclusion on metrics that did not grow when half as many iterations or more were recorded:
/// they stopped growing after the judged part, as a cache that is full, or whose entries have expired.
fn revise(conclusion: &mut Conclusion, sites: &Sites, spent: Duration) {
    if sites.iterations < conclusion.iterations / 2 {
        return;
    }
    let stopped: Vec<Metric> = conclusion
        .metrics
        .iter()
        .filter(|of| of.verdict == Verdict::Growing && stopped_growing(of, sites))
        .map(|of| of.metric)
        .collect();
    for metric in stopped {
        let warmup = conclusion.iterations.saturating_mul(2);
        let advice = Advice::StillFilling { metric, warmup, time: spent.saturating_mul(4) };
        conclusion.revise(metric, Verdict::Inconclusive, Some(advice));
    }
}

fn stopped_growing(of: &MetricReport, sites: &Sites) -> bool {
    let SiteRelation::Counted(kind) = of.metric.row().sites else { return false };
    let Some(account) = sites.accounts.iter().find(|account| account.kind == kind) else {
        return false;
    };
    let again = match of.metric.is_bytes() {
        true => account.growth.bytes,
        false => account.growth.blocks,
    };
    let expected = of.rate * sites.iterations as f64;
    // A container may double just after the recording if fewer iterations were recorded than ran before.
    let is_enough = match of.metric.is_bytes() {
        true => sites.iterations >= sites.began_after,
        false => expected >= EVENTS,
    };
    is_enough && (again as f64) * LEAK < expected
}
