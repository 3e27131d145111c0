//! What a run showed.

use super::advice::Advice;
use super::verdict::{MetricReport, Verdict};
use crate::metric::Metric;

/// Why a run stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Nothing rises and enough was seen.
    EnoughSeen,
    /// The next window would not fit into the time budget.
    Budget,
    /// The machine was so busy that the wall time ended before the worker had used its budget.
    BusyMachine,
    /// A growing metric gave enough evidence.
    Evidence,
    /// The metric that the caller waits for is called growing.
    CalledGrowing,
    /// The requested iterations are done.
    IterationsDone,
    /// A window has fewer readings than planned: the worker did not finish it.
    Interrupted,
}

/// What a run showed.
#[derive(Clone, Debug, PartialEq)]
pub struct Conclusion {
    /// The verdict on memory: the most severe of those on the metrics. `None` if no metric could be
    /// read, which is never a pass.
    pub verdict: Option<Verdict>,
    /// Iterations judged.
    pub iterations: u64,
    /// Iterations done at each checkpoint, one list for each window.
    pub checkpoints: Vec<Vec<u64>>,
    /// The metrics that could be read, in the order of [`Metric::ALL`](crate::Metric::ALL).
    pub metrics: Vec<MetricReport>,
    /// What to do about a result that is not as good as it could be.
    pub advice: Vec<Advice>,
    /// Why the run stopped; `None` while it has not.
    pub stopped: Option<Stop>,
}

impl Conclusion {
    /// Changes the verdict on a metric, replaces the advice on it, and updates the verdict on the run.
    pub(crate) fn revise(&mut self, metric: Metric, verdict: Verdict, advice: Option<Advice>) {
        for of in self.metrics.iter_mut().filter(|of| of.metric == metric) {
            of.verdict = verdict;
        }
        self.advice.retain(|of| !of.is_of_rise(metric));
        self.advice.extend(advice);
        let unread = self.advice.iter().any(|of| matches!(of, Advice::Unreadable { .. }));
        let floor = unread.then_some(Verdict::Inconclusive);
        self.verdict = self.metrics.iter().map(|of| of.verdict).max().max(floor);
    }
}
