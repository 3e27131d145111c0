//! Records descriptors that calls open and close.

use std::ffi::c_int;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use rustix::process::{Resource, getrlimit};

use super::scope::{keeping_errno, records};
use crate::metric::SiteKind;
use crate::recorder::on::events;
use crate::recorder::on::state::is_on;
use crate::recorder::on::tables::Tables;

/// Limit of the search for open descriptors when recording starts: one system call each. The close
/// of an older descriptor with a higher number is not known to be one of an older descriptor.
const MAX_SEARCHED: u64 = 1 << 16;

/// The highest descriptor that is known, recorded or older.
static HIGHEST: AtomicI32 = AtomicI32::new(-1);

/// Enters the open descriptors as older than the recording. Without this, closing a descriptor that
/// was opened by a call that is not intercepted would count as the release of an older one.
pub(super) fn insert_open_descriptors(tables: &Tables) {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(MAX_SEARCHED).min(MAX_SEARCHED);
    for fd in 0..limit as c_int {
        // SAFETY: the number is not -1. The descriptor need not be open, because it is only passed
        // to `fcntl(F_GETFD)`, which then fails with EBADF.
        let candidate = unsafe { BorrowedFd::borrow_raw(fd) };
        if rustix::io::fcntl_getfd(candidate).is_ok() {
            tables.insert_older(SiteKind::Descriptor, fd as u64);
            HIGHEST.fetch_max(fd, Relaxed);
        }
    }
}

/// The highest descriptor that is known.
pub(super) fn highest() -> c_int {
    HIGHEST.load(Relaxed)
}

/// Records the result of a function that opens a descriptor, and returns it.
#[inline(always)]
pub(super) fn opened(fd: c_int) -> c_int {
    if is_on() && fd >= 0 {
        record_open(fd);
    }
    fd
}

/// Records a descriptor that was opened; a negative number means a failed call.
#[cold]
#[inline(never)]
pub(super) fn record_open(fd: c_int) {
    if fd >= 0 && records() {
        HIGHEST.fetch_max(fd, Relaxed);
        keeping_errno(|| events::acquired(SiteKind::Descriptor, fd as u64, 0));
    }
}

/// Records the two descriptors that a function wrote to `pair`, and returns its result.
///
/// # Safety
///
/// If `result` is 0, `pair` is the address of two descriptors.
#[inline(always)]
pub(super) unsafe fn opened_pair(result: c_int, pair: usize) -> c_int {
    if is_on() && result == 0 {
        // SAFETY: the caller's promise.
        let pair = unsafe { *std::ptr::with_exposed_provenance::<[c_int; 2]>(pair) };
        for fd in pair {
            record_open(fd);
        }
    }
    result
}

/// Records a call that closes `fd`, if `is_closed` says so for its result.
#[cold]
#[inline(never)]
pub(super) fn close_by<T>(
    fd: c_int,
    call: impl FnOnce() -> T,
    is_closed: impl FnOnce(&T) -> bool,
) -> T {
    if fd < 0 || !records() {
        return call();
    }
    // Before the call: after it another thread can open a descriptor with the same number.
    let pending = keeping_errno(|| events::releasing(SiteKind::Descriptor, fd as u64));
    let result = call();
    let is_closed = is_closed(&result);
    keeping_errno(|| pending.finish(is_closed));
    result
}

/// Records a call that closes `fd`, if it is open, and opens it again.
#[cold]
#[inline(never)]
pub(super) fn reopen_by(fd: usize, call: impl FnOnce() -> c_int) -> c_int {
    let result = close_by(fd as c_int, call, |&result| result >= 0);
    opened(result)
}
