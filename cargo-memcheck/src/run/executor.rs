//! Threads that observe tests and send events; the dispatcher that receives them.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use memcheck::report::{Outcome, Proofs, Report, TestId};
use memcheck::tool::{Cancel, Launch, Progress, Settings};

use super::schedule::{Next, Schedule};
use super::{Event, Summary};
use crate::cli::Inconclusive;
use crate::interrupt::Interrupt;

/// How often a test tells where it is, at most.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// A test that is to run.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    /// Which test it is.
    pub(crate) id: TestId,
    /// How its worker is started.
    pub(crate) launch: Launch,
    /// Tests of one group never run at the same time.
    pub(crate) serial: Option<String>,
    /// Options around those of its attribute.
    pub(crate) settings: Settings,
}

/// What is to be done.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    /// Tests that are to run.
    pub(crate) tests: Vec<Planned>,
    /// Tests that were asked for, but are ignored.
    pub(crate) ignored: Vec<TestId>,
    /// How many annotated tests were not asked for.
    pub(crate) filtered_out: usize,
    /// Tests at the same time.
    pub(crate) jobs: usize,
    /// Whether tests that passed are to be proven.
    pub(crate) prove: bool,
    /// Start nothing more once a test did not pass.
    pub(crate) fail_fast: bool,
    /// Whether an inconclusive test passes.
    pub(crate) inconclusive: Inconclusive,
}

/// Observes one test to its end: [`memcheck::tool::observe`], or a stand-in for tests.
pub(crate) type Observe<'a> =
    &'a (dyn Fn(&Launch, &Settings, &Cancel, &mut dyn FnMut(Progress)) -> Report + Sync);

/// Runs the plan to its end and tells `listen` every event, from one thread and in order.
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
    for test in &plan.ignored {
        let report = Report::unobserved(test.clone(), Outcome::Skipped);
        summary.count(report.status());
        listen(&Event::TestFinished(Arc::new(report)));
    }

    let groups = plan.tests.iter().map(|test| test.serial.clone()).collect();
    let shop = Shop { schedule: Mutex::new(Schedule::new(groups)), changed: Condvar::new() };
    thread::scope(|scope| {
        let (sender, events) = mpsc::channel();
        for _ in 0..plan.jobs.clamp(1, plan.tests.len().max(1)) {
            let sender = sender.clone();
            let shop = &shop;
            scope.spawn(move || shop.work(plan, observe, interrupt, &sender));
        }
        drop(sender);
        loop {
            let event = events.recv_timeout(PROGRESS_EVERY);
            if summary.interrupted.is_none()
                && let Some(signal) = interrupt.signal()
            {
                summary.interrupted = Some(signal);
                summary.not_run += shop.stop();
                listen(&Event::Interrupted { signal });
            }
            match event {
                Ok(event) => {
                    if let Event::TestFinished(report) = &event {
                        summary.count(report.status());
                        if let Some(proofs) = &mut summary.proofs {
                            proofs.count(report);
                        }
                        let failed =
                            plan.inconclusive.fails(report.status()) || report.is_unproven();
                        if plan.fail_fast && failed {
                            summary.not_run += shop.stop();
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

/// Where the threads get their tests.
struct Shop {
    schedule: Mutex<Schedule>,
    changed: Condvar,
}

impl Shop {
    /// Works until nothing is left to start. The thread outlives every worker that it starts: a
    /// worker is told to die with the thread that spawned it.
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
            let mut told = Instant::now();
            let mut progress = |progress: Progress| {
                if told.elapsed() >= PROGRESS_EVERY {
                    told = Instant::now();
                    let _ = sender.send(Event::TestProgress(Arc::clone(&id), progress));
                }
            };
            let report = catch_unwind(AssertUnwindSafe(|| {
                observe(&test.launch, &test.settings, interrupt.cancel(), &mut progress)
            }));
            let report = match report {
                // The worker says the name it was called by; where it stands is known from the
                // binary, even if the worker never spoke.
                Ok(report) => Report { test: test.id.clone(), ..report },
                Err(panic) => Report::unobserved(test.id.clone(), broken(panic.as_ref())),
            };
            let _ = sender.send(Event::TestFinished(Arc::new(report)));
            self.schedule().finished(index);
            self.changed.notify_all();
        }
    }

    fn take(&self, interrupt: &Interrupt) -> Option<usize> {
        let mut schedule = self.schedule();
        loop {
            // Left in the schedule, for the dispatcher to count.
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
        message: format!("the observer panicked: {text}. This is a fault of memcheck: report it"),
    }
}

#[cfg(test)]
#[path = "executor_tests.rs"]
mod tests;
