//! The entry of a test under `#[memcheck]`.

use std::process::Termination;

#[cfg(not(target_os = "linux"))]
use super::once::NOT_LINUX;
#[cfg(not(target_os = "linux"))]
use super::once::run_body;
use super::once::{is_ordinary_here, run_ordinary};
use super::once::{reason_to_run_once, run_once};
use super::test::Test;
use crate::worker::{Returned, Workload};

/// Enters a test whose body is one iteration.
pub fn plain<R: Termination>(test: Test, mut body: impl FnMut() -> R) {
    let body = move || Returned(body());
    workload(test, |workload| workload.iterate(body));
}

/// Enters a test that sets up and then calls [`Workload::iterate`].
///
/// Returns if the test passed, unwinds if it did not.
#[cfg(target_os = "linux")]
pub fn workload<R: Termination>(test: Test, body: impl FnOnce(Workload) -> R) {
    use crate::worker::serve::serve;
    use crate::worker::session::connection::{Role, connect};

    match connect() {
        Role::Worker(connection) => {
            return serve(&connection, test.id(), test.options, test.snapshot, body);
        }
        Role::AlreadyConnected => fail_as_duplicate(&test),
        Role::NoWorker => {}
    }
    match reason_to_run_once() {
        _ if test.options.skip.is_some() => super::self_observed::skip(&test, body),
        Some(reason) => run_once(test.name(), body, reason),
        None if is_ordinary_here(&test) => run_ordinary(body),
        None => super::self_observed::run(&test),
    }
}

/// Runs the body once: there is no observer on this system.
#[cfg(not(target_os = "linux"))]
pub fn workload<R: Termination>(test: Test, body: impl FnOnce(Workload) -> R) {
    match test.options.skip {
        Some(_) => run_body(body),
        None if is_ordinary_here(&test) => run_ordinary(body),
        None => run_once(test.name(), body, reason_to_run_once().unwrap_or(NOT_LINUX)),
    }
}

/// Fails a test that the harness runs a second time in its worker: there are two tests of this name, or
/// it is under both `#[test]` and `#[memcheck]`.
#[cfg(target_os = "linux")]
#[expect(clippy::print_stderr, reason = "the observer shows what the worker printed")]
fn fail_as_duplicate(test: &Test) -> ! {
    eprintln!(
        "memcheck: `{}` runs twice in one process. Remove `#[test]` if it is above `#[memcheck]`, or rename one of two tests with this name",
        test.name()
    );
    std::panic::resume_unwind(Box::new("memcheck"))
}
