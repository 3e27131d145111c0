//! The C heap: what C libraries, the C library itself and bindings take from malloc.
//!
//! With the feature `native-heap`, on Linux with glibc, the test binary defines the malloc family
//! in front of glibc's and counts every call. What the Rust allocator takes from malloc is not
//! counted here, because it is counted on the Rust heap; so the two heaps add up.
//!
//! Without it, `uncounted` replaces `malloc_family` and `fast_path`, with the same functions.

#[cfg(all(memcheck_native, not(miri)))]
mod fast_path;
#[cfg(memcheck_native)]
mod glibc;
#[cfg(memcheck_native)]
mod malloc_family;
#[cfg(memcheck_native)]
mod rust_calls;
mod state;
#[cfg(not(all(memcheck_native, not(miri))))]
mod uncounted;

#[cfg(all(memcheck_native, not(miri)))]
pub(super) use fast_path::{
    alloc, alloc_zeroed, allow_fast_path, dealloc, is_fast, realloc, without_c_heap,
};
#[cfg(memcheck_native)]
pub use malloc_family::c_heap_state;
pub use state::{CHeapState, WhyNotCounted};
#[cfg(not(memcheck_native))]
pub use uncounted::c_heap_state;
#[cfg(not(all(memcheck_native, not(miri))))]
pub(super) use uncounted::{
    alloc, alloc_zeroed, allow_fast_path, dealloc, is_fast, realloc, without_c_heap,
};
