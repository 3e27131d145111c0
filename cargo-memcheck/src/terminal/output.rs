//! The main output of a run: human, short or JSON.

use std::io;

use super::human::Human;
use super::json::Json;
use super::progress::Progress;
use super::short::Short;
use super::streams;
use crate::cli::{Display, MessageFormat};
use crate::diagnostics::Context;
use crate::runner::{Event, Inconclusive};

/// Writes an event to a stream.
pub(crate) type Output<'a> = Box<dyn FnMut(&Event) -> io::Result<()> + 'a>;

/// What the main output needs.
pub(crate) struct OutputRequest<'a> {
    pub(crate) display: &'a Display,
    /// What is needed to explain leaks.
    pub(crate) context: Context<'a>,
    pub(crate) inconclusive: Inconclusive,
    /// Whether a result file is written to standard output.
    pub(crate) stdout_is_taken: bool,
    /// Whether GitHub reads the output.
    pub(crate) github: bool,
    /// Whether standard error may show a progress line. It may not while tests print there.
    pub(crate) progress: bool,
}

/// The main output of a run.
pub(crate) fn output(request: OutputRequest<'_>) -> Output<'_> {
    let OutputRequest { display, context, inconclusive, stdout_is_taken, github, progress } =
        request;
    match display.message_format {
        MessageFormat::Human => {
            let (out, progress) = (streams::text(stdout_is_taken), Progress::on_stderr(progress));
            let mut human = Human::new(out, progress, context, display.verbose, github);
            Box::new(move |event| human.event(event))
        }
        MessageFormat::Short => {
            let mut short = Short::new(streams::text(stdout_is_taken));
            Box::new(move |event| short.event(event))
        }
        MessageFormat::Json => {
            let mut json = Json::new(streams::json(stdout_is_taken), context, inconclusive);
            Box::new(move |event| json.event(event))
        }
    }
}
