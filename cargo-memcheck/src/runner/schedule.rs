//! Which test may start next. Pure, so that it can be tested without running a test.

use std::collections::BTreeSet;

/// The order of the tests. A test is identified by its index.
#[derive(Debug)]
pub(crate) struct Schedule {
    groups: Vec<Option<String>>,
    pending: Vec<usize>,
    busy: BTreeSet<String>,
}

/// What a free thread does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Start this test; call [`Schedule::finished`] when it ends.
    Start(usize),
    /// Wait until a test finishes: the remaining tests are in the serial group of a running test.
    Wait,
    /// No test is left.
    Done,
}

impl Schedule {
    /// A schedule with one test for each element of `groups`. Two tests of one group never run at the
    /// same time.
    pub(crate) fn new(groups: Vec<Option<String>>) -> Self {
        let pending = (0..groups.len()).rev().collect();
        Schedule { groups, pending, busy: BTreeSet::new() }
    }

    /// The first test that may start.
    pub(crate) fn next(&mut self) -> Next {
        if self.pending.is_empty() {
            return Next::Done;
        }
        let free = |&index: &usize| match &self.groups[index] {
            Some(group) => !self.busy.contains(group),
            None => true,
        };
        let Some(at) = self.pending.iter().rposition(free) else { return Next::Wait };
        let index = self.pending.remove(at);
        self.busy.extend(self.groups[index].clone());
        Next::Start(index)
    }

    /// A started test has finished.
    pub(crate) fn finished(&mut self, index: usize) {
        if let Some(group) = &self.groups[index] {
            self.busy.remove(group);
        }
    }

    /// Starts no further test. Returns the number of tests that did not start.
    pub(crate) fn stop(&mut self) -> usize {
        std::mem::take(&mut self.pending).len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(groups: &[&str]) -> Schedule {
        let group = |&name: &&str| (!name.is_empty()).then(|| name.to_owned());
        Schedule::new(groups.iter().map(group).collect())
    }

    #[test]
    fn tests_start_in_order() {
        let mut schedule = schedule(&["", "", ""]);
        let started: Vec<Next> = (0..4).map(|_| schedule.next()).collect();
        assert_eq!(started, [Next::Start(0), Next::Start(1), Next::Start(2), Next::Done]);
    }

    #[test]
    fn tests_of_a_group_run_one_at_a_time_and_others_overtake_them() {
        let mut schedule = schedule(&["port", "port", "file", ""]);
        assert_eq!(schedule.next(), Next::Start(0));
        assert_eq!(schedule.next(), Next::Start(2));
        assert_eq!(schedule.next(), Next::Start(3));
        assert_eq!(schedule.next(), Next::Wait);
        schedule.finished(2);
        assert_eq!(schedule.next(), Next::Wait);
        schedule.finished(0);
        assert_eq!(schedule.next(), Next::Start(1));
        assert_eq!(schedule.next(), Next::Done);
    }

    #[test]
    fn no_test_starts_after_stop() {
        let mut schedule = schedule(&["", "a", "a"]);
        assert_eq!(schedule.next(), Next::Start(0));
        assert_eq!(schedule.stop(), 2);
        assert_eq!(schedule.next(), Next::Done);
        assert_eq!(schedule.stop(), 0);
    }
}
