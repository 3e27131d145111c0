//! The command line as data. Nothing here runs or prints.

mod backtrace;
mod config;
mod display;
mod filters;
mod inspect;
mod limits;
mod list;
mod output_files;
mod parse;
mod report;
mod results;
mod run;
mod running;
mod selection;
mod test_arguments;

pub(crate) use backtrace::Backtrace;
pub(crate) use config::{Config, Configuration};
pub(crate) use display::{Color, Display, MessageFormat};
pub(crate) use filters::{FilterOutcome, Filters};
pub(crate) use inspect::Inspect;
pub(crate) use list::List;
pub(crate) use output_files::OutputFiles;
pub(crate) use parse::{Command, parse, similar_command};
pub(crate) use report::Report;
pub(crate) use run::Run;
pub(crate) use running::{RecordSites, Running};
pub(crate) use selection::Selection;
