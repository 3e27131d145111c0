//! Runs a test as a worker, from the first packet to the last.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::{ExitCode, Termination};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::session::connection::Connection;
use super::session::iterations::{IterationFailed, Iterations};
use super::steps::Steps;
use super::workload::Workload;
use crate::heap;
use crate::options::Options;
use crate::protocol::message::{Failure, Hello};
use crate::protocol::packet::encode_ended;
use crate::report::TestId;

/// Runs a test as a worker, from hello to the end.
pub(crate) fn serve<R: Termination>(
    connection: &Arc<Connection>,
    test: TestId,
    options: Options,
    snapshot: Option<fn(&str)>,
    body: impl FnOnce(Workload) -> R,
) {
    let hello = Hello {
        library: env!("CARGO_PKG_VERSION").to_owned(),
        test,
        options,
        heap_counted: heap::is_counted(),
        own_allocator: heap::OWN_ALLOCATOR,
        heap_counted_as_c: heap::is_counted_as_c(),
        native_heap: heap::c_heap_state(),
        snapshot: snapshot.is_some(),
        thread: rustix::thread::gettid().as_raw_nonzero().get(),
    };
    match hello.encode() {
        Ok(packet) => {
            connection.send(&packet);
            // The observer discards what the harness has printed so far.
            let _ = connection.receive();
        }
        // The observer then reports a worker that ended without hello.
        Err(_) => return,
    }
    let workload = Workload::new(Steps::Worker(Iterations::new(Arc::clone(connection))));
    let result = catch_unwind(AssertUnwindSafe(|| {
        let code = body(workload).report();
        let ended_well = code == ExitCode::SUCCESS;
        if !ended_well {
            connection.fail(Failure::ReturnedError, "");
        }
        ended_well
    }));
    match result {
        Ok(true) if connection.finished.load(Ordering::Relaxed) => {
            if let (Some(assert), Some(profile)) = (snapshot, connection.profile.get()) {
                assert_snapshot(connection, assert, profile);
            }
            connection.send_last(&encode_ended());
        }
        Ok(true) => {
            connection.fail(Failure::NeverIterated, "the test never called `Workload::iterate`");
            resume_unwind(Box::new(IterationFailed));
        }
        Ok(false) => resume_unwind(Box::new(IterationFailed)),
        Err(payload) => {
            connection.fail(Failure::Panicked, panic_message(payload.as_ref()));
            resume_unwind(payload);
        }
    }
}

/// Asserts the snapshot in the test's own process, so that insta finds the same environment, folder and
/// source file as in any other test. The observer shows what insta prints.
fn assert_snapshot(connection: &Connection, assert: fn(&str), profile: &str) {
    if let Err(payload) = catch_unwind(|| assert(profile)) {
        connection.fail(Failure::Snapshot, panic_message(payload.as_ref()));
        resume_unwind(Box::new(IterationFailed));
    }
}

fn panic_message(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("")
}
