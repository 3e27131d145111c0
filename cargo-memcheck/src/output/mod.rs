//! What users and programs read. Outputs listen to the events of a run and never ask the runner;
//! one file for each form.

mod cargo_lines;
mod config;
mod files;
mod flamegraph;
mod github;
mod human;
mod inspection;
mod json;
mod junit;
mod leak;
mod list;
mod markdown;
mod message;
mod progress;
mod short;
mod style;
mod whole;

use std::io::{self, Write};
use std::path::Path;

pub(crate) use cargo_lines::CargoLines;
pub(crate) use config::config;
pub(crate) use files::check as check_files;
use flamegraph::FlameGraph;
pub(crate) use inspection::inspection;
pub(crate) use leak::Telling;
pub(crate) use list::list;
pub(crate) use message::{error, executables, usage, warning};
pub(crate) use style::choose as choose_colour;

use self::files::Files;
use crate::cli::{Display, Inconclusive, MessageFormat, Results, is_stdout};
use crate::error::Error;
use crate::merge::Origin;
use crate::run::Event;
use crate::sites::LaterWorkspace;

/// Something that listens to a run.
pub(crate) trait Output {
    /// Takes notice of an event.
    fn event(&mut self, event: &Event) -> io::Result<()>;
}

/// The outputs of a run. One that can no longer be written to is left out from then on; the run
/// goes on, because its exit code may be all that is wanted.
pub(crate) struct Outputs<'a> {
    open: Vec<Box<dyn Output + 'a>>,
    files: Files<'a>,
    failed: Vec<Error>,
}

/// What was asked for of the outputs.
pub(crate) struct Wanted<'a> {
    pub(crate) display: &'a Display,
    pub(crate) results: &'a Results,
    /// The file of the flame graph.
    pub(crate) graph: Option<&'a Path>,
    /// What is needed to tell of leaks.
    pub(crate) telling: Telling<'a>,
    pub(crate) inconclusive: Inconclusive,
    /// Where the sources are.
    pub(crate) workspace: LaterWorkspace<'a>,
    /// Whether standard error may hold a live line: not while tests print there themselves.
    pub(crate) live: bool,
}

impl<'a> Outputs<'a> {
    /// The outputs that were asked for.
    pub(crate) fn new(wanted: Wanted<'a>) -> Self {
        let Wanted { display, results, graph, telling, inconclusive, workspace, live } = wanted;
        let files = Files::new(results, graph, inconclusive, workspace);
        let taken = stdout_is_taken(results, graph);
        // Standard output is for one reader.
        let out: Box<dyn Write> = match (taken, display.message_format) {
            (_, MessageFormat::Json) => json_stream(taken),
            (true, _) => Box::new(anstream::stderr()),
            (false, _) => Box::new(anstream::stdout()),
        };
        let main: Box<dyn Output + 'a> = match display.message_format {
            MessageFormat::Human => {
                let progress = progress::Progress::on_stderr(live);
                let github = files.github_listens();
                Box::new(human::Human::new(out, progress, telling, display.verbose, github))
            }
            MessageFormat::Short => Box::new(short::Short::new(out)),
            MessageFormat::Json => Box::new(json::Json::new(out, telling, inconclusive)),
        };
        Outputs { open: vec![main], files, failed: Vec::new() }
    }

    /// These are results of earlier runs.
    pub(crate) fn of_earlier(&mut self, origin: Origin) {
        self.files.origin = Some(origin);
    }

    /// Tells every output.
    pub(crate) fn event(&mut self, event: &Event) {
        self.open.retain_mut(|output| match output.event(event) {
            Ok(()) => true,
            Err(error) => {
                self.failed.extend(written(Err(error)).err());
                false
            }
        });
        self.failed.extend(self.files.event(event));
    }

    /// What could not be written. A reader that went away (`| head`) is no error.
    pub(crate) fn close(self) -> Vec<Error> {
        self.failed
    }
}

/// Whether standard output is for a file's document alone. `graph` is the file of the flame graph.
fn stdout_is_taken(results: &Results, graph: Option<&Path>) -> bool {
    results.take_stdout() || graph.is_some_and(is_stdout)
}

/// Where results as JSON go: what of the two streams is not for a file's document alone.
fn json_stream(stdout_is_taken: bool) -> Box<dyn Write> {
    match stdout_is_taken {
        true => Box::new(io::stderr()),
        false => Box::new(io::stdout()),
    }
}

/// The result of writing to standard output.
pub(crate) fn written(result: io::Result<()>) -> Result<(), Error> {
    match result {
        Err(source) if source.kind() != io::ErrorKind::BrokenPipe => Err(Error::Write { source }),
        _ => Ok(()),
    }
}
