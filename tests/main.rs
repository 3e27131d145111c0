//! End-to-end tests: the real cargo, the built command and throw-away crates.
//!
//! Each folder is a topic, each file in it a part of that topic. `cargo test --test e2e config::`
//! runs one topic. [`support`] has what the tests share; `fixtures/` has the sources of the
//! throw-away crates that are too long for a string.
//!
//! Tests of all topics run at the same time in one process, so a test must not change the environment,
//! the current folder or signal handlers of this process, and projects need different names.
//!
//! A test that needs a long build or many runs is in the slow tier: it has
//! `#[ignore = "slow: run by .ci/run"]`, and `cargo test --test e2e -- --ignored` runs it.

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
