//! The commands: one file each. Shared steps: `select` builds the tests and applies the filters, `outputs`
//! connects the terminal and the result files, `error` and `exit_code` say how a command ends.

mod config;
mod dispatch;
mod error;
mod exit_code;
mod inspect;
mod list;
mod merge;
mod outputs;
mod plan;
mod report;
mod run;
mod select;

pub(crate) use dispatch::main;
