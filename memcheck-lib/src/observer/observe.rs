//! One observation: starts the worker of a test, measures it and ends it.

use std::time::{Duration, Instant};

use super::assemble::outcome::{failure_message, outcome_of};
use super::assemble::report::{Ending, Facts, assemble};
use super::cancel::{Cancel, Progress};
use super::launch::Launch;
use super::measure::measure;
use super::measure::run::{Measured, RunRequest};
use super::rerun::Rerun;
use super::settings::{Record, Settings};
use super::worker_handle::interruption::{Interruption, Stop};
use super::worker_process::ceiling::{CeilingGuard, default_ceiling};
use super::worker_process::process::WorkerProcess;
use super::worker_process::session::Session;
use super::worker_process::spawn::spawn;
use crate::report::{self, Outcome, Plant, Report, TestId};

/// How long a worker may take to end after its last packet. Destructors of statics and `atexit` handlers
/// run in this time.
const END_TIMEOUT: Duration = Duration::from_secs(10);
/// The same for a worker whose test has failed: its status no longer matters, but it may end in order.
const END_TIMEOUT_AFTER_FAILURE: Duration = Duration::from_secs(2);

/// Starts the worker of one test, observes it to its end and judges it.
pub fn observe(
    launch: &Launch,
    settings: &Settings,
    cancel: &Cancel,
    progress: &mut dyn FnMut(Progress),
) -> Report {
    observe_planted(launch, settings, None, cancel, progress)
}

/// The same, with a leak planted in addition to what the body does.
pub(super) fn observe_planted(
    launch: &Launch,
    settings: &Settings,
    plant: Option<Plant>,
    cancel: &Cancel,
    progress: &mut dyn FnMut(Progress),
) -> Report {
    let started = Instant::now();
    let worker = match spawn(launch) {
        Ok(worker) => worker,
        Err(error) => {
            let message = format!("cannot start `{}`: {error}", launch.program.display());
            let ending = Ending::of(Outcome::Broken { message });
            return assemble(facts(launch, started), Measured::default(), ending);
        }
    };
    // The attribute's options come with hello.
    let options = settings.overrides.clone().over(settings.defaults.clone());
    let timeout = options.first_timeout();
    let session = Session::new(worker, launch, cancel, started + timeout);
    let ceiling = CeilingGuard::new(session.pid(), default_ceiling(settings.jobs), options.ceiling);
    let mut process = WorkerProcess::new(session, started, ceiling, &mut *progress);
    let request = RunRequest {
        defaults: &settings.defaults,
        overrides: &settings.overrides,
        // The place of a planted leak is known.
        record: if plant.is_some() { Record::Never } else { settings.sites },
        plant,
        blind: settings.blind,
        // A planted leak does not belong to the test's profile.
        snapshot_text: &|measured| match plant {
            None => snapshot_text(facts(launch, started), measured),
            Some(_) => None,
        },
    };
    let (mut measured, result) = measure(&mut process, &request);
    let not_read = process.notes();
    let ending = end(process.into_session(), result, &measured, timeout);
    if plant.is_none() {
        let rerun = Rerun { launch, settings, cancel };
        let end = (&ending.outcome, ending.failed_iteration);
        if let Some(sites) = rerun.record(&measured, end, progress) {
            measured.sites = Some(sites);
        }
    }
    let facts = Facts { blind: settings.blind, not_read, ..facts(launch, started) };
    assemble(facts, measured, ending)
}

fn facts(launch: &Launch, started: Instant) -> Facts {
    Facts {
        test: TestId {
            name: launch.test.clone(),
            binary: launch.binary.clone(),
            ..TestId::default()
        },
        conditions: report::conditions(&launch.program),
        elapsed: started.elapsed(),
        blind: false,
        not_read: Vec::new(),
    }
}

/// The text that the worker compares with the snapshot: the profile of a test that passes if its end
/// does. `None` for a test that does not pass: the profile of a leak must not be accepted, and an
/// inconclusive profile may differ in the next run.
fn snapshot_text(facts: Facts, measured: Measured) -> Option<String> {
    let measured = Measured { completed: true, ..measured };
    let report = assemble(facts, measured, Ending::of(Outcome::Passed));
    report.is_success().then(|| report.snapshot_text())
}

/// Ends the worker after its measurement.
fn end(
    mut session: Session<'_>,
    result: Result<(), Interruption>,
    measured: &Measured,
    first_timeout: Duration,
) -> Ending {
    let iteration = session.current_iteration().or_else(|| {
        // Between two batches the last iteration was the one that passed the ceiling.
        let over = matches!(result, Err(Interruption::Stopped(Stop::OverCeiling(_))));
        Some(session.iterations_done()).filter(|&done| over && done > 0)
    });
    let timeout = match measured.hello {
        Some(_) => measured.options.effective_timeout(),
        None => first_timeout,
    };
    let outcome = match result {
        Ok(()) if measured.lost_while_recording => Outcome::Passed,
        Ok(()) => {
            session.let_worker_end();
            match session.wait_for_end(END_TIMEOUT) {
                Stop::Died(status) if status.success() => Outcome::Passed,
                stop => outcome_of(stop, END_TIMEOUT),
            }
        }
        Err(Interruption::Failed { failure, text }) => {
            session.let_worker_end();
            let _ = session.wait_for_end(END_TIMEOUT_AFTER_FAILURE);
            Outcome::Failed { message: failure_message(failure, &text, iteration) }
        }
        Err(Interruption::Unusable(message)) => Outcome::Broken { message },
        Err(Interruption::Stopped(stop)) => outcome_of(stop, timeout),
    };
    let failed_iteration = if outcome == Outcome::Passed { None } else { iteration };
    Ending { outcome, failed_iteration, output: session.output() }
}
