//! Intercepts the functions that close descriptors.

use std::ffi::c_int;

use super::descriptor_events::{close_by, highest};
use super::next_definition::{call_next, next_definitions};
use super::scope::{keeping_errno, records};
use super::system_call::system_call;
use crate::metric::SiteKind;
use crate::recorder::on::events;
use crate::recorder::on::state::is_on;

next_definitions! { close, close_range, closefrom }

pub(super) unsafe extern "C-unwind" fn close(fd: usize) -> c_int {
    close_like(fd, || call_next!(close(fd) -> c_int, system_call!(SYS_close, fd) as c_int))
}

/// Records a call that closes `fd` as `close` does.
#[inline(always)]
pub(super) fn close_like(fd: usize, call: impl FnOnce() -> c_int) -> c_int {
    if is_on() {
        // With any error but EBADF the descriptor is closed all the same (close(2)).
        close_by(fd as c_int, call, |&result| result == 0 || errno() != libc::EBADF)
    } else {
        call()
    }
}

fn errno() -> c_int {
    // SAFETY: errno of this thread is valid at any time.
    unsafe { *libc::__errno_location() }
}

pub(super) unsafe extern "C-unwind" fn close_range(
    first: usize,
    last: usize,
    flags: usize,
) -> c_int {
    let result = call_next!(
        close_range(first, last, flags) -> c_int,
        system_call!(SYS_close_range, first, last, flags) as c_int
    );
    record_closed_range(result, first, last, flags);
    result
}

/// Records the result of `close_range`.
#[inline(always)]
pub(super) fn record_closed_range(result: c_int, first: usize, last: usize, flags: usize) {
    // With a flag, the descriptors are closed only on exec, or only in this thread's own table.
    if is_on() && result == 0 && flags as u32 == 0 {
        record_closed(first as u32, last as u32);
    }
}

pub(super) unsafe extern "C-unwind" fn closefrom(first: usize) {
    call_next!(closefrom(first) -> (), {
        system_call!(SYS_close_range, (first as c_int).max(0), u32::MAX, 0);
    });
    if is_on() {
        record_closed((first as c_int).max(0).cast_unsigned(), u32::MAX);
    }
}

/// Records a range after it was closed. Programs close a range only while no other thread opens
/// descriptors, so the known descriptors in the range are those that were closed.
#[cold]
#[inline(never)]
fn record_closed(first: u32, last: u32) {
    if !records() {
        return;
    }
    let Ok(highest) = u32::try_from(highest()) else { return };
    keeping_errno(|| {
        for fd in first..=last.min(highest) {
            events::releasing(SiteKind::Descriptor, fd.into()).finish(true);
        }
    });
}
