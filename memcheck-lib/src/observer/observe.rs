//! The observer: starts a worker, measures it from outside, judges what it saw.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use super::ceiling::Guard;
use super::measure::{Asked, Measured, measure};
use super::session::{Session, Stop};
use super::worker_handle::{Interruption, Process};

use super::{Cancel, Launch, Progress, Record, Settings};
use super::{allocator_retention, c_heap, ceiling, limits, rerun, snapshot, spawn, worker_handle};
use crate::detect::Advice;
use crate::protocol::message::{Failure, MessageError, PROTOCOL};
use crate::report::{Outcome, Plant, REPORT_VERSION, Report, TestId, Verdict, Warning};

/// How long a worker may take from its last word to its end.
const FAREWELL: Duration = Duration::from_secs(10);

/// Starts the worker of one test, observes it to its end and judges it.
pub fn observe(
    launch: &Launch,
    settings: &Settings,
    cancel: &Cancel,
    progress: &mut dyn FnMut(Progress),
) -> Report {
    observe_planted(launch, settings, None, cancel, progress)
}

/// The same, with a leak planted beside the body.
pub(super) fn observe_planted(
    launch: &Launch,
    settings: &Settings,
    plant: Option<Plant>,
    cancel: &Cancel,
    progress: &mut dyn FnMut(Progress),
) -> Report {
    let started = Instant::now();
    let worker = match spawn::spawn(launch) {
        Ok(worker) => worker,
        Err(error) => {
            let message = format!("cannot start {}: {error}", launch.program.display());
            return report(launch, started, Measured::default(), Outcome::Broken { message });
        }
    };
    // Until hello tells what the attribute says.
    let options = settings.overrides.clone().over(settings.defaults.clone());
    let timeout = options.first_timeout();
    let session = Session::new(worker, launch, cancel, started + timeout);
    let guard = Guard::new(session.pid(), ceiling::default(settings.jobs), options.ceiling);
    let mut process = Process::new(session, started, guard, &mut *progress);
    let Settings { defaults, overrides, blind, sites, .. } = settings;
    // Where a planted leak is, is known.
    let record = if plant.is_some() { Record::Never } else { *sites };
    let asked = Asked { defaults, overrides, record, plant, blind: *blind };
    let stable = |measured: Measured| {
        // A planted leak is none of the test's.
        let text = || snapshot::text(&provisional(launch, started, measured));
        plant.is_none().then(text).flatten()
    };
    let (mut measured, result) = measure(&mut process, &asked, &stable);
    let notes = worker_handle::WorkerHandle::notes(&process);
    let session = process.into_session();
    let (outcome, iteration, output) = conclude(session, result, &measured, timeout);
    if plant.is_none() {
        let again = rerun::Again { launch, settings, cancel };
        if let Some(sites) = again.record(&measured, (&outcome, iteration), progress) {
            measured.sites = Some(sites);
        }
    }
    let mut report = report(launch, started, measured, outcome);
    report.failed_iteration = iteration;
    report.output = output;
    report.warnings.extend(settings.blind.then(|| Warning {
        code: "blind".to_owned(),
        message: "nothing is called growing in this run: the rule was switched off to test the control".to_owned(),
    }));
    for message in notes {
        let warning = Warning { code: "not-read".to_owned(), message };
        // The same file is read at both ends of the run.
        if !report.warnings.contains(&warning) {
            report.warnings.push(warning);
        }
    }
    report
}

/// How the process ended, in which iteration, and what it printed.
fn conclude(
    mut session: Session<'_>,
    result: Result<(), Interruption>,
    measured: &Measured,
    first_timeout: Duration,
) -> (Outcome, Option<u64>, crate::report::Output) {
    let iteration = session.current_iteration().or_else(|| {
        // Seen between two batches: it was the last iteration that passed the ceiling.
        let over = matches!(result, Err(Interruption::Stopped(Stop::OverCeiling(_))));
        Some(session.iterations_done()).filter(|&done| over && done > 0)
    });
    let timeout = match measured.hello {
        Some(_) => measured.options.effective_timeout(),
        None => first_timeout,
    };
    let outcome = match result {
        // It was judged, and broke off only while call stacks were recorded.
        Ok(()) if measured.broke_off => Outcome::Passed,
        Ok(()) => {
            session.let_end();
            match session.wait_for_end(FAREWELL) {
                Stop::Died(status) if status.success() => Outcome::Passed,
                stop => outcome_of(stop, FAREWELL),
            }
        }
        Err(Interruption::Failed { failure, text }) => {
            session.let_end();
            // Its end is of no more interest, but gets the chance to be orderly.
            let _ = session.wait_for_end(Duration::from_secs(2));
            Outcome::Failed { message: failure_text(failure, &text, iteration) }
        }
        Err(Interruption::Unusable(message)) => Outcome::Broken { message },
        Err(Interruption::Stopped(stop)) => outcome_of(stop, timeout),
    };
    let iteration = if outcome == Outcome::Passed { None } else { iteration };
    let output = session.output();
    (outcome, iteration, output)
}

