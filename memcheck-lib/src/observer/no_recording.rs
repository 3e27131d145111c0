//! Where it leaks: cannot be told, this build of the library has no recorder.

use std::time::Duration;

use super::worker_handle::{Interruption, WorkerHandle};
use crate::options::Options;
use crate::report::{MetricReport, Sites};

/// What of the worker can be counted.
#[derive(Clone, Copy, Debug)]
#[expect(dead_code, reason = "nothing is recorded")]
pub(super) struct Judged {
    pub(super) rust: bool,
    pub(super) native: bool,
}

/// How far the sites tell what grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Coverage {
    #[default]
    Little,
    AllButContainers,
    All,
}

#[derive(Debug)]
pub(super) struct Recording {
    pub(super) sites: Sites,
    pub(super) told: Coverage,
    pub(super) interrupted: Option<Interruption>,
}

/// What is to be recorded.
#[derive(Clone, Copy, Debug)]
#[expect(dead_code, reason = "nothing is recorded")]
pub(super) struct Wanted<'a> {
    pub(super) metrics: &'a [MetricReport],
    pub(super) judged: Judged,
    pub(super) spent: Duration,
    pub(super) anew: Option<u64>,
}

pub(super) fn record(
    _subject: &mut impl WorkerHandle,
    _wanted: &Wanted<'_>,
    _options: &Options,
) -> Recording {
    let note = "call stacks were not recorded: it needs Linux on x86-64 or aarch64 and the feature `sites` of memcheck-lib (one of its default features)";
    let sites = Sites { notes: vec![note.to_owned()], ..Sites::default() };
    Recording { sites, told: Coverage::Little, interrupted: None }
}
