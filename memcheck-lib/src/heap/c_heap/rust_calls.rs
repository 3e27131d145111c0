//! Marks the calls of malloc that come from the Rust allocator.

use std::cell::Cell;

thread_local! {
    /// Whether the calling thread is inside the Rust allocator.
    static IN_RUST_ALLOCATOR: Cell<bool> = const { Cell::new(false) };
}

/// Whether this call of malloc comes from the Rust allocator, so that it is counted there.
#[inline(always)]
pub(super) fn is_from_rust() -> bool {
    IN_RUST_ALLOCATOR.with(Cell::get)
}

/// Runs a call of the Rust allocator, whose calls of malloc are then not counted on the C heap.
#[cfg(not(miri))]
#[inline(always)]
pub(in crate::heap) fn without_c_heap<T>(call: impl FnOnce() -> T) -> T {
    let outer = IN_RUST_ALLOCATOR.with(|cell| cell.replace(true));
    let result = call();
    IN_RUST_ALLOCATOR.with(|cell| cell.set(outer));
    result
}
