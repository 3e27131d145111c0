//! The C heap: what C libraries, the C library itself and bindings take from malloc.
//!
//! With the feature `native-heap`, on Linux with glibc, the test binary defines the malloc family
//! over glibc's `__libc_*` functions and counts what passes. What the Rust allocator takes from it
//! is left out (`for_rust`), so the two heaps add up.

#[cfg(memcheck_native)]
mod family;

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whether the C heap is counted in this process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
#[non_exhaustive]
pub enum State {
    /// Every function of the malloc family is memcheck's.
    Counted,
    /// It is not counted.
    Off {
        /// Why.
        reason: Reason,
    },
    /// Some functions of the family are memcheck's, some another's: no metric can be trusted.
    Mixed {
        /// Those that are not memcheck's.
        others: Vec<String>,
    },
}

/// Why the C heap is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Reason {
    /// The feature `native-heap` is not enabled.
    FeatureOff,
    /// Not Linux with glibc on x86-64 or aarch64.
    OtherTarget,
    /// The C library is linked statically: its own malloc would win function by function.
    StaticLibc,
    /// A sanitizer has its own malloc.
    Sanitizer,
    /// Another allocator defines the whole malloc family.
    OtherAllocator,
}

impl fmt::Display for Reason {
    /// One clause that says what is so and, where something can be done, what.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::FeatureOff => {
                "the feature `native-heap` of memcheck-lib is not enabled (it is one of its default features)"
            }
            Reason::OtherTarget => {
                "it can be counted on Linux with glibc only (x86-64, aarch64), not on this target"
            }
            Reason::StaticLibc => {
                "the C library is linked statically; build the tests without `-C target-feature=+crt-static`"
            }
            Reason::Sanitizer => "a sanitizer is enabled, which has its own malloc",
            Reason::OtherAllocator => {
                "another allocator takes the place of malloc (an unprefixed jemalloc, mimalloc with `override`, LD_PRELOAD …); let it be the Rust allocator alone, or see its own metrics in the report"
            }
        })
    }
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

#[cfg(all(memcheck_native, not(miri)))]
pub(super) use family::direct;

/// Runs a call of the Rust allocator: what it takes from the C heap is already counted.
#[cfg(all(memcheck_native, not(miri)))]
#[inline(always)]
pub(super) fn for_rust<T>(call: impl FnOnce() -> T) -> T {
    let outer = inside::replace(true);
    let result = call();
    inside::replace(outer);
    result
}

/// Lets the Rust allocator go to glibc directly from now on, if malloc is ours.
pub(super) fn allow_short_way() {
    #[cfg(all(memcheck_native, not(miri)))]
    if direct::is_possible() {
        super::mode::set(super::mode::Detour::Unknown, false);
    }
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
            Reason::Sanitizer
        } else if cfg!(memcheck_static_libc) {
            Reason::StaticLibc
        } else if !cfg!(feature = "native-heap") {
            Reason::FeatureOff
        } else {
            Reason::OtherTarget
        };
        State::Off { reason }
    }
}
