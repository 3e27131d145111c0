//! A test under plain `cargo test` or `cargo nextest run`: it observes a worker of its own.

use std::ffi::OsString;
use std::panic::resume_unwind;

use super::Test;
use crate::render;
use crate::report::{Outcome, Report};
use crate::tool::{Cancel, Launch, Settings, observe};

/// Starts the worker, judges it, and fails the test unless all is well.
pub(super) fn run(test: &Test) {
    let report = match launch(test) {
        Ok(launch) => observe(&launch, &Settings::default(), &Cancel::never(), &mut |_| {}),
        Err(error) => Report::broken(test.id(), format!("cannot find the test binary: {error}")),
    };
    say(&report);
    if !report.word().is_success() {
        // The report says everything; a panic message would only point into this file.
        resume_unwind(Box::new("memcheck"));
    }
}

fn launch(test: &Test) -> std::io::Result<Launch> {
    Ok(Launch {
        program: std::env::current_exe()?,
        test: test.name().to_owned(),
        arguments: Vec::<OsString>::new(),
        // It stays in the group that nextest or the shell made: their timeouts and Ctrl-C must
        // reach it.
        own_group: false,
        ..Launch::default()
    })
}

#[expect(clippy::print_stdout, reason = "under libtest a test speaks through its captured stdout")]
fn say(report: &Report) {
    println!("{}", render::line(report));
    if !report.word().is_success() {
        print!("{}", render::details(report));
        if !matches!(report.outcome, Outcome::Broken { .. }) {
            println!("\nhint: `cargo memcheck {}` tells more", report.test.name);
        }
    } else {
        for warning in &report.warnings {
            println!("warning[{}]: {}", warning.code, warning.message);
        }
    }
}
