//! A second worker of the same test, recorded from its start.
//!
//! A worker that its leak has ended can no longer be recorded; a second one can, and runs fewer
//! iterations. And after a long run a container doubles too rarely to wait for it; in a worker that has
//! just started it doubles every few iterations.

use std::time::Instant;

use super::cancel::{Cancel, Progress};
use super::launch::Launch;
use super::measure::run::Measured;
use super::measure::warm_up::warm_up;
use super::recording::{self, Coverage, Recording, RecordingRequest};
use super::settings::Settings;
use super::worker_handle::capabilities::{Bounds, Lifecycle};
use super::worker_handle::interruption::Interruption;
use super::worker_handle::readings::CountedHeaps;
use super::worker_process::ceiling::{CeilingGuard, default_ceiling};
use super::worker_process::process::WorkerProcess;
use super::worker_process::session::Session;
use super::worker_process::spawn::spawn;
use crate::detect::{MetricReport, Verdict};
use crate::options::Options;
use crate::report::{Outcome, Sites};

/// What a second worker is started with.
pub(super) struct Rerun<'a> {
    pub(super) launch: &'a Launch,
    pub(super) settings: &'a Settings,
    pub(super) cancel: &'a Cancel,
}

/// Why a second worker is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// The first one ended in this iteration.
    FirstEnded(u64),
    /// A container grows that did not double while the first one was recorded.
    Container,
}

impl Rerun<'_> {
    /// The sites of a second worker, if they explain more than those of the `first`, which ended with
    /// this outcome in this iteration.
    pub(super) fn record(
        &self,
        first: &Measured,
        end: (&Outcome, Option<u64>),
        progress: &mut dyn FnMut(Progress),
    ) -> Option<Sites> {
        let known = first.options.known_leak.is_some();
        if !self.settings.sites.is_wanted(Some(Verdict::Growing), known) {
            return None;
        }
        let cause = cause(first, end)?;
        let conclusion = first.conclusion.as_ref()?;
        let rose: Vec<MetricReport> = conclusion
            .metrics
            .iter()
            .filter(|of| of.rose_to_the_end())
            .map(|of| MetricReport { verdict: Verdict::Growing, ..of.clone() })
            .collect();
        if rose.is_empty() {
            return None;
        }
        let most = match cause {
            // Half as many, so that this worker does not end in the same way.
            Cause::FirstEnded(iteration) => iteration / 2,
            Cause::Container => conclusion.iterations,
        };
        let Recording { mut sites, coverage, .. } = self.run(first, &rose, most, progress)?;
        match cause {
            Cause::FirstEnded(_) if sites.grew_again => {
                let note = "the sites are from a second worker, because the first ended before its call stacks were recorded";
                sites.notes.insert(0, note.to_owned());
                Some(sites)
            }
            Cause::Container if coverage == Coverage::Complete => Some(sites),
            Cause::Container if sites.grew_again && !has_grown(first) => Some(sites),
            _ => None,
        }
    }

    fn run(
        &self,
        first: &Measured,
        rose: &[MetricReport],
        most: u64,
        progress: &mut dyn FnMut(Progress),
    ) -> Option<Recording> {
        // The output of the body was shown for the first worker.
        let launch = Launch { show_output: false, ..self.launch.clone() };
        let options = &first.options;
        let worker = spawn(&launch).ok()?;
        let started = Instant::now();
        let deadline = started + options.effective_timeout();
        let session = Session::new(worker, &launch, self.cancel, deadline);
        let default = default_ceiling(self.settings.jobs);
        let ceiling = CeilingGuard::new(session.pid(), default, options.ceiling);
        let mut process = WorkerProcess::new(session, started, ceiling, progress);
        record_from_start(&mut process, options, rose, most).ok()
    }
}

/// Records a worker from its warm-up on: `most` iterations at most, the warm-up included, in about the
/// time budget. `rose` are the metrics that the first worker has shown to grow.
fn record_from_start(
    worker: &mut WorkerProcess<'_>,
    options: &Options,
    rose: &[MetricReport],
    most: u64,
) -> Result<Recording, Interruption> {
    let hello = worker.hello()?;
    worker.set_deadline(options.effective_timeout());
    worker.set_ceiling(options.ceiling);
    let warm_up = warm_up(worker, options, false)?;
    let request = RecordingRequest {
        metrics: rose,
        counted: CountedHeaps::of(&hello),
        spent: options.effective_time(),
        from_start: Some(most.saturating_sub(warm_up.iterations).max(1)),
    };
    Ok(recording::record(worker, &request, options))
}

fn cause(first: &Measured, (outcome, iteration): (&Outcome, Option<u64>)) -> Option<Cause> {
    match outcome {
        Outcome::Failed { .. }
        | Outcome::Crashed { .. }
        | Outcome::Exited { .. }
        | Outcome::OverCeiling { .. }
            if !has_grown(first) =>
        {
            iteration.map(Cause::FirstEnded)
        }
        Outcome::Passed if first.coverage == Coverage::AllButContainers => Some(Cause::Container),
        // A second worker would time out or get lost in the same way.
        _ => None,
    }
}

/// Whether the growth recurred while it was recorded.
fn has_grown(measured: &Measured) -> bool {
    measured.sites.as_ref().is_some_and(|sites| sites.grew_again)
}
