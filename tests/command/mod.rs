//! `cargo memcheck` as a command.

mod bad_input;
mod environment;
mod inspect;
mod list;
mod run;
