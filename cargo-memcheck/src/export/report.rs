//! The results of a run as one JSON document, which `cargo memcheck report` reads.

use std::io;

use memcheck::tool::render::test_result;
use memcheck::tool::report::{Report, RunReport};

use super::run_result::RunResult;

/// The document of a run.
pub(super) fn export(result: &RunResult<'_>) -> io::Result<Vec<u8>> {
    let tests = result.reports.iter().map(|report| test_result(Report::clone(report))).collect();
    let summary = result.summary;
    let mut run = RunReport::new(result.started, summary.elapsed, tests);
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    run.summary.not_run = count(summary.not_run);
    run.summary.filtered_out = count(summary.filtered_out);
    run.summary.interrupted = summary.interrupted;
    run.summary.proofs = summary.proofs;
    match result.earlier {
        Some(earlier) => {
            run.started.clone_from(&earlier.started);
            run.workspace.clone_from(&earlier.workspace);
        }
        None => {
            let root = result.workspace.root();
            run.workspace = root.map(|root| root.to_string_lossy().into_owned());
        }
    }
    run.to_json().map(String::into_bytes).map_err(io::Error::other)
}
