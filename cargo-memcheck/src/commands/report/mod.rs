//! `cargo memcheck report`.

mod merge;
mod show;

pub(super) use show::report;
