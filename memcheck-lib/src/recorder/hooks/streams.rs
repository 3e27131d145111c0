//! Streams and open folders: glibc opens and closes their descriptors by calls within itself.

use std::ffi::{c_int, c_void};

use super::closing::releasing;
use super::descriptors::record;
use super::{aside, call_found, real_functions};
use crate::recorder;

real_functions! {
    fopen, fopen64, freopen, freopen64, tmpfile, tmpfile64, popen, setmntent, fclose, pclose,
    endmntent, opendir, closedir,
}

/// The descriptor of a stream; negative without one.
///
/// # Safety
/// `stream` is null or an open stream.
unsafe fn of_stream(stream: *mut c_void) -> c_int {
    if stream.is_null() {
        return -1;
    }
    // SAFETY: the caller's promise. A stream in memory sets errno and gives -1.
    aside(|| unsafe { libc::fileno(stream.cast()) })
}

/// The descriptor of an open folder; negative without one.
///
/// # Safety
/// `folder` is null or an open folder.
unsafe fn of_folder(folder: *mut c_void) -> c_int {
    if folder.is_null() {
        return -1;
    }
    // SAFETY: the caller's promise.
    aside(|| unsafe { libc::dirfd(folder.cast()) })
}

fn pointer(argument: usize) -> *mut c_void {
    std::ptr::with_exposed_provenance_mut(argument)
}

/// Functions that give a stream or a folder.
macro_rules! giving {
    ($($name:ident($($argument:ident),*) is $descriptor:ident;)*) => { $(
        pub(super) unsafe extern "C-unwind" fn $name($($argument: usize),*) -> *mut c_void {
            let made = call_found!($name($($argument),*) -> *mut c_void, std::ptr::null_mut());
            if recorder::is_on() {
                // SAFETY: what the function has just opened, if anything.
                record(unsafe { $descriptor(made) });
            }
            made
        }
    )* };
}

giving! {
    fopen(path, mode) is of_stream;
    fopen64(path, mode) is of_stream;
    tmpfile() is of_stream;
    tmpfile64() is of_stream;
    popen(command, mode) is of_stream;
    setmntent(path, mode) is of_stream;
    opendir(path) is of_folder;
}

/// Functions that close one, whatever they say.
macro_rules! taking {
    ($($name:ident is $descriptor:ident;)*) => { $(
        pub(super) unsafe extern "C-unwind" fn $name(argument: usize) -> c_int {
            let call = || call_found!($name(argument) -> c_int, -1);
            if !recorder::is_on() {
                return call();
            }
            // SAFETY: open until the call, as the function demands.
            releasing(unsafe { $descriptor(pointer(argument)) }, call, |_| true)
        }
    )* };
}

taking! {
    fclose is of_stream;
    pclose is of_stream;
    endmntent is of_stream;
    closedir is of_folder;
}

/// Functions that close a stream's descriptor and open another one, mostly with the same number.
macro_rules! replacing {
    ($($name:ident;)*) => { $(
        pub(super) unsafe extern "C-unwind" fn $name(
            path: usize,
            mode: usize,
            stream: usize,
        ) -> *mut c_void {
            let call = || {
                call_found!($name(path, mode, stream) -> *mut c_void, std::ptr::null_mut())
            };
            if !recorder::is_on() {
                return call();
            }
            // SAFETY: open until the call, as the function demands.
            let made = releasing(unsafe { of_stream(pointer(stream)) }, call, |_| true);
            // SAFETY: what the function has just opened, if anything.
            record(unsafe { of_stream(made) });
            made
        }
    )* };
}

replacing! {
    freopen;
    freopen64;
}
