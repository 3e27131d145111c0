//! The next definition of an intercepted function: the one that would be called without memcheck.

use std::ffi::{CStr, c_void};
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

/// The next definition of a function.
pub(super) struct NextDefinition {
    name: &'static CStr,
    /// Null until it is found.
    address: AtomicPtr<c_void>,
}

impl NextDefinition {
    pub(super) const fn new(name: &'static CStr) -> NextDefinition {
        NextDefinition { name, address: AtomicPtr::new(std::ptr::null_mut()) }
    }

    /// Its address. `None` before the lookup, which runs shortly after the process starts, and if
    /// the C library does not have the function. A raw system call then does the same.
    #[inline(always)]
    pub(super) fn address(&self) -> Option<*mut c_void> {
        let address = self.address.load(Relaxed);
        (!address.is_null()).then_some(address)
    }

    /// Looks it up. `dlsym` allocates nothing for a name that exists.
    pub(super) fn find(&self) -> Option<*mut c_void> {
        // SAFETY: the name is a C string.
        let found = unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr()) };
        if !found.is_null() {
            self.address.store(found, Relaxed);
        }
        self.address()
    }

    /// Looks it up in a library that the program is not linked with. The library stays loaded.
    #[cold]
    pub(super) fn find_in(&self, library: &CStr) {
        // SAFETY: the names are C strings; the library is part of the C library, so its
        // initializers can run at any time.
        let found = unsafe {
            match libc::dlopen(library.as_ptr(), libc::RTLD_NOW) {
                handle if handle.is_null() => handle,
                handle => libc::dlsym(handle, self.name.as_ptr()),
            }
        };
        self.address.store(found, Relaxed);
    }
}

/// Defines a module `next` with the next definition of each function, under its name.
macro_rules! next_definitions {
    ($($name:ident),* $(,)?) => {
        #[expect(non_upper_case_globals, reason = "they have the names of the functions")]
        pub(super) mod next {
            use super::super::next_definition::NextDefinition;

            $(
                pub(in super::super) static $name: NextDefinition = NextDefinition::new(const {
                    $crate::weak::c_name(concat!(stringify!($name), "\0"))
                });
            )*

            pub(in super::super) fn find() {
                $($name.find();)*
            }
        }
    };
}
pub(super) use next_definitions;

/// Calls the next definition with whole registers, or evaluates `$otherwise` without one.
macro_rules! call_next {
    ($name:ident($($argument:ident),*) -> $result:ty, $otherwise:expr) => {
        match next::$name.address() {
            Some(address) => {
                type Call = unsafe extern "C-unwind" fn($($argument: usize),*) -> $result;
                // SAFETY: this is a function of the C library with this name, which takes no more
                // arguments than these registers.
                let call = unsafe { std::mem::transmute::<*mut std::ffi::c_void, Call>(address) };
                // SAFETY: the caller keeps the preconditions of the function.
                unsafe { call($($argument),*) }
            }
            None => $otherwise,
        }
    };
}
pub(super) use call_next;

/// Calls the next definition of a function that no system call can replace. It is looked up now if
/// it was not before. Without one, the result is `$failure` with ENOSYS.
macro_rules! call_next_or_fail {
    ($name:ident($($argument:ident),*) -> $result:ty, $failure:expr) => {{
        if next::$name.address().is_none() {
            next::$name.find();
        }
        $crate::recorder::on::hooks::next_definition::call_next!(
            $name($($argument),*) -> $result,
            {
                // SAFETY: errno of this thread is valid at any time.
                unsafe { *libc::__errno_location() = libc::ENOSYS };
                $failure
            }
        )
    }};
}
pub(super) use call_next_or_fail;
