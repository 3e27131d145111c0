//! `cargo memcheck report`: shows the merged results of earlier runs.

use std::sync::{Arc, LazyLock};

use super::error::Error;
use super::exit_code;
use super::merge::merge;
use super::outputs::{Outputs, github_actions};
use crate::cli::Report;
use crate::diagnostics::Context;
use crate::export::Exports;
use crate::runner::Event;
use crate::symbolize::Workspace;
use crate::terminal::{self, OutputRequest};

/// `cargo memcheck report`.
pub(super) fn report(arguments: &Report) -> Result<u8, Error> {
    terminal::choose_colour(arguments.display.color);
    let destinations = arguments.results.files.destinations();
    destinations.check()?;
    let merged = merge(&arguments.paths)?;
    let sources = merged.sources(&std::env::current_dir().unwrap_or_default());
    let workspace = LazyLock::new(|| Workspace::at(sources.clone()));
    let backtrace = arguments.backtrace.backtrace.unwrap_or_default();
    let context = Context::new(&workspace, std::iter::empty(), backtrace);
    let github = arguments.results.github(github_actions().as_deref());
    let output = terminal::output(OutputRequest {
        display: &arguments.display,
        context: context.of_runs_since(merged.began),
        inconclusive: arguments.inconclusive,
        stdout_is_taken: destinations.take_stdout(),
        github,
        progress: false,
    });
    let exports = Exports::new(destinations, github, arguments.inconclusive, &workspace);
    let mut outputs = Outputs::new(output, exports);
    merged.runs.into_iter().for_each(|runs| outputs.of_earlier(runs));
    let tests = merged.reports.into_iter().map(|report| Event::TestFinished(Arc::new(report)));
    for event in tests.chain([Event::Finished(merged.summary.clone())]) {
        outputs.event(&event);
    }
    Ok(outputs.close(exit_code::of_run(&merged.summary, arguments.inconclusive)))
}
