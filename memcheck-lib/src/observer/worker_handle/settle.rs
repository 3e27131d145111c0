//! Waiting until a worker is idle. Work that an iteration passed to other threads (a runtime's workers,
//! a pool, a thread that drops late) is part of that iteration, so a reading waits for it. Otherwise
//! blocks that are about to be freed would count as growth.

use std::time::{Duration, Instant};

use super::capabilities::Settle;
use super::interruption::Interruption;
use crate::protocol::message::Checkpoint;

/// First pause between two checks: most threads are done within microseconds. Each pause is twice as long
/// as the previous one, because each check reads `/proc` and may ask the worker for its counters.
const FIRST_PAUSE: Duration = Duration::from_micros(50);
/// Longest pause: a tenth of the default `settle` of 20 ms.
const LONGEST_PAUSE: Duration = Duration::from_millis(2);

/// The time that readings may wait.
#[derive(Debug)]
pub(in crate::observer) struct SettleBudget {
    /// For one reading.
    each: Duration,
    /// Time waited so far, for all readings.
    spent: Duration,
    /// Tasks of the worker's runtime that are expected to remain.
    tasks: u64,
}

impl SettleBudget {
    /// `tasks` is the number of tasks in the worker's runtime before its first iteration.
    pub(in crate::observer) fn new(each: Duration, tasks: Option<u64>) -> Self {
        SettleBudget { each, spent: Duration::ZERO, tasks: tasks.unwrap_or(0) }
    }

    /// Raises the number of tasks that are expected to remain, after a wait in vain for them.
    pub(in crate::observer) fn expect_tasks(&mut self, tasks: Option<u64>) {
        self.tasks = self.tasks.max(tasks.unwrap_or(0));
    }

    /// How long this reading may wait, `elapsed` after the start. All waits together take at most a fifth
    /// of the run, so that four fifths remain for iterations; the first full wait is always granted.
    fn left(&self, elapsed: Duration) -> Duration {
        let fifth = (elapsed / 5).saturating_sub(self.spent);
        if self.spent < self.each { self.each - self.spent } else { fifth.min(self.each) }
    }
}

/// Waits until the worker's other threads sleep and its counters no longer change, or until the budget
/// is used up. Returns the counters then.
pub(in crate::observer) fn settle(
    worker: &mut impl Settle,
    mut last: Checkpoint,
    budget: &mut SettleBudget,
) -> Result<Checkpoint, Interruption> {
    let (began, until) = (Instant::now(), budget.left(worker.elapsed()));
    if last.tasks.is_some() {
        // The wall time of the batch is in its own checkpoint.
        let driven = worker.drive(budget.tasks, until)?;
        last = Checkpoint { wall_ns: last.wall_ns, ..driven };
        if last.tasks > Some(budget.tasks) {
            // Only a wait in vain is charged: otherwise the time was work of the iterations.
            budget.spent += began.elapsed();
        }
    }
    if !worker.has_other_threads() {
        return Ok(last);
    }
    let (began, until) = (Instant::now(), budget.left(worker.elapsed()));
    let mut pause = FIRST_PAUSE;
    loop {
        if worker.other_threads_sleep() {
            let again = worker.counters()?;
            let stopped = (again.rust, again.native) == (last.rust, last.native);
            last = Checkpoint { wall_ns: last.wall_ns, ..again };
            if stopped {
                break;
            }
        }
        if began.elapsed() >= until {
            break;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    budget.spent += began.elapsed();
    Ok(last)
}

/// How long tasks may wait for something else before they count as lasting: ten times the default
/// `settle`.
const IDLE_TASKS: Duration = Duration::from_millis(200);
/// How long other threads may work without a release before they count as not releasing. The longest
/// such work that was seen is printing the call stack of a panic in a binary with much debug information.
const WITHOUT_RELEASE: Duration = Duration::from_secs(1);
/// How often the kernel's numbers are read in addition, which cost more than the counters.
const SAMPLE_INTERVAL: Duration = Duration::from_millis(20);

/// Waits like [`settle`], but as long as the worker's other threads release memory or descriptors, or
/// end, for `limit` at most. For the few readings that decide whether growth is about to be released.
pub(in crate::observer) fn wait_until_idle(
    worker: &mut impl Settle,
    limit: Duration,
) -> Result<Checkpoint, Interruption> {
    let began = Instant::now();
    let mut last = worker.counters()?;
    if last.tasks.is_some() {
        last = worker.drive(0, limit.min(IDLE_TASKS))?;
    }
    let held = |of: &Checkpoint| of.rust.live_bytes.saturating_add(of.native.live_bytes);
    let (mut least, mut released) = (held(&last), Instant::now());
    let (mut fewest, mut looked) = (u64::MAX, Instant::now());
    while worker.has_other_threads() {
        std::thread::sleep(LONGEST_PAUSE);
        let asleep = worker.other_threads_sleep();
        let again = worker.counters()?;
        let stopped = (again.rust, again.native) == (last.rust, last.native);
        last = again;
        if asleep && stopped {
            break;
        }
        if held(&last) < least {
            (least, released) = (held(&last), Instant::now());
        }
        if looked.elapsed() >= SAMPLE_INTERVAL {
            let sample = worker.sample();
            let items = [last.tasks, sample.fds, sample.threads].into_iter().flatten().sum();
            if items < fewest {
                (fewest, released) = (items, Instant::now());
            }
            looked = Instant::now();
        }
        if released.elapsed() >= WITHOUT_RELEASE || began.elapsed() >= limit {
            break;
        }
    }
    Ok(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_take_at_most_a_fifth_of_the_run() {
        let ms = Duration::from_millis;
        let mut budget = SettleBudget::new(ms(20), None);
        assert_eq!(budget.left(ms(0)), ms(20));
        budget.spent = ms(20);
        assert_eq!(budget.left(ms(100)), ms(0));
        assert_eq!(budget.left(ms(150)), ms(10));
        assert_eq!(budget.left(ms(1000)), ms(20));
    }
}
