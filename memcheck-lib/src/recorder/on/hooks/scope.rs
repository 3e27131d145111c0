//! Whether a hook records its call.

use std::ffi::c_int;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use crate::recorder::on::state::is_on;

/// The ID of the process that records; 0 before the first recording.
static RECORDED_PROCESS: AtomicU32 = AtomicU32::new(0);

fn own_id() -> u32 {
    rustix::process::getpid().as_raw_nonzero().get().cast_unsigned()
}

/// Makes this process the one that records.
pub(super) fn record_this_process() {
    RECORDED_PROCESS.store(own_id(), Relaxed);
}

/// Whether to record a call. A child of `vfork` shares the memory of this process until it starts
/// another program, but its calls are not recorded: a descriptor that it closes stays open here.
#[inline(always)]
pub(super) fn records() -> bool {
    is_on() && RECORDED_PROCESS.load(Relaxed) == own_id()
}

/// Runs `record` and restores errno, which the intercepted function has set.
pub(super) fn keeping_errno<T>(record: impl FnOnce() -> T) -> T {
    // SAFETY: errno of this thread is valid at any time.
    let errno: *mut c_int = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    let before = unsafe { *errno };
    let result = record();
    // SAFETY: as above.
    unsafe { *errno = before };
    result
}
