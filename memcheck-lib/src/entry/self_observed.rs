//! A test under plain `cargo test` or `cargo nextest run`: it observes a worker of its own.

use std::ffi::OsString;
use std::panic::resume_unwind;
use std::sync::{Once, OnceLock};

use rustix::process::{Pid, getppid};

use super::report_dir::{Record, Unwritten};
use super::test::Test;
use super::test::aloud;
use crate::observer::{Cancel, Launch, Progress, Settings, UNKNOWN_VARIABLE, observe};
use crate::render;
use crate::report::{Outcome, Report};

/// Starts the worker, judges it, and fails the test unless all is well.
pub(super) fn run(test: &Test) {
    let record = Record::begin(test);
    let report = match launch(test) {
        Ok(launch) => observe_as_told(&launch, test),
        Err(error) => Report::broken(test.id(), format!("cannot find the test binary: {error}")),
    };
    say(&report);
    let recorded = record.and_then(|record| match record {
        Some(record) => record.finish(&report),
        None => Ok(()),
    });
    if let Err(error) = &recorded {
        say_unrecorded(error);
    }
    // Whoever gates on the records must not take a missing one for a pass.
    if !report.status().is_success() || recorded.is_err() {
        // The report says everything; a panic message would only point into this file.
        resume_unwind(Box::new("memcheck"));
    }
}

/// Observes the worker with the options of the environment around those of the attribute.
fn observe_as_told(launch: &Launch, test: &Test) -> Report {
    match Settings::from_environment() {
        Ok((settings, warnings)) => {
            let mut report = observe_until_orphaned(launch, &settings);
            report.warnings.extend(warnings);
            report
        }
        Err(error) => Report::broken(test.id(), error.to_string()),
    }
}

/// Observes the worker, but no longer than cargo or nextest live, which run this test: after a
/// `kill -9` of those nobody would end it.
fn observe_until_orphaned(launch: &Launch, settings: &Settings) -> Report {
    static PARENT: OnceLock<Option<Pid>> = OnceLock::new();
    // Others that start a test binary, a shell above all, may well end before it.
    let ends_with_parent =
        ["CARGO_MANIFEST_DIR", "NEXTEST"].iter().any(|name| std::env::var_os(name).is_some());
    let parent = *PARENT.get_or_init(getppid);
    let cancel = match ends_with_parent {
        true => Cancel::new().unwrap_or_else(|_| Cancel::never()),
        false => Cancel::never(),
    };
    let mut progress = |_: Progress| {
        if getppid() != parent {
            cancel.cancel();
        }
    };
    observe(launch, settings, &cancel, &mut progress)
}

fn launch(test: &Test) -> std::io::Result<Launch> {
    Ok(Launch {
        program: std::env::current_exe()?,
        test: test.name().to_owned(),
        arguments: Vec::<OsString>::new(),
        // A group of its own, so that a timeout of nextest or Ctrl-C, which go to the whole group
        // of the test, reach the observer alone: the worker learns of the observer's death and
        // then ends all that it started, also what has left its group.
        own_group: true,
        ..Launch::default()
    })
}

#[expect(clippy::print_stdout, reason = "under libtest a test speaks through its captured stdout")]
fn say(report: &Report) {
    println!("{}", render::line(report));
    if !report.status().is_success() {
        print!("{}", render::details(report));
        if !matches!(report.outcome, Outcome::Broken { .. }) {
            println!("\nhint: `cargo memcheck {}` tells more", report.test.name);
        }
    } else {
        for warning in &report.warnings {
            if warning.code == UNKNOWN_VARIABLE {
                static TOLD: Once = Once::new();
                TOLD.call_once(|| aloud(&format!("warning: {}", warning.message)));
            }
            println!("warning[{}]: {}", warning.code, warning.message);
        }
    }
}

#[expect(clippy::print_stdout, reason = "under libtest a test speaks through its captured stdout")]
fn say_unrecorded(error: &Unwritten) {
    println!("error[not-recorded]: {error}");
}
