//! Quiet before a reading: work that an iteration handed to other threads (a runtime's workers, a
//! pool, a thread that drops late) is part of that iteration, so a reading waits for it. Without
//! this a block that is about to be freed counts as one that stays.

use std::fs;
use std::time::{Duration, Instant};

use super::worker_handle::{Interruption, WorkerHandle};
use crate::protocol::message::Checkpoint;

/// First pause between two looks; each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_micros(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(2);

/// How long readings may wait.
#[derive(Debug)]
pub(super) struct SettleBudget {
    /// For one reading.
    each: Duration,
    /// All waiting so far.
    spent: Duration,
    /// Tasks of the worker's runtime that are there to stay.
    tasks: u64,
}

impl SettleBudget {
    /// `tasks` are those of the worker's runtime before its first iteration.
    pub(super) fn new(each: Duration, tasks: Option<u64>) -> Self {
        SettleBudget { each, spent: Duration::ZERO, tasks: tasks.unwrap_or(0) }
    }

    /// So many tasks have stayed although they were waited for.
    pub(super) fn expect_tasks(&mut self, tasks: Option<u64>) {
        self.tasks = self.tasks.max(tasks.unwrap_or(0));
    }

    /// What this reading may wait, `elapsed` after the start: all waiting together takes at most a
    /// fifth of the run, and one full wait is always there.
    fn left(&self, elapsed: Duration) -> Duration {
        let fifth = (elapsed / 5).saturating_sub(self.spent);
        if self.spent < self.each { self.each - self.spent } else { fifth.min(self.each) }
    }
}

/// Waits until the worker's other threads sleep and its counters have stopped; gives the counters
/// as they are then. When budget runs out first, as they are then.
pub(super) fn settled(
    worker: &mut impl WorkerHandle,
    mut last: Checkpoint,
    budget: &mut SettleBudget,
) -> Result<Checkpoint, Interruption> {
    let (began, until) = (Instant::now(), budget.left(worker.elapsed()));
    if last.tasks.is_some() {
        // The wall time of the batch is that of its own checkpoint.
        let driven = worker.drive(budget.tasks, until)?;
        last = Checkpoint { wall_ns: last.wall_ns, ..driven };
        if last.tasks > Some(budget.tasks) {
            // In vain. What was not in vain was work of the iterations.
            budget.spent += began.elapsed();
        }
    }
    if !worker.has_other_threads() {
        return Ok(last);
    }
    let (began, until) = (Instant::now(), budget.left(worker.elapsed()));
    let mut pause = FIRST_PAUSE;
    loop {
        if worker.others_sleep() {
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

/// Tasks that wait this long for something else are not about to end.
const IDLE_TASKS: Duration = Duration::from_millis(200);
/// Other threads that work this long without releasing anything are not about to. One that writes the
/// call stack of a panic needs as long as its debug information is large.
const WITHOUT_RELEASE: Duration = Duration::from_secs(1);
/// How often the kernel is asked what is left: that costs more than the counters.
const LOOK: Duration = Duration::from_millis(20);

/// Waits like [`settled`], but for as long as the worker's other threads release memory or
/// descriptors, or end, at most for `limit`: for the few readings that decide whether what grew is
/// about to go.
pub(super) fn drained(
    worker: &mut impl WorkerHandle,
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
        let asleep = worker.others_sleep();
        let again = worker.counters()?;
        let stopped = (again.rust, again.native) == (last.rust, last.native);
        last = again;
        if asleep && stopped {
            break;
        }
        if held(&last) < least {
            (least, released) = (held(&last), Instant::now());
        }
        if looked.elapsed() >= LOOK {
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

/// Whether a process has more than one thread.
pub(super) fn has_other_threads(pid: i32) -> bool {
    // The link count of a directory is 2 and one for each folder in it (proc_task_getattr in
    // fs/proc/base.c adds the number of threads).
    rustix::fs::stat(format!("/proc/{pid}/task")).is_ok_and(|status| status.st_nlink > 3)
}

/// Whether no thread of a process runs or waits for a disk. The thread that talks with the observer
/// sleeps in its receive.
pub(super) fn all_sleep(pid: i32) -> bool {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return true };
    tasks.flatten().all(|task| {
        let stat = fs::read(task.path().join("stat")).unwrap_or_default();
        !matches!(state(&stat), Some(b'R' | b'D'))
    })
}

/// The state letter in a line of `/proc/PID/task/TID/stat`: behind the name, which stands in
/// parentheses and may hold any byte (proc_pid_stat(5)).
fn state(stat: &[u8]) -> Option<u8> {
    let name_ends = stat.iter().rposition(|&byte| byte == b')')?;
    stat.get(name_ends + 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_state_behind_any_name() {
        assert_eq!(state(b"12 (tokio-rt) S 1 2 3"), Some(b'S'));
        assert_eq!(state(b"12 (a) R (b) D 1 2 3"), Some(b'D'));
        assert_eq!(state(b""), None);
        assert_eq!(state(b"12 (x)"), None);
    }

    #[test]
    fn patience_is_bounded_by_a_fifth_of_the_run() {
        let ms = Duration::from_millis;
        let mut budget = SettleBudget::new(ms(20), None);
        assert_eq!(budget.left(ms(0)), ms(20));
        budget.spent = ms(20);
        assert_eq!(budget.left(ms(100)), ms(0));
        assert_eq!(budget.left(ms(150)), ms(10));
        assert_eq!(budget.left(ms(1000)), ms(20));
    }

    #[test]
    fn sees_a_thread_that_runs_and_one_that_sleeps() {
        let pid = rustix::process::getpid().as_raw_nonzero().get();
        // libtest's main thread waits for this one, which runs while it looks.
        assert!(has_other_threads(pid));
        assert!(!all_sleep(pid));
    }
}