fn failure_text(failure: Failure, text: &str, iteration: Option<u64>) -> String {
    let place = match iteration {
        Some(iteration) => format!(" in iteration {iteration}"),
        None => " outside its iterations".to_owned(),
    };
    match failure {
        Failure::Panicked if text.is_empty() => format!("the test panicked{place}"),
        Failure::Panicked => format!("the test panicked{place}: {text}"),
        Failure::Snapshot => format!("the memory profile is not the snapshot's: {text}"),
        Failure::ReturnedError => format!("the test returned an error{place}"),
        Failure::CannotPlant => format!("the leak could not be planted{place}: {text}"),
        Failure::NeverIterated => {
            "the test came to its end without calling `Workload::iterate`: nothing was measured"
                .to_owned()
        }
    }
}

fn outcome_of(stop: Stop, timeout: Duration) -> Outcome {
    let broken = |message: String| Outcome::Broken { message };
    match stop {
        Stop::Died(status) => death(status),
        Stop::Closed => Outcome::Lost,
        Stop::Deadline => Outcome::TimedOut { timeout },
        Stop::OverCeiling(over) => Outcome::OverCeiling {
            footprint: over.footprint,
            ceiling: over.ceiling,
            per_iteration: over.per_iteration,
            per_second: over.per_second,
        },
        Stop::Cancelled => broken("stopped before it was finished".to_owned()),
        Stop::Message(MessageError::Version { theirs, library }) => {
            let library = library.unwrap_or_else(|| "unknown".to_owned());
            let ours = env!("CARGO_PKG_VERSION");
            let advice = if theirs < PROTOCOL {
                "update the dev-dependency memcheck-lib"
            } else {
                "update cargo-memcheck"
            };
            broken(format!(
                "the test was built with memcheck-lib {library} (protocol {theirs}), this is cargo-memcheck {ours} (protocol {PROTOCOL}): {advice}"
            ))
        }
        Stop::Message(MessageError::Malformed) => broken(
            "the worker sent something that is no message of memcheck; does the test write to descriptors that it did not open?".to_owned(),
        ),
        Stop::Unexpected(reply) => {
            broken(format!(
                "the worker answered out of turn ({reply:?}). Does something in the body answer in its place: does it use descriptors that it did not open, or does a child go on in the body that was made by a raw system call (`clone`, `SYS_fork`)? If not, please report this"
            ))
        }
        Stop::System(what, error) => broken(format!("cannot {what}: {error}")),
    }
}

fn death(status: ExitStatus) -> Outcome {
    if let Some(signal) = status.signal() {
        return Outcome::Crashed { signal: signal_name(signal) };
    }
    Outcome::Exited { status: status.code().unwrap_or(-1) }
}

fn signal_name(signal: i32) -> String {
    let names = [
        (libc::SIGHUP, "SIGHUP"),
        (libc::SIGINT, "SIGINT"),
        (libc::SIGQUIT, "SIGQUIT"),
        (libc::SIGILL, "SIGILL"),
        (libc::SIGTRAP, "SIGTRAP"),
        (libc::SIGABRT, "SIGABRT"),
        (libc::SIGBUS, "SIGBUS"),
        (libc::SIGFPE, "SIGFPE"),
        (libc::SIGKILL, "SIGKILL"),
        (libc::SIGUSR1, "SIGUSR1"),
        (libc::SIGSEGV, "SIGSEGV"),
        (libc::SIGUSR2, "SIGUSR2"),
        (libc::SIGPIPE, "SIGPIPE"),
        (libc::SIGALRM, "SIGALRM"),
        (libc::SIGTERM, "SIGTERM"),
        (libc::SIGXCPU, "SIGXCPU"),
        (libc::SIGXFSZ, "SIGXFSZ"),
        (libc::SIGSYS, "SIGSYS"),
    ];
    names
        .iter()
        .find(|(number, _)| *number == signal)
        .map_or_else(|| format!("signal {signal}"), |(_, name)| (*name).to_owned())
}

