//! A plain run of a test's body, once, without measuring it.

use std::panic::resume_unwind;
use std::process::{ExitCode, Termination};

use super::uncaptured_stderr::print_uncaptured;
use crate::options::variables::MODE;
use crate::worker::{Steps, Workload};

/// Why nothing is measured on other systems.
#[cfg(not(target_os = "linux"))]
pub(super) const NOT_LINUX: &str = "memcheck measures on Linux only";

/// Why the body runs only once, if it does.
pub(super) fn reason_to_run_once() -> Option<&'static str> {
    if cfg!(miri) {
        return Some("Miri has no process to measure");
    }
    let (mode, once) = MODE;
    (std::env::var_os(mode)? == once).then_some("MEMCHECK=once")
}

/// Runs the body once and reports on standard error that it is not checked.
pub(super) fn run_once<R: Termination>(name: &str, body: impl FnOnce(Workload) -> R, reason: &str) {
    print_uncaptured(&format!("{name} NOT CHECKED, its body runs once ({reason})"));
    run_body(body);
}

/// Runs the body once, as an ordinary test.
pub(super) fn run_body<R: Termination>(body: impl FnOnce(Workload) -> R) {
    let code = body(Workload::new(Steps::Once { done: false })).report();
    if code != ExitCode::SUCCESS {
        resume_unwind(Box::new("the test returned an error"));
    }
}
