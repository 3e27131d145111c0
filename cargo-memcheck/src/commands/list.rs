//! `cargo memcheck list`.

use super::error::Error;
use super::select::{SelectedTests, build};
use crate::cargo::{Cargo, CompilerMessages};
use crate::cli::List;
use crate::exit;
use crate::subprocess::Interrupt;
use crate::terminal::{self, ListedTest, WriteError};

/// `cargo memcheck list`.
pub(super) fn list(arguments: &List) -> Result<u8, Error> {
    terminal::choose_colour(arguments.display.color);
    let interrupt = Interrupt::install().map_err(|source| Error::Signals { source })?;
    let cargo = Cargo::new(&arguments.selection, arguments.display.color);
    let built = build(&cargo, &interrupt, CompilerMessages::Terminal)?;
    let selected = SelectedTests::by(&arguments.filters, &built);
    if selected.run.is_empty() && selected.ignored.is_empty() {
        return Err(selected.nothing_to_run(&cargo, &built, &arguments.filters));
    }
    // The list also has ignored tests, because that is how users find them.
    let tests = selected.run.iter().chain(&selected.ignored);
    let mut tests: Vec<ListedTest<'_>> =
        tests.map(|(binary, test)| ListedTest { binary: &binary.id, test }).collect();
    tests.sort_by_key(|of| (of.binary, of.test));
    let mut out = anstream::stdout();
    WriteError::of(terminal::list(&mut out, arguments.display.message_format, &tests))?;
    Ok(exit::SUCCESS)
}