/// The report as it will be if the test comes to its end as well.
fn provisional(launch: &Launch, started: Instant, measured: Measured) -> Report {
    report(launch, started, Measured { completed: true, ..measured }, Outcome::Passed)
}

/// That the Rust heap is not counted, and where its leaks would show.
fn heap_not_counted(unseen: bool, own_allocator: bool) -> Warning {
    let instead = match unseen {
        true => "A leak in it shows only in the footprint, above 256 KiB, so nothing passes here",
        false => "Its blocks are counted as those of the C heap",
    };
    let why = crate::heap::why_not_counted(own_allocator);
    Warning { code: "heap-not-counted".to_owned(), message: format!("{why}. {instead}") }
}

/// Puts together what is known.
fn report(launch: &Launch, started: Instant, measured: Measured, outcome: Outcome) -> Report {
    let Measured {
        hello,
        options,
        profile,
        before,
        after,
        conclusion,
        completed,
        allocators,
        retention,
        sites,
        told: _,
        broke_off: _,
    } = measured;
    let mut warnings = Vec::new();
    let mut conditions = crate::report::conditions(&launch.program);
    if let Some(hello) = &hello {
        conditions.rust_heap_counted = Some(hello.heap_counted);
        conditions.c_heap_counted = Some(hello.native_heap == crate::heap::CHeapState::Counted);
    }
    let uncounted = hello.as_ref().filter(|hello| !hello.heap_counted);
    let heap_counted = uncounted.is_none();
    // An allocator that asks `malloc` for each block is judged with the C heap, its limit too.
    let heap_unseen = uncounted.is_some_and(|hello| !hello.heap_counted_as_c);
    warnings.extend(uncounted.map(|hello| heap_not_counted(heap_unseen, hello.own_allocator)));
    warnings.extend(hello.as_ref().and_then(|hello| c_heap::warning(&hello.native_heap)));
    let judged = conclusion.as_ref().and_then(|of| of.verdict);
    warnings.extend(retention.as_ref().and_then(|of| allocator_retention::warning(of, judged)));
    let mut test = hello
        .map(|hello| hello.test)
        .unwrap_or_else(|| TestId { name: launch.test.clone(), ..TestId::default() });
    test.binary.clone_from(&launch.binary);
    let growth = match (&before, &after) {
        (Some(before), Some(after)) => Some(after.since(before)),
        _ => None,
    };
    let exceeded = match &profile {
        Some(profile) if heap_counted => limits::exceeded(&options, profile),
        _ => Vec::new(),
    };
    let unmeasured = heap_unseen || limits::any(&options) && !heap_counted;
    let checkpoints = conclusion.as_ref().map(|of| of.checkpoints.clone()).unwrap_or_default();
    let (verdict, iterations, metrics, advice) = match conclusion {
        Some(conclusion) => {
            // A verdict needs a run that came to its end, unless what was seen is bad enough.
            let verdict = conclusion.verdict.filter(|_| completed).map(|verdict| {
                let limits = match (exceeded.is_empty(), unmeasured) {
                    (false, _) => Verdict::OverLimit,
                    (true, true) => Verdict::Inconclusive,
                    (true, false) => Verdict::Steady,
                };
                verdict.max(limits)
            });
            // Whether the test passed or not, one must know that a limit says less than it seems to.
            let (limits, advice): (Vec<Advice>, Vec<Advice>) = conclusion
                .advice
                .into_iter()
                .partition(|advice| matches!(advice, Advice::LimitBelowSensitivity { .. }));
            warnings.extend(limits.iter().map(|advice| Warning {
                code: "limit-below-sensitivity".to_owned(),
                message: advice.to_string(),
            }));
            (verdict, conclusion.iterations, conclusion.metrics, advice)
        }
        None => (None, 0, Vec::new(), Vec::new()),
    };
    Report {
        version: REPORT_VERSION,
        test,
        options,
        outcome,
        verdict,
        iterations,
        failed_iteration: None,
        elapsed: started.elapsed(),
        conditions: Some(conditions),
        checkpoints,
        metrics,
        profile: profile.filter(|_| heap_counted),
        exceeded,
        before,
        after,
        growth,
        allocators,
        retention,
        sites,
        proof: None,
        suppressed: Vec::new(),
        advice,
        warnings,
        output: crate::report::Output::default(),
    }
}
