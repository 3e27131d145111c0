//! Intercepts functions that glibc had in libraries of their own (libutil, librt) before 2.34.
//!
//! The definitions here satisfy the linker, which then leaves such a library out of the program. So
//! the library is loaded at the first call.

use std::ffi::{CStr, c_int};

use super::children::started;
use super::descriptor_events::{close_by, opened, record_open};
use super::next_definition::{NextDefinition, call_next_or_fail, next_definitions};
use crate::recorder::on::state::is_on;

next_definitions! { posix_openpt, getpt, openpty, forkpty, shm_open, mq_open, mq_close }

const LIBUTIL: &CStr = c"libutil.so.1";
const LIBRT: &CStr = c"librt.so.1";

/// Finds the next definition of a function, in `library` if the program does not have it.
fn load(next: &NextDefinition, library: &CStr) {
    if next.address().or_else(|| next.find()).is_none() {
        next.find_in(library);
    }
}

pub(super) unsafe extern "C-unwind" fn posix_openpt(flags: usize) -> c_int {
    opened(call_next_or_fail!(posix_openpt(flags) -> c_int, -1))
}

pub(super) unsafe extern "C-unwind" fn getpt() -> c_int {
    opened(call_next_or_fail!(getpt() -> c_int, -1))
}

pub(super) unsafe extern "C-unwind" fn openpty(
    main: usize,
    other: usize,
    name: usize,
    settings: usize,
    size: usize,
) -> c_int {
    load(&next::openpty, LIBUTIL);
    let result = call_next_or_fail!(openpty(main, other, name, settings, size) -> c_int, -1);
    for descriptor in [main, other] {
        // SAFETY: the caller passes a pointer for each, which a successful call has filled.
        unsafe { opened_at(descriptor, result == 0) };
    }
    result
}

pub(super) unsafe extern "C-unwind" fn forkpty(
    main: usize,
    name: usize,
    settings: usize,
    size: usize,
) -> c_int {
    load(&next::forkpty, LIBUTIL);
    let child = call_next_or_fail!(forkpty(main, name, settings, size) -> c_int, -1);
    // SAFETY: the caller passes a pointer, which a successful call has filled.
    unsafe { opened_at(main, child > 0) };
    started(child)
}

/// Records the descriptor that a successful function wrote to `address`.
///
/// # Safety
///
/// If `succeeded`, `address` is that of a descriptor.
unsafe fn opened_at(address: usize, succeeded: bool) {
    if is_on() && succeeded {
        // SAFETY: the caller's promise.
        record_open(unsafe { std::ptr::with_exposed_provenance::<c_int>(address).read() });
    }
}

pub(super) unsafe extern "C-unwind" fn shm_open(name: usize, flags: usize, mode: usize) -> c_int {
    load(&next::shm_open, LIBRT);
    opened(call_next_or_fail!(shm_open(name, flags, mode) -> c_int, -1))
}

// On Linux, a message queue is a descriptor (mq_overview(7)).

pub(super) unsafe extern "C-unwind" fn mq_open(
    name: usize,
    flags: usize,
    mode: usize,
    attributes: usize,
) -> c_int {
    load(&next::mq_open, LIBRT);
    opened(call_next_or_fail!(mq_open(name, flags, mode, attributes) -> c_int, -1))
}

pub(super) unsafe extern "C-unwind" fn mq_close(queue: usize) -> c_int {
    load(&next::mq_close, LIBRT);
    let call = || call_next_or_fail!(mq_close(queue) -> c_int, -1);
    if is_on() { close_by(queue as c_int, call, |&result| result == 0) } else { call() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_found_in_an_unlinked_library() {
        static TIME: NextDefinition = NextDefinition::new(c"ns_parse_ttl");
        if TIME.find().is_none() {
            TIME.find_in(c"libresolv.so.2");
        }
        assert!(TIME.address().is_some());
        static NONE: NextDefinition = NextDefinition::new(c"no_function_has_this_name");
        NONE.find_in(c"libresolv.so.2");
        NONE.find_in(c"no-library-has-this-name.so.9");
        assert!(NONE.address().is_none());
    }
}
