//! The arguments of `cargo memcheck list`.

use clap::Args;

use super::display::Display;
use super::filters::Filters;
use super::selection::Selection;

/// `cargo memcheck list`.
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) filters: Filters,
    #[command(flatten)]
    pub(crate) display: Display,
    #[command(flatten)]
    pub(crate) selection: Selection,
}
