//! Builds that cannot record: other processors, or without the feature `sites`.

use super::request::{Coverage, Recording, RecordingRequest};
use crate::observer::worker_process::process::WorkerProcess;
use crate::options::Options;
use crate::report::Sites;

/// A worker that can be recorded, if this build could record.
pub(in crate::observer) trait Recordable {}

impl Recordable for WorkerProcess<'_> {}

/// Records nothing; a note says why.
pub(in crate::observer) fn record(
    _worker: &mut impl Recordable,
    _request: &RecordingRequest<'_>,
    _options: &Options,
) -> Recording {
    let note = "call stacks were not recorded. Recording needs Linux on x86-64 or aarch64, and the feature `sites` of memcheck-lib (one of its default features)";
    let sites = Sites { notes: vec![note.to_owned()], ..Sites::default() };
    Recording { sites, coverage: Coverage::Incomplete, interrupted: None }
}
