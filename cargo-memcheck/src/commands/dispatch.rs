//! Calls the command that the arguments name.

use std::ffi::OsString;

use super::outputs::print_error;
use super::{config, exit_code, inspect, list, report, run};
use crate::cargo;
use crate::cli::{self, Command};
use crate::exit;

/// Runs the command that `arguments` name and returns the exit code.
pub(crate) fn main(arguments: Vec<OsString>) -> u8 {
    if arguments.get(1).is_some_and(|argument| argument == cargo::RUNNER_ARGUMENT) {
        return match cargo::print_environment(&arguments[2..]) {
            Ok(()) => exit::SUCCESS,
            Err(_) => exit::TOOL_FAILED,
        };
    }
    let command = match cli::parse(arguments) {
        Ok(command) => command,
        Err(error) => return usage(&error),
    };
    let result = match &command {
        Command::Run(arguments) => run::run(arguments),
        Command::List(arguments) => list::list(arguments),
        Command::Inspect(arguments) => inspect::inspect(arguments),
        Command::Report(arguments) => report::report(arguments),
        Command::Config(arguments) => config::config(arguments),
    };
    result.unwrap_or_else(|error| {
        print_error(&error);
        exit_code::of_error(&error)
    })
}

/// Prints a usage error or the help, and returns the exit code.
fn usage(error: &clap::Error) -> u8 {
    let _ = error.print();
    match error.use_stderr() {
        true => exit::USAGE,
        false => exit::SUCCESS,
    }
}
