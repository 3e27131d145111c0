//! A test under plain `cargo test` or `cargo nextest run`: it starts a worker and observes it.

use std::ffi::OsString;
use std::panic::resume_unwind;
use std::process::Termination;
use std::sync::{Once, OnceLock};

use rustix::process::{Pid, getppid};

use super::once::run_body;
use super::report_dir::{ReportFile, WriteError};
use super::test::Test;
use super::uncaptured_stderr::print_uncaptured;
use crate::observer::{Cancel, Launch, Progress, Settings, UNKNOWN_VARIABLE, observe};
use crate::render;
use crate::report::{Outcome, Report};
use crate::worker::Workload;

/// Starts the worker, judges it, and fails the test unless all is well.
pub(super) fn run(test: &Test) {
    let file = ReportFile::create(test);
    let report = match launch(test) {
        Ok(launch) => observe_with_environment(&launch, test),
        Err(error) => Report::broken(
            test.id(),
            format!(
                "cannot find the path of the test binary: {error}. Check that `/proc` is mounted"
            ),
        ),
    };
    print(&report);
    let written = file.and_then(|file| match file {
        Some(file) => file.finish(&report),
        None => Ok(()),
    });
    if let Err(error) = &written {
        print_write_error(error);
    }
    // A CI gate that reads the report files must not take a missing one for a pass.
    if !report.status().is_success() || written.is_err() {
        // The report has the reason; a panic message would only point into this file.
        resume_unwind(Box::new("memcheck"));
    }
}

/// Runs a skipped test once. Its record says that it was skipped.
pub(super) fn skip<R: Termination>(test: &Test, body: impl FnOnce(Workload) -> R) {
    run_body(body);
    let file = ReportFile::create(test);
    let reason = test.options.skip.clone();
    let report = Report::unobserved(test.id(), Outcome::Skipped { reason });
    let written = file.and_then(|file| file.map_or(Ok(()), |file| file.finish(&report)));
    if let Err(error) = &written {
        print_write_error(error);
        resume_unwind(Box::new("memcheck"));
    }
}

/// Observes the worker with the options of the environment around those of the attribute.
fn observe_with_environment(launch: &Launch, test: &Test) -> Report {
    match Settings::from_environment() {
        Ok((settings, warnings)) => {
            let mut report = observe_until_orphaned(launch, &settings);
            report.warnings.extend(warnings);
            report
        }
        Err(error) => Report::broken(test.id(), error.to_string()),
    }
}

/// Observes the worker, but only as long as cargo or nextest, which started this test, run: after a
/// `kill -9` of those nothing else would end it.
fn observe_until_orphaned(launch: &Launch, settings: &Settings) -> Report {
    static PARENT: OnceLock<Option<Pid>> = OnceLock::new();
    // Other parents of a test binary, such as a shell, may end before it.
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
        // Its own process group, so that a timeout of nextest or Ctrl-C, which signal the whole group
        // of the test, reach the observer only. The kernel then signals the worker, which ends all
        // processes that it started, also those that have left its group.
        own_group: true,
        ..Launch::default()
    })
}

#[expect(clippy::print_stdout, reason = "libtest captures stdout and shows it for failed tests")]
fn print(report: &Report) {
    println!("{}", render::line(report));
    if !report.status().is_success() {
        print!("{}", render::details(report));
        if !matches!(report.outcome, Outcome::Broken { .. }) {
            println!("\nhint: for more details, run `cargo memcheck {}`", report.test.name);
        }
    } else {
        for warning in &report.warnings {
            if warning.code == UNKNOWN_VARIABLE {
                static PRINTED: Once = Once::new();
                PRINTED.call_once(|| print_uncaptured(&format!("warning: {}", warning.message)));
            }
            println!("warning[{}]: {}", warning.code, warning.message);
        }
    }
}

#[expect(clippy::print_stdout, reason = "libtest captures stdout and shows it for failed tests")]
fn print_write_error(error: &WriteError) {
    println!("error[not-recorded]: {error}");
}
