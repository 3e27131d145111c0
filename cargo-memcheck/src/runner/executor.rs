//! The threads that observe tests and send events, and the dispatcher that receives the events.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use memcheck::tool::report::{Outcome, Proofs, Report, TestId};
use memcheck::tool::{Cancel, Launch, Progress, Settings};

use super::event::Event;
use super::inconclusive::Inconclusive;
use super::schedule::{Next, Schedule};
use super::summary::Summary;
use crate::subprocess::Interrupt;

/// The shortest time between two progress events of a test.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// A test to run.
#[derive(Clone, Debug)]
pub(crate) struct PlannedTest {
    /// The identity of the test.
    pub(crate) id: TestId,
    /// How its worker process starts.
    pub(crate) launch: Launch,
    /// Tests of one group never run at the same time.
    pub(crate) serial: Option<String>,
    /// Options below and above the options of its attribute.
    pub(crate) settings: Settings,
}

/// A test that does not run.
#[derive(Clone, Debug)]
pub(crate) struct SkippedTest {
    /// The identity of the test.
    pub(crate) id: TestId,
    /// Why, as its `#[ignore]` or its option `skip` says.
    pub(crate) reason: Option<String>,
}

/// What a run does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    /// The tests to run.
    pub(crate) tests: Vec<PlannedTest>,
    /// Selected tests that are ignored or skipped.
    pub(crate) skipped: Vec<SkippedTest>,
    /// The number of annotated tests that the filters excluded.
    pub(crate) filtered_out: usize,
    /// The number of tests that run at the same time.
    pub(crate) jobs: usize,
    /// Whether to prove the tests that pass.
    pub(crate) prove: bool,
    /// Whether to start no further test after a failure.
    pub(crate) fail_fast: bool,
    /// What an inconclusive test does to the run.
    pub(crate) inconclusive: Inconclusive,
}

/// Observes one test to its end: [`memcheck::tool::observe`], or a scripted function in tests.
pub(crate) type Observe<'a> =
    &'a (dyn Fn(&Launch, &Settings, &Cancel, &mut dyn FnMut(Progress)) -> Report + Sync);

/// Runs the plan to its end. `listen` gets every event, in order and from one thread.
pub(crate) fn execute(
    plan: &Plan,
    observe: Observe<'_>,
    interrupt: &Interrupt,
    listen: &mut dyn FnMut(&Event),
) -> Summary {
    let begin = Instant::now();
    let mut summary = Summary {
        filtered_out: plan.filtered_out,
        proofs: plan.prove.then(Proofs::default),
        ..Summary::default()
    };
    let mut binaries: Vec<&str> = plan.tests.iter().map(|test| test.id.binary.as_str()).collect();
    binaries.sort_unstable();
    binaries.dedup();
    listen(&Event::Started { tests: plan.tests.len(), binaries: binaries.len() });
    for SkippedTest { id, reason } in &plan.skipped {
        let reason = reason.clone();
        let report = Report::unobserved(id.clone(), Outcome::Skipped { reason });
        summary.count(report.status());
        listen(&Event::TestFinished(Arc::new(report)));
    }

    let groups = plan.tests.iter().map(|test| test.serial.clone()).collect();
    let queue = WorkQueue { schedule: Mutex::new(Schedule::new(groups)), changed: Condvar::new() };
    thread::scope(|scope| {
        let (sender, events) = mpsc::channel();
        for _ in 0..plan.jobs.clamp(1, plan.tests.len().max(1)) {
            let sender = sender.clone();
            let queue = &queue;
            scope.spawn(move || queue.work(plan, observe, interrupt, &sender));
        }
        drop(sender);
        loop {
            let event = events.recv_timeout(PROGRESS_EVERY);
            if summary.interrupted.is_none()
                && let Some(signal) = interrupt.signal()
            {
                summary.interrupted = Some(signal);
                summary.not_run += queue.stop();
                listen(&Event::Interrupted { signal });
            }
            match event {
                Ok(event) => {
                    if let Event::TestFinished(report) = &event {
                        summary.count(report.status());
                        if let Some(proofs) = &mut summary.proofs {
                            proofs.count(report);
                        }
                        if plan.fail_fast && plan.inconclusive.fails_run(report) {
                            summary.not_run += queue.stop();
                        }
                    }
                    listen(&event);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
    });
    summary.elapsed = begin.elapsed();
    listen(&Event::Finished(summary.clone()));
    summary
}

/// The queue from which the threads take their tests.
struct WorkQueue {
    schedule: Mutex<Schedule>,
    changed: Condvar,
}

impl WorkQueue {
    /// Runs tests until none is left. The thread must outlive its workers, because the kernel kills a
    /// worker when the thread that spawned it ends.
    fn work(
        &self,
        plan: &Plan,
        observe: Observe<'_>,
        interrupt: &Interrupt,
        sender: &Sender<Event>,
    ) {
        while let Some(index) = self.take(interrupt) {
            let test = &plan.tests[index];
            let id = Arc::new(test.id.clone());
            // The dispatcher receives until every sender is gone, so sending does not fail.
            let _ = sender.send(Event::TestStarted(Arc::clone(&id)));
            let mut last_progress = Instant::now();
            let mut progress = |progress: Progress| {
                if last_progress.elapsed() >= PROGRESS_EVERY {
                    last_progress = Instant::now();
                    let _ = sender.send(Event::TestProgress(Arc::clone(&id), progress));
                }
            };
            let report = catch_unwind(AssertUnwindSafe(|| {
                observe(&test.launch, &test.settings, interrupt.cancel(), &mut progress)
            }));
            let mut report = report.unwrap_or_else(|panic| {
                Report::unobserved(TestId::default(), broken(panic.as_ref()))
            });
            // The binary knows the file and line of the test, even if the worker sent nothing.
            report.test = test.id.clone();
            let _ = sender.send(Event::TestFinished(Arc::new(report)));
            self.schedule().finished(index);
            self.changed.notify_all();
        }
    }

    fn take(&self, interrupt: &Interrupt) -> Option<usize> {
        let mut schedule = self.schedule();
        loop {
            // The dispatcher counts the tests that stay in the schedule.
            if interrupt.signal().is_some() {
                return None;
            }
            match schedule.next() {
                Next::Start(index) => return Some(index),
                Next::Done => return None,
                Next::Wait => {
                    schedule = self.changed.wait(schedule).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    fn stop(&self) -> usize {
        let left = self.schedule().stop();
        self.changed.notify_all();
        left
    }

    fn schedule(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn broken(panic: &(dyn Any + Send)) -> Outcome {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    Outcome::Broken {
        message: format!(
            "the observer panicked: {text}; this is a bug in memcheck, please report it"
        ),
    }
}

#[cfg(test)]
#[path = "executor_tests.rs"]
mod tests;
