//! End-to-end tests: the real cargo, the built command and throw-away crates.
//!
//! Each folder is a topic, each file in it a part of that topic. `cargo test --test e2e config::`
//! runs one topic. [`support`] has what the tests share; `fixtures/` has the sources of the
//! throw-away crates that are too long for a string.

/// What the attribute accepts: forms of a test, limits, ways of running, snapshots.
mod attribute;
/// The command itself: running, listing, inspecting, the environment of the tests, wrong input.
mod command;
/// What the configuration file, the variables and the flags set, and suppressions.
mod config;
/// The READMEs, the examples and the pages of the documentation.
mod docs;
/// The file and line at which a leak is reported.
mod lines;
/// The processes of a test: how they end, what is left of them, how much memory they may take.
mod processes;
/// `--prove`: leaks that the tool plants in passing tests.
mod prove;
/// Results as files, and `cargo memcheck report`, which reads them.
mod reports;
/// The structure of the code: the order of imports, the public items.
mod structure;
mod support;
/// Which status a test gets: what leaks, what only looks like a leak, and by how much.
mod verdict;
