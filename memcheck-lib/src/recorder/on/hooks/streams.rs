//! Intercepts the functions that open and close streams and directories: glibc opens and closes
//! their descriptors with internal calls, which are not intercepted.

use std::ffi::{c_int, c_void};

use super::descriptor_events::{close_by, record_open};
use super::next_definition::{call_next_or_fail, next_definitions};
use super::scope::keeping_errno;
use crate::recorder::on::state::is_on;

next_definitions! {
    fopen, fopen64, freopen, freopen64, tmpfile, tmpfile64, popen, setmntent, fclose, pclose,
    endmntent, opendir, closedir,
}

/// The descriptor of a stream; negative without one.
///
/// # Safety
///
/// `stream` is null or an open stream.
unsafe fn of_stream(stream: *mut c_void) -> c_int {
    if stream.is_null() {
        return -1;
    }
    // SAFETY: the caller's promise. For a stream in memory, `fileno` sets errno and returns -1.
    keeping_errno(|| unsafe { libc::fileno(stream.cast()) })
}

/// The descriptor of an open directory; negative without one.
///
/// # Safety
///
/// `directory` is null or an open directory.
unsafe fn of_directory(directory: *mut c_void) -> c_int {
    if directory.is_null() {
        return -1;
    }
    // SAFETY: the caller's promise.
    keeping_errno(|| unsafe { libc::dirfd(directory.cast()) })
}

fn pointer(argument: usize) -> *mut c_void {
    std::ptr::with_exposed_provenance_mut(argument)
}

/// Intercepts functions that open a stream or a directory.
macro_rules! intercept_open {
    ($($name:ident($($argument:ident),*) is $descriptor:ident;)*) => { $(
        pub(super) unsafe extern "C-unwind" fn $name($($argument: usize),*) -> *mut c_void {
            let opened = call_next_or_fail!($name($($argument),*) -> *mut c_void, std::ptr::null_mut());
            if is_on() {
                // SAFETY: the function has just opened it, or returned null.
                record_open(unsafe { $descriptor(opened) });
            }
            opened
        }
    )* };
}

intercept_open! {
    fopen(path, mode) is of_stream;
    fopen64(path, mode) is of_stream;
    tmpfile() is of_stream;
    tmpfile64() is of_stream;
    popen(command, mode) is of_stream;
    setmntent(path, mode) is of_stream;
    opendir(path) is of_directory;
}

/// Intercepts functions that close one, whatever their result.
macro_rules! intercept_close {
    ($($name:ident is $descriptor:ident;)*) => { $(
        pub(super) unsafe extern "C-unwind" fn $name(argument: usize) -> c_int {
            let call = || call_next_or_fail!($name(argument) -> c_int, -1);
            if !is_on() {
                return call();
            }
            // SAFETY: the caller passes an open one, as the function requires.
            close_by(unsafe { $descriptor(pointer(argument)) }, call, |_| true)
        }
    )* };
}

intercept_close! {
    fclose is of_stream;
    pclose is of_stream;
    endmntent is of_stream;
    closedir is of_directory;
}

/// Intercepts functions that close the descriptor of a stream and open another one, mostly with the
/// same number.
macro_rules! intercept_reopen {
    ($($name:ident;)*) => { $(
        pub(super) unsafe extern "C-unwind" fn $name(
            path: usize,
            mode: usize,
            stream: usize,
        ) -> *mut c_void {
            let call = || {
                call_next_or_fail!($name(path, mode, stream) -> *mut c_void, std::ptr::null_mut())
            };
            if !is_on() {
                return call();
            }
            // SAFETY: the caller passes an open stream, as the function requires.
            let opened = close_by(unsafe { of_stream(pointer(stream)) }, call, |_| true);
            // SAFETY: the function has just opened it, or returned null.
            record_open(unsafe { of_stream(opened) });
            opened
        }
    )* };
}

intercept_reopen! {
    freopen;
    freopen64;
}
