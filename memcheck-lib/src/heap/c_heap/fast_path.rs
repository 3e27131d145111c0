//! The fast path of the Rust allocator: straight to glibc, if the inner allocator is `System`, this
//! library defines malloc, and counting is all there is to do.
//!
//! It skips the counted names of the malloc family, because the block is already counted on the
//! Rust heap. If another allocator defines these names, `System` is that allocator, and the fast
//! path would be wrong.

use std::alloc::{Layout, System};
use std::any::TypeId;

use super::glibc::{__libc_calloc, __libc_free, __libc_malloc, __libc_realloc};
use super::malloc_family::defines_malloc;
pub(in crate::heap) use super::rust_calls::without_c_heap;
use crate::heap::slow_path::{self, Reason};

/// The alignment of malloc on 64-bit glibc (`MALLOC_ALIGNMENT`).
const ALIGNMENT: usize = 16;

/// Allows the fast path if this library defines malloc. The slow path calls this at its first
/// allocation, because the addresses are not known at compile time.
#[cold]
#[inline(never)]
pub(in crate::heap) fn allow_fast_path() {
    if !defines_malloc() {
        slow_path::set(Reason::NoFastPath, true);
    }
    slow_path::set(Reason::MallocUnknown, false);
}

/// Whether a block of allocator `A` can take the fast path. As a rule, the compiler knows all but
/// the reasons for the slow path.
#[inline(always)]
pub(in crate::heap) fn is_fast<A: 'static>(layout: Layout) -> bool {
    TypeId::of::<A>() == TypeId::of::<System>()
        && comes_from_malloc(layout)
        && slow_path::is_empty()
}

/// Whether `System` takes such a block from malloc, and not from a function that aligns.
#[inline(always)]
fn comes_from_malloc(layout: Layout) -> bool {
    layout.align() <= ALIGNMENT && layout.align() <= layout.size()
}

#[inline(always)]
pub(in crate::heap) fn alloc(size: usize) -> *mut u8 {
    // SAFETY: malloc accepts any size.
    unsafe { __libc_malloc(size) }.cast()
}

#[inline(always)]
pub(in crate::heap) fn alloc_zeroed(size: usize) -> *mut u8 {
    // SAFETY: calloc accepts any size.
    unsafe { __libc_calloc(size, 1) }.cast()
}

/// # Safety
///
/// As for `free`: the block is a live block of glibc's.
#[inline(always)]
pub(in crate::heap) unsafe fn dealloc(block: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe { __libc_free(block.cast()) };
}

/// # Safety
///
/// As for `realloc`: the block is a live block of glibc's, and the size is not 0.
#[inline(always)]
pub(in crate::heap) unsafe fn realloc(block: *mut u8, size: usize) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe { __libc_realloc(block.cast(), size) }.cast()
}
