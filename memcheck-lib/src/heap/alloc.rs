//! A `GlobalAlloc` around any other that counts.

use std::alloc::{GlobalAlloc, Layout, System};

use super::counters::{self, Heap};
use super::peak;
use crate::recorder::{self, SiteKind};

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

#[cfg(all(memcheck_native, not(miri)))]
mod inner {
    //! The call of the inner allocator, by the short way where it is `System` over our own malloc.

    use std::alloc::{GlobalAlloc, Layout, System};
    use std::any::TypeId;

    use crate::heap::native::{direct, for_rust};

    /// Known when the program is compiled.
    #[inline(always)]
    fn is_short<A: 'static>(layout: Layout) -> bool {
        TypeId::of::<A>() == TypeId::of::<System>() && direct::serves(layout)
    }

    #[inline(always)]
    pub(super) unsafe fn alloc<A: GlobalAlloc + 'static>(inner: &A, layout: Layout) -> *mut u8 {
        if is_short::<A>(layout) {
            return direct::alloc(layout.size());
        }
        // SAFETY: the caller's promises are those of the inner `alloc`.
        for_rust(|| unsafe { inner.alloc(layout) })
    }

    #[inline(always)]
    pub(super) unsafe fn zeroed<A: GlobalAlloc + 'static>(inner: &A, layout: Layout) -> *mut u8 {
        if is_short::<A>(layout) {
            return direct::alloc_zeroed(layout.size());
        }
        // SAFETY: the caller's promises are those of the inner `alloc_zeroed`.
        for_rust(|| unsafe { inner.alloc_zeroed(layout) })
    }

    #[inline(always)]
    pub(super) unsafe fn dealloc<A: GlobalAlloc + 'static>(
        inner: &A,
        block: *mut u8,
        layout: Layout,
    ) {
        if is_short::<A>(layout) {
            // SAFETY: the block is glibc's, as every block of `System` is where malloc is ours.
            return unsafe { direct::dealloc(block) };
        }
        // SAFETY: the caller's promises are those of the inner `dealloc`.
        for_rust(|| unsafe { inner.dealloc(block, layout) });
    }

    #[inline(always)]
    pub(super) unsafe fn realloc<A: GlobalAlloc + 'static>(
        inner: &A,
        block: *mut u8,
        layout: Layout,
        new_size: usize,
    ) -> *mut u8 {
        // A block smaller than its alignment is no longer one of malloc's.
        if is_short::<A>(layout) && layout.align() <= new_size {
            // SAFETY: the block is glibc's, as every block of `System` is where malloc is ours; the
            // new size is at least an alignment, which is not 0.
            return unsafe { direct::realloc(block, new_size) };
        }
        // SAFETY: the caller's promises are those of the inner `realloc`.
        for_rust(|| unsafe { inner.realloc(block, layout, new_size) })
    }
}

#[cfg(not(all(memcheck_native, not(miri))))]
mod inner {
    //! The call of the inner allocator.

    use std::alloc::{GlobalAlloc, Layout};

    #[inline(always)]
    pub(super) unsafe fn alloc<A: GlobalAlloc>(inner: &A, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those of the inner `alloc`.
        unsafe { inner.alloc(layout) }
    }

    #[inline(always)]
    pub(super) unsafe fn zeroed<A: GlobalAlloc>(inner: &A, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those of the inner `alloc_zeroed`.
        unsafe { inner.alloc_zeroed(layout) }
    }

    #[inline(always)]
    pub(super) unsafe fn dealloc<A: GlobalAlloc>(inner: &A, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are those of the inner `dealloc`.
        unsafe { inner.dealloc(block, layout) };
    }

    #[inline(always)]
    pub(super) unsafe fn realloc<A: GlobalAlloc>(
        inner: &A,
        block: *mut u8,
        layout: Layout,
        new_size: usize,
    ) -> *mut u8 {
        // SAFETY: the caller's promises are those of the inner `realloc`.
        unsafe { inner.realloc(block, layout, new_size) }
    }
}

impl<A: GlobalAlloc + 'static> Alloc<A> {
    /// The inner `realloc`, while recording.
    ///
    /// # Safety
    ///
    /// As of `realloc`.
    #[cold]
    unsafe fn recorded_realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let (key, old) = (block.addr() as u64, layout.size());
        recorder::resizing(SiteKind::RustHeap, key, old, || {
            // SAFETY: the caller's promises are those of the inner `realloc`.
            let moved = unsafe { inner::realloc(&self.inner, block, layout, new_size) };
            (moved, (!moved.is_null()).then(|| (moved.addr() as u64, new_size)))
        })
    }
}

// SAFETY: every method hands its arguments to the same method of the inner allocator and returns
// what that returns, so the contract of `GlobalAlloc` holds as it does for the inner one. The
// counting between neither unwinds nor allocates.
unsafe impl<A: GlobalAlloc + 'static> GlobalAlloc for Alloc<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those of the inner `alloc`.
        let block = unsafe { inner::alloc(&self.inner, layout) };
        if !block.is_null() {
            counters::allocated(Heap::Rust, layout.size());
            peak::allocated(layout.size());
            if recorder::is_on() {
                recorder::acquired(SiteKind::RustHeap, block.addr() as u64, layout.size());
            }
        }
        block
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those of the inner `alloc_zeroed`.
        let block = unsafe { inner::zeroed(&self.inner, layout) };
        if !block.is_null() {
            counters::allocated(Heap::Rust, layout.size());
            peak::allocated(layout.size());
            if recorder::is_on() {
                recorder::acquired(SiteKind::RustHeap, block.addr() as u64, layout.size());
            }
        }
        block
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if recorder::is_on() {
            recorder::released(SiteKind::RustHeap, block.addr() as u64, layout.size());
        }
        // SAFETY: the caller's promises are those of the inner `dealloc`.
        unsafe { inner::dealloc(&self.inner, block, layout) };
        counters::freed(Heap::Rust, layout.size());
        peak::freed(layout.size());
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let moved = if recorder::is_on() {
            // SAFETY: the caller's promises are those of the inner `realloc`.
            unsafe { self.recorded_realloc(block, layout, new_size) }
        } else {
            // SAFETY: as above.
            unsafe { inner::realloc(&self.inner, block, layout, new_size) }
        };
        if !moved.is_null() {
            counters::reallocated(Heap::Rust, layout.size(), new_size);
            // The release first: a realloc in place never held both sizes at once.
            peak::freed(layout.size());
            peak::allocated(new_size);
        }
        moved
    }
}
