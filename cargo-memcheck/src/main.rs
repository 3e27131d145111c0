//! `cargo memcheck` builds the test binaries of a cargo project, finds the tests annotated with
//! `#[memcheck]`, runs each test in a process of its own, and fails when memory grows.
//!
//! A run passes these modules: [`cli`] reads the command line and [`config`] the settings, [`cargo`]
//! builds the tests, [`discover`] finds the annotated ones, [`runner`] runs them and sends events,
//! [`symbolize`] turns recorded call stacks into source lines, [`terminal`] and [`export`] listen to the
//! events and write the results. [`commands`] connects them: one file for each command.

// ARCHITECTURE.md states the order of the modules, and a test checks it.

#[cfg(target_os = "linux")]
mod cargo;
#[cfg(target_os = "linux")]
mod causes;
#[cfg(target_os = "linux")]
mod cli;
#[cfg(target_os = "linux")]
mod commands;
#[cfg(target_os = "linux")]
mod config;
#[cfg(target_os = "linux")]
mod diagnostics;
#[cfg(target_os = "linux")]
mod discover;
mod exit;
#[cfg(target_os = "linux")]
mod export;
#[cfg(target_os = "linux")]
mod runner;
#[cfg(target_os = "linux")]
mod subprocess;
#[cfg(target_os = "linux")]
mod symbolize;
#[cfg(target_os = "linux")]
mod terminal;

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    ExitCode::from(commands::main(std::env::args_os().collect()))
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::print_stderr, reason = "no output module is built for this system")]
fn main() -> ExitCode {
    eprintln!(
        "error: cargo memcheck cannot measure on {}: it reads process memory from the Linux kernel\n  \
         help: run it on Linux, for example in a container or a CI job; `cargo test` runs each body \
         once here, without measuring",
        std::env::consts::OS
    );
    ExitCode::from(exit::NOTHING_TO_RUN)
}
