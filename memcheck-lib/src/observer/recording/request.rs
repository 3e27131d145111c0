//! What a recording must cover, and what a recording returns.

use std::time::Duration;

use crate::observer::worker_handle::interruption::Interruption;
use crate::observer::worker_handle::readings::CountedHeaps;
use crate::report::{MetricReport, Sites};

/// What a recording must cover.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(memcheck_sites), expect(dead_code, reason = "nothing is recorded"))]
pub(in crate::observer) struct RecordingRequest<'a> {
    /// The judged metrics. The sites of those that grow are wanted.
    pub(in crate::observer) metrics: &'a [MetricReport],
    pub(in crate::observer) counted: CountedHeaps,
    /// Wall time of the judged part.
    pub(in crate::observer) spent: Duration,
    /// Largest number of iterations for a worker that is recorded from its start. `None` for a worker
    /// that was judged: as many as it has run.
    pub(in crate::observer) from_start: Option<u64>,
}

/// What a recording returns.
#[derive(Debug)]
pub(in crate::observer) struct Recording {
    pub(in crate::observer) sites: Sites,
    pub(in crate::observer) coverage: Coverage,
    /// How it was cut short; the worker accepts no more commands then.
    pub(in crate::observer) interrupted: Option<Interruption>,
}

/// How much of the growth the sites explain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::observer) enum Coverage {
    /// Not all new blocks.
    #[default]
    Incomplete,
    /// All new blocks, but not all bytes: a container also grows, and did not double while it was
    /// recorded.
    AllButContainers,
    /// Everything: more iterations would show nothing new.
    Complete,
}
