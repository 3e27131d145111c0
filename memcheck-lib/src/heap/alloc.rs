//! A `GlobalAlloc` around any other that counts.

use std::alloc::{GlobalAlloc, Layout, System};

use super::counters::{self, Heap};
use super::{native, peak};

/// Counts what goes through the allocator it wraps.
///
/// The library installs `Alloc<System>` itself (default feature `global-allocator`). A crate that
/// has a global allocator of its own enables the feature `own-allocator` and wraps it:
///
/// ```ignore
/// #[global_allocator]
/// static GLOBAL: memcheck::Alloc<mimalloc::MiMalloc> = memcheck::Alloc::new(mimalloc::MiMalloc);
/// ```
///
/// Every call goes to the same method of the inner allocator, so its `realloc` and `alloc_zeroed`
/// stay in use. A call that fails counts nothing. Counting takes no lock and touches no memory
/// that other threads write.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alloc<A = System> {
    inner: A,
}

impl<A> Alloc<A> {
    /// Wraps `inner`.
    pub const fn new(inner: A) -> Self {
        Alloc { inner }
    }

    /// The allocator inside.
    pub const fn inner(&self) -> &A {
        &self.inner
    }
}

// SAFETY: every method hands its arguments to the same method of the inner allocator and returns
// what that returns, so the contract of `GlobalAlloc` holds as it does for the inner one. The
// counting between neither unwinds nor allocates.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Alloc<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those of the inner `alloc`.
        let block = native::for_rust(|| unsafe { self.inner.alloc(layout) });
        if !block.is_null() {
            counters::allocated(Heap::Rust, layout.size());
            peak::allocated(layout.size());
        }
        block
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those of the inner `alloc_zeroed`.
        let block = native::for_rust(|| unsafe { self.inner.alloc_zeroed(layout) });
        if !block.is_null() {
            counters::allocated(Heap::Rust, layout.size());
            peak::allocated(layout.size());
        }
        block
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are those of the inner `dealloc`.
        native::for_rust(|| unsafe { self.inner.dealloc(block, layout) });
        counters::freed(Heap::Rust, layout.size());
        peak::freed(layout.size());
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller's promises are those of the inner `realloc`.
        let moved = native::for_rust(|| unsafe { self.inner.realloc(block, layout, new_size) });
        if !moved.is_null() {
            counters::freed(Heap::Rust, layout.size());
            counters::allocated(Heap::Rust, new_size);
            // The release first: a realloc in place never held both sizes at once.
            peak::freed(layout.size());
            peak::allocated(new_size);
        }
        moved
    }
}
