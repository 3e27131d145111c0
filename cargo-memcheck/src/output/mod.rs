//! What users and programs read. Outputs listen to the events of a run and never ask the runner;
//! one file for each form.

mod config;
mod human;
mod inspection;
mod json;
mod list;
mod message;
mod progress;
mod short;
mod style;

use std::io;

pub(crate) use config::config;
pub(crate) use inspection::inspection;
pub(crate) use list::list;
pub(crate) use message::{error, usage, warning};
pub(crate) use style::choose as choose_colour;

use crate::cli::{Display, MessageFormat};
use crate::error::Error;
use crate::run::Event;

/// Something that listens to a run.
pub(crate) trait Output {
    /// Takes notice of an event.
    fn event(&mut self, event: &Event) -> io::Result<()>;
}

/// The outputs of a run. One that can no longer be written to is left out from then on; the run
/// goes on, because its exit code may be all that is wanted.
pub(crate) struct Outputs {
    open: Vec<Box<dyn Output>>,
    failed: Option<io::Error>,
}

impl Outputs {
    /// The outputs that were asked for. `live` is whether standard error may hold a live line: not
    /// while tests print there themselves.
    pub(crate) fn new(display: &Display, live: bool) -> Self {
        let stdout = anstream::stdout();
        let main: Box<dyn Output> = match display.message_format {
            MessageFormat::Human => {
                let progress = progress::Progress::on_stderr(live);
                Box::new(human::Human::new(stdout, progress, display.verbose))
            }
            MessageFormat::Short => Box::new(short::Short::new(stdout)),
            MessageFormat::Json => Box::new(json::Json::new(io::stdout())),
        };
        Outputs { open: vec![main], failed: None }
    }

    /// Tells every output.
    pub(crate) fn event(&mut self, event: &Event) {
        self.open.retain_mut(|output| match output.event(event) {
            Ok(()) => true,
            Err(error) => {
                self.failed.get_or_insert(error);
                false
            }
        });
    }

    /// Whether everything was written. A reader that went away (`| head`) is no error.
    pub(crate) fn close(self) -> Result<(), Error> {
        written(self.failed.map_or(Ok(()), Err))
    }
}

/// The result of writing to standard output.
pub(crate) fn written(result: io::Result<()>) -> Result<(), Error> {
    match result {
        Err(source) if source.kind() != io::ErrorKind::BrokenPipe => Err(Error::Write { source }),
        _ => Ok(()),
    }
}
