//! The C heap: what C libraries, the C library itself and bindings take from malloc.
//!
//! With the feature `native-heap`, on Linux with glibc, the test binary defines the malloc family
//! over glibc's `__libc_*` functions and counts what passes. What the Rust allocator takes from it
//! is left out ([`for_rust`]), so the two heaps add up.

#[cfg(memcheck_native)]
mod family;

use serde::{Deserialize, Serialize};

/// Whether the C heap is counted in this process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
#[non_exhaustive]
pub enum State {
    /// Every function of the malloc family is memcheck's.
    Counted,
    /// It is not counted, and why.
    Off {
        /// One sentence.
        reason: String,
    },
    /// Some functions of the family are memcheck's, some another's: no figure can be trusted.
    Mixed {
        /// Those that are not memcheck's.
        others: Vec<String>,
    },
}

#[cfg(memcheck_native)]
mod inside {
    use std::cell::Cell;

    thread_local! {
        /// Whether the calling thread is inside the Rust allocator.
        static INSIDE: Cell<bool> = const { Cell::new(false) };
    }

    #[inline(always)]
    pub(super) fn is() -> bool {
        INSIDE.with(Cell::get)
    }

    #[inline(always)]
    pub(super) fn replace(inside: bool) -> bool {
        INSIDE.with(|cell| cell.replace(inside))
    }
}

/// Runs a call of the Rust allocator: what it takes from the C heap is already counted.
#[inline(always)]
pub(super) fn for_rust<T>(call: impl FnOnce() -> T) -> T {
    #[cfg(memcheck_native)]
    {
        let outer = inside::replace(true);
        let result = call();
        inside::replace(outer);
        result
    }
    #[cfg(not(memcheck_native))]
    call()
}

/// Whether the C heap is counted in this process, found by comparing addresses: another definition
/// of malloc (an allocator that overrides it, a static C library) wins over memcheck's weak one.
pub fn state() -> State {
    #[cfg(memcheck_native)]
    {
        family::state()
    }
    #[cfg(not(memcheck_native))]
    {
        let reason = if cfg!(memcheck_sanitizer) {
            "a sanitizer has its own malloc"
        } else if cfg!(memcheck_static_libc) {
            "the C library is linked statically"
        } else if !cfg!(feature = "native-heap") {
            "the feature `native-heap` of memcheck-lib is not enabled"
        } else {
            "the C heap is counted on Linux with glibc only (x86-64, aarch64)"
        };
        State::Off { reason: reason.to_owned() }
    }
}
