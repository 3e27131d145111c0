//! Results and messages on the terminal, and the JSON stream for programs. Outputs listen to the events of
//! a run.

mod cargo_lines;
mod config;
mod github_log;
mod human;
mod inspection;
mod json;
mod list;
mod message;
mod output;
mod progress;
mod short;
mod streams;
mod style;

pub(crate) use cargo_lines::CargoLines;
pub(crate) use config::config;
pub(crate) use inspection::inspection;
pub(crate) use list::{ListedTest, list};
pub(crate) use message::{error, executables, warning};
pub(crate) use output::{Output, OutputRequest, output};
pub(crate) use streams::WriteError;
pub(crate) use style::choose as choose_colour;
