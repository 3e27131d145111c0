//! Recorded anew: another worker of the same test, from its warm-up on.
//!
//! A worker that ended of what it leaks can be recorded no more; another one is, and is not run so
//! far. And a container that has grown in a long run doubles too rarely to be waited for: in a worker
//! that has just begun it does so every few iterations.

use std::time::Instant;

use super::ceiling::{self, Guard};
use super::measure::{self, Measured};
use super::recording::{Coverage, Recording};
use super::session::Session;
use super::spawn;
use super::worker_handle::Process;
use crate::detect::{MetricReport, Verdict};
use crate::observer::{Cancel, Launch, Progress, Settings};
use crate::report::{Outcome, Sites};

/// What another worker is started with.
pub(super) struct Again<'a> {
    pub(super) launch: &'a Launch,
    pub(super) settings: &'a Settings,
    pub(super) cancel: &'a Cancel,
}

/// Why another worker is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    /// The first one ended in this iteration.
    Ended(u64),
    /// A container grows that did not do so while the first was recorded.
    Container,
}

impl Again<'_> {
    /// Sites that tell more than those of the `first` worker, which ended so and in this iteration.
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
        let reason = reason(first, end)?;
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
        let most = match reason {
            Reason::Ended(iteration) => iteration / 2,
            Reason::Container => conclusion.iterations,
        };
        let Recording { mut sites, told, .. } = self.run(first, &rose, most, progress)?;
        match reason {
            Reason::Ended(_) if sites.grew_again => {
                sites.notes.insert(
                    0,
                    "the sites are those of a second worker: the first ended before its call stacks could be recorded"
                        .to_owned(),
                );
                Some(sites)
            }
            Reason::Container if told == Coverage::All => Some(sites),
            Reason::Container if sites.grew_again && !has_grown(first) => Some(sites),
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
        // What the body prints was shown once.
        let launch = Launch { show_output: false, ..self.launch.clone() };
        let options = &first.options;
        let worker = spawn::spawn(&launch).ok()?;
        let started = Instant::now();
        let deadline = started + options.effective_timeout();
        let session = Session::new(worker, &launch, self.cancel, deadline);
        let jobs = self.settings.jobs;
        let guard = Guard::new(session.pid(), ceiling::default(jobs), options.ceiling);
        let mut process = Process::new(session, started, guard, progress);
        let bounds = (most, options.effective_time());
        measure::record(&mut process, options, rose, bounds).ok()
    }
}

fn reason(first: &Measured, (outcome, iteration): (&Outcome, Option<u64>)) -> Option<Reason> {
    match outcome {
        Outcome::Failed { .. }
        | Outcome::Crashed { .. }
        | Outcome::Exited { .. }
        | Outcome::OverCeiling { .. }
            if !has_grown(first) =>
        {
            iteration.map(Reason::Ended)
        }
        Outcome::Passed if first.told == Coverage::AllButContainers => Some(Reason::Container),
        // Another worker would hang or go astray likewise.
        _ => None,
    }
}

/// Whether what grew did so again while it was recorded.
fn has_grown(measured: &Measured) -> bool {
    measured.sites.as_ref().is_some_and(|sites| sites.grew_again)
}
