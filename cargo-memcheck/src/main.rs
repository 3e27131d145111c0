//! `cargo memcheck`: builds the test binaries of a cargo project, finds the tests annotated with
//! `#[memcheck]`, runs each in a process of its own and fails when memory grows.
//!
//! The way of a run: [`cli`] says what is wanted and [`config`] what holds, [`cargo`] builds and tells the
//! environment of the tests, [`discover`] finds the annotated ones, [`run`] observes them and sends events,
//! [`sites`] makes lines of recorded call stacks, [`suppress`] takes off what the user cannot mend, [`output`]
//! listens and prints, [`exit`] turns the result into a status. [`app`] strings them together.

#[cfg(target_os = "linux")]
mod app;
#[cfg(target_os = "linux")]
mod cargo;
#[cfg(target_os = "linux")]
mod cli;
#[cfg(target_os = "linux")]
mod config;
#[cfg(target_os = "linux")]
mod configure;
#[cfg(target_os = "linux")]
mod discover;
#[cfg(target_os = "linux")]
mod error;
mod exit;
#[cfg(target_os = "linux")]
mod inspect;
#[cfg(target_os = "linux")]
mod merge;
#[cfg(target_os = "linux")]
mod output;
#[cfg(target_os = "linux")]
mod run;
#[cfg(target_os = "linux")]
mod sites;
#[cfg(target_os = "linux")]
mod suppress;

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    ExitCode::from(app::main(std::env::args_os().collect()))
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::print_stderr, reason = "there is nothing else to do on this system")]
fn main() -> ExitCode {
    eprintln!(
        "error: cargo memcheck cannot measure on {}: it reads what the Linux kernel says about a \
         process. Run it on Linux (a container or a CI job will do); `cargo test` runs the bodies \
         here once, unchecked.",
        std::env::consts::OS
    );
    ExitCode::from(exit::NOTHING_TO_RUN)
}
