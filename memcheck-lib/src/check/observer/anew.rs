//! Recorded anew: a worker that ended of what it leaks, before it could be recorded, is followed by
//! another one, which is recorded from its warm-up on and not run so far.

use std::time::Instant;

use super::ceiling::{self, Guard};
use super::conversation::Conversation;
use super::measure::{self, Measured};
use super::spawn;
use super::subject::Process;
use crate::growth::{FigureReport, Verdict};
use crate::report::{Outcome, Sites};
use crate::tool::{Cancel, Launch, Progress, Settings};

/// Records the test of which a worker ended so in `iteration`, if anything rose up to there and
/// this is wanted. `None` when there is nothing to show.
pub(super) fn record(
    launch: &Launch,
    settings: &Settings,
    cancel: &Cancel,
    progress: &mut dyn FnMut(Progress),
    (first, outcome, iteration): (&Measured, &Outcome, Option<u64>),
) -> Option<Sites> {
    let ended = match outcome {
        Outcome::Failed { .. }
        | Outcome::Crashed { .. }
        | Outcome::Exited { .. }
        | Outcome::OverCeiling { .. } => iteration?,
        // Another worker would hang or go astray likewise.
        _ => return None,
    };
    let shown = first.sites.as_ref().is_some_and(|sites| sites.grew_again);
    let known = first.options.known_leak.is_some();
    if shown || !settings.sites.is_wanted(Some(Verdict::Growing), known) {
        return None;
    }
    let rose: Vec<FigureReport> = first
        .conclusion
        .iter()
        .flat_map(|conclusion| &conclusion.figures)
        .filter(|of| of.rose_to_the_end())
        .map(|of| FigureReport { verdict: Verdict::Growing, ..of.clone() })
        .collect();
    if rose.is_empty() {
        return None;
    }
    // What the body prints was shown once.
    let launch = Launch { show_output: false, ..launch.clone() };
    let worker = spawn::spawn(&launch).ok()?;
    let started = Instant::now();
    let deadline = started + first.options.effective_timeout();
    let conversation = Conversation::new(worker, &launch, cancel, deadline);
    let guard =
        Guard::new(conversation.pid(), ceiling::default(settings.jobs), first.options.ceiling);
    let mut process = Process::new(conversation, started, guard, progress);
    let sites = measure::record(&mut process, &first.options, &rose, ended / 2).ok()?;
    sites.grew_again.then_some(sites)
}
