//! Descriptors, by the calls that close them.

use std::ffi::c_int;

use super::descriptors::highest;
use super::{aside, call_real, real_functions, recording, system_call};
use crate::recorder::{self, SiteKind};

real_functions! { close, close_range, closefrom }

pub(super) unsafe extern "C-unwind" fn close(fd: usize) -> c_int {
    closing(fd, || call_real!(close(fd) -> c_int, system_call!(SYS_close, fd) as c_int))
}

/// A call that closes `fd` as `close` does.
#[inline(always)]
pub(super) fn closing(fd: usize, call: impl FnOnce() -> c_int) -> c_int {
    if recorder::is_on() {
        // With any other error it is closed all the same (close(2)).
        releasing(fd as c_int, call, |&result| result == 0 || errno() != libc::EBADF)
    } else {
        call()
    }
}

fn errno() -> c_int {
    // SAFETY: the thread's own errno.
    unsafe { *libc::__errno_location() }
}

/// A call that closes `fd`, if `is_closed` says so of its result.
#[cold]
#[inline(never)]
pub(super) fn releasing<T>(
    fd: c_int,
    call: impl FnOnce() -> T,
    is_closed: impl FnOnce(&T) -> bool,
) -> T {
    if fd < 0 || !recording() {
        return call();
    }
    let key = fd as u64;
    // Before it is closed: after it another thread may be given the same number.
    let taken = aside(|| recorder::taking(SiteKind::Descriptor, key));
    let result = call();
    let is_closed = is_closed(&result);
    aside(|| taken.settle(is_closed));
    result
}

pub(super) unsafe extern "C-unwind" fn close_range(
    first: usize,
    last: usize,
    flags: usize,
) -> c_int {
    let result = call_real!(
        close_range(first, last, flags) -> c_int,
        system_call!(SYS_close_range, first, last, flags) as c_int
    );
    closed_range(result, first, last, flags);
    result
}

/// A range that `close_range` has closed, with this result.
#[inline(always)]
pub(super) fn closed_range(result: c_int, first: usize, last: usize, flags: usize) {
    // With a flag they are closed on exec only, or in a table of the thread's own.
    if recorder::is_on() && result == 0 && flags as u32 == 0 {
        closed(first as u32, last as u32);
    }
}

pub(super) unsafe extern "C-unwind" fn closefrom(first: usize) {
    call_real!(closefrom(first) -> (), {
        system_call!(SYS_close_range, (first as c_int).max(0), u32::MAX, 0);
    });
    if recorder::is_on() {
        closed((first as c_int).max(0).cast_unsigned(), u32::MAX);
    }
}

/// Who closes a range does so while nobody opens: what is in it now was in it before.
#[cold]
#[inline(never)]
fn closed(first: u32, last: u32) {
    if !recording() {
        return;
    }
    let Ok(highest) = u32::try_from(highest()) else { return };
    aside(|| {
        for fd in first..=last.min(highest) {
            recorder::taking(SiteKind::Descriptor, fd.into()).settle(true);
        }
    });
}
