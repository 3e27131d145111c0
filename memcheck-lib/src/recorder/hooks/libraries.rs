//! Descriptors that functions give which glibc had in libraries of their own before 2.34.
//!
//! Our definitions satisfy the linker, which then leaves such a library out of the program; so it
//! is loaded when it is needed.

use std::ffi::{CStr, c_int};

use super::children::started;
use super::closing::releasing;
use super::descriptors::{given, record};
use super::{Real, call_found, real_functions};
use crate::recorder;

real_functions! { posix_openpt, getpt, openpty, forkpty, shm_open, mq_open, mq_close }

const TERMINALS: &CStr = c"libutil.so.1";
const REAL_TIME: &CStr = c"librt.so.1";

/// Makes sure that a function is found, if there is one.
fn load(real: &Real, library: &CStr) {
    if real.address().or_else(|| real.find()).is_none() {
        real.find_in(library);
    }
}

pub(super) unsafe extern "C-unwind" fn posix_openpt(flags: usize) -> c_int {
    given(call_found!(posix_openpt(flags) -> c_int, -1))
}

pub(super) unsafe extern "C-unwind" fn getpt() -> c_int {
    given(call_found!(getpt() -> c_int, -1))
}

pub(super) unsafe extern "C-unwind" fn openpty(
    main: usize,
    other: usize,
    name: usize,
    settings: usize,
    size: usize,
) -> c_int {
    load(&real::openpty, TERMINALS);
    let result = call_found!(openpty(main, other, name, settings, size) -> c_int, -1);
    for place in [main, other] {
        // SAFETY: the caller gives a place for each.
        unsafe { given_at(place, result == 0) };
    }
    result
}

pub(super) unsafe extern "C-unwind" fn forkpty(
    main: usize,
    name: usize,
    settings: usize,
    size: usize,
) -> c_int {
    load(&real::forkpty, TERMINALS);
    let child = call_found!(forkpty(main, name, settings, size) -> c_int, -1);
    // SAFETY: the caller gives a place for it.
    unsafe { given_at(main, child > 0) };
    started(child)
}

/// A descriptor that a function wrote to `place`, if it did.
///
/// # Safety
/// If it did, there is one.
unsafe fn given_at(place: usize, is_there: bool) {
    if recorder::is_on() && is_there {
        // SAFETY: the caller's promise.
        record(unsafe { std::ptr::with_exposed_provenance::<c_int>(place).read() });
    }
}

pub(super) unsafe extern "C-unwind" fn shm_open(name: usize, flags: usize, mode: usize) -> c_int {
    load(&real::shm_open, REAL_TIME);
    given(call_found!(shm_open(name, flags, mode) -> c_int, -1))
}

// A queue of messages is a descriptor on Linux (mq_overview(7)).

pub(super) unsafe extern "C-unwind" fn mq_open(
    name: usize,
    flags: usize,
    mode: usize,
    attributes: usize,
) -> c_int {
    load(&real::mq_open, REAL_TIME);
    given(call_found!(mq_open(name, flags, mode, attributes) -> c_int, -1))
}

pub(super) unsafe extern "C-unwind" fn mq_close(queue: usize) -> c_int {
    load(&real::mq_close, REAL_TIME);
    let call = || call_found!(mq_close(queue) -> c_int, -1);
    if recorder::is_on() { releasing(queue as c_int, call, |&result| result == 0) } else { call() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_found_in_a_library_that_is_not_linked() {
        static TIME: Real = Real::new(c"ns_parse_ttl");
        if TIME.find().is_none() {
            TIME.find_in(c"libresolv.so.2");
        }
        assert!(TIME.address().is_some());
        static NONE: Real = Real::new(c"no_function_has_this_name");
        NONE.find_in(c"libresolv.so.2");
        NONE.find_in(c"no-library-has-this-name.so.9");
        assert!(NONE.address().is_none());
    }
}
