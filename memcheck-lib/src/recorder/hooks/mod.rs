//! The functions of the C library that give and take what is no heap: descriptors, mappings,
//! threads, children.
//!
//! The names are defined [weak](crate::weak), each over the function that would have been called
//! without us, found once, before `main`. While nothing is recorded a call is handed on as it is.
//! What the C library does within itself (the `open` of `getaddrinfo`, the stack of a thread) is
//! not seen, nor are system calls that are made by no function of it, and descriptors that an
//! `ioctl` gives.
//!
//! Every function takes its arguments as whole registers, and so many as the widest call of it
//! has: on x86-64 and aarch64 Linux integers and pointers are passed alike, those of a variadic
//! function (the mode of `open`) like the others, and the upper half of a register that holds an
//! `int` means nothing. They may be unwound through: many of them are cancellation points.

mod children;
mod closing;
mod descriptors;
mod libraries;
mod mappings;
mod names;
mod raw;
mod received;
mod streams;
mod threads;
mod unloading;

use std::ffi::{CStr, c_int, c_void};
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering::Relaxed};

pub(super) use names::prepare;

/// A function that stands behind ours.
struct Real {
    name: &'static CStr,
    /// Null until it is found.
    address: AtomicPtr<c_void>,
}

impl Real {
    const fn new(name: &'static CStr) -> Real {
        Real { name, address: AtomicPtr::new(std::ptr::null_mut()) }
    }

    /// Its address. `None` in the first moments of the process, before it was looked up, and where
    /// the C library does not know it: a raw system call then does the same.
    #[inline(always)]
    fn address(&self) -> Option<*mut c_void> {
        let address = self.address.load(Relaxed);
        (!address.is_null()).then_some(address)
    }

    /// Looks it up. Nothing is allocated for a name that exists.
    fn find(&self) -> Option<*mut c_void> {
        // SAFETY: the name is a C string.
        let found = unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr()) };
        if !found.is_null() {
            self.address.store(found, Relaxed);
        }
        self.address()
    }

    /// Looks it up in a library that the program was not linked with, which is loaded for good.
    #[cold]
    fn find_in(&self, library: &CStr) {
        // SAFETY: the names are C strings; the library is one of the C library's own.
        let found = unsafe {
            match libc::dlopen(library.as_ptr(), libc::RTLD_NOW) {
                handle if handle.is_null() => handle,
                handle => libc::dlsym(handle, self.name.as_ptr()),
            }
        };
        self.address.store(found, Relaxed);
    }
}

/// The functions behind ours, by the names of those.
macro_rules! real_functions {
    ($($name:ident),* $(,)?) => {
        #[expect(non_upper_case_globals, reason = "they are named like the functions")]
        pub(super) mod real {
            use super::super::Real;

            $(
                pub(in super::super) static $name: Real = Real::new(const {
                    $crate::weak::c_name(concat!(stringify!($name), "\0"))
                });
            )*

            pub(in super::super) fn find() {
                $($name.find();)*
            }
        }
    };
}
use real_functions;

/// Calls the function behind ours with whole registers, or `$otherwise`.
macro_rules! call_real {
    ($name:ident($($argument:ident),*) -> $result:ty, $otherwise:expr) => {
        match real::$name.address() {
            Some(address) => {
                type Call = unsafe extern "C-unwind" fn($($argument: usize),*) -> $result;
                // SAFETY: a function of this name of the C library, which takes no more than these
                // registers.
                let call = unsafe { std::mem::transmute::<*mut std::ffi::c_void, Call>(address) };
                // SAFETY: the caller's promises are those of the function.
                unsafe { call($($argument),*) }
            }
            None => $otherwise,
        }
    };
}
use call_real;

/// Calls the function behind ours, for which there is no system call: it is looked up at last.
/// Where the C library does not know it, `$failure` with ENOSYS.
macro_rules! call_found {
    ($name:ident($($argument:ident),*) -> $result:ty, $failure:expr) => {{
        if real::$name.address().is_none() {
            real::$name.find();
        }
        $crate::recorder::hooks::call_real!($name($($argument),*) -> $result, {
            // SAFETY: the thread's own errno.
            unsafe { *libc::__errno_location() = libc::ENOSYS };
            $failure
        })
    }};
}
use call_found;

/// A raw system call, which leaves errno like the C library's function.
macro_rules! system_call {
    ($number:ident $(, $argument:expr)*) => {{
        let mut call = [libc::$number as usize, 0, 0, 0, 0, 0, 0];
        let places = &mut call[1..];
        for (place, argument) in places.iter_mut().zip([$($argument as usize),*]) {
            *place = argument;
        }
        super::raw::call(call)
    }};
}
use system_call;

/// The process that records: 0 before.
static PROCESS: AtomicU32 = AtomicU32::new(0);

fn process() -> u32 {
    rustix::process::getpid().as_raw_nonzero().get().cast_unsigned()
}

/// Whether to record. Not in a child that shares the memory of this process until it starts another
/// program (vfork): what it closes is open here.
#[inline(always)]
fn recording() -> bool {
    super::is_on() && PROCESS.load(Relaxed) == process()
}

/// Records something and leaves errno as the function has set it.
fn aside<T>(record: impl FnOnce() -> T) -> T {
    // SAFETY: the thread's own errno, at any time.
    let errno: *mut c_int = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    let before = unsafe { *errno };
    let result = record();
    // SAFETY: as above.
    unsafe { *errno = before };
    result
}
