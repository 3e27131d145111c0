//! A plain run of a test's body, once, without measuring it.

use std::panic::resume_unwind;
use std::process::{ExitCode, Termination};
use std::sync::Once;

use super::test::Test;
use super::uncaptured_stderr::print_uncaptured;
use crate::options::variables::{MODE, ONCE};
use crate::worker::{Steps, Workload};

/// Why nothing is measured on other systems.
#[cfg(not(target_os = "linux"))]
pub(super) const NOT_LINUX: &str = "memcheck measures on Linux only";

/// Environment variable with the path of the folder for report files.
pub(super) const DIRECTORY: &str = "MEMCHECK_REPORT_DIR";

/// Why the body runs only once, if it does.
pub(super) fn reason_to_run_once() -> Option<&'static str> {
    if cfg!(miri) {
        return Some("Miri has no process to measure");
    }
    (std::env::var_os(MODE)? == ONCE).then_some("MEMCHECK=once")
}

/// Whether the body runs once because the test was an ordinary test before: `cargo test` stays as fast
/// as it was. A report folder or `MEMCHECK=judge` asks for verdicts, and a snapshot needs one.
pub(super) fn is_ordinary_here(test: &Test) -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    test.bulk && test.snapshot.is_none() && !is_set(MODE) && !is_set(DIRECTORY)
}

/// Runs the body of such a test, and prints once in each process that it is not judged.
pub(super) fn run_ordinary<R: Termination>(body: impl FnOnce(Workload) -> R) {
    static PRINTED: Once = Once::new();
    PRINTED.call_once(|| {
        print_uncaptured(
            "tests of annotated modules and of `memcheck::test` run once here, without a verdict; `cargo memcheck` and MEMCHECK=judge judge them",
        );
    });
    run_body(body);
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
