//! Child processes: how they are started, and how they end when a signal arrives.

mod command_line;
mod inherited;
mod interrupt;

pub(crate) use command_line::CommandLine;
pub(crate) use inherited::changes as changes_of_cargo_run;
pub(crate) use interrupt::{Interrupt, MARK, kill_tree, mark};
