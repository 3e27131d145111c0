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

/// The short way: straight to glibc where the inner allocator is `System`, malloc is ours and there
/// is nothing to do but count.
#[cfg(all(memcheck_native, not(miri)))]
mod short {
    use std::alloc::{Layout, System};
    use std::any::TypeId;

    pub(super) use crate::heap::native::direct::{alloc, alloc_zeroed, dealloc, realloc};
    pub(super) use crate::heap::native::for_rust;
    use crate::heap::{mode, native::direct};

    /// Whether the way is open to such a block. All but the mode is known at compile time, as a
    /// rule.
    #[inline(always)]
    pub(super) fn is_open<A: 'static>(layout: Layout) -> bool {
        TypeId::of::<A>() == TypeId::of::<System>() && direct::serves(layout) && mode::is_plain()
    }
}

/// Where there is no short way.
#[cfg(not(all(memcheck_native, not(miri))))]
mod short {
    use std::alloc::Layout;

    #[expect(clippy::extra_unused_type_parameters, reason = "the other form asks for it")]
    #[inline(always)]
    pub(super) fn is_open<A: 'static>(_layout: Layout) -> bool {
        false
    }

    #[inline(always)]
    pub(super) fn for_rust<T>(call: impl FnOnce() -> T) -> T {
        call()
    }

    pub(super) fn alloc(_size: usize) -> *mut u8 {
        std::ptr::null_mut()
    }

    pub(super) fn alloc_zeroed(_size: usize) -> *mut u8 {
        std::ptr::null_mut()
    }

    pub(super) unsafe fn dealloc(_block: *mut u8) {}

    pub(super) unsafe fn realloc(_block: *mut u8, _size: usize) -> *mut u8 {
        std::ptr::null_mut()
    }
}

/// Notes a block that was given.
#[inline(always)]
fn given(block: *mut u8, size: usize) -> *mut u8 {
    if !block.is_null() {
        counters::allocated(Heap::Rust, size);
    }
    block
}

/// The long way: through the inner allocator, and everything that is to be noted.
impl<A: GlobalAlloc + 'static> Alloc<A> {
    #[cold]
    #[inline(never)]
    unsafe fn alloc_long(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those of the inner `alloc`.
        let block = short::for_rust(|| unsafe { self.inner.alloc(layout) });
        if !block.is_null() {
            peak::allocated(layout.size());
            if recorder::is_on() {
                recorder::acquired(SiteKind::RustHeap, block.addr() as u64, layout.size());
            }
        }
        given(block, layout.size())
    }

    #[cold]
    #[inline(never)]
    unsafe fn alloc_zeroed_long(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those of the inner `alloc_zeroed`.
        let block = short::for_rust(|| unsafe { self.inner.alloc_zeroed(layout) });
        if !block.is_null() {
            peak::allocated(layout.size());
            if recorder::is_on() {
                recorder::acquired(SiteKind::RustHeap, block.addr() as u64, layout.size());
            }
        }
        given(block, layout.size())
    }

    #[cold]
    #[inline(never)]
    unsafe fn dealloc_long(&self, block: *mut u8, layout: Layout) {
        if recorder::is_on() {
            recorder::released(SiteKind::RustHeap, block.addr() as u64, layout.size());
        }
        // SAFETY: the caller's promises are those of the inner `dealloc`.
        short::for_rust(|| unsafe { self.inner.dealloc(block, layout) });
        counters::freed(Heap::Rust, layout.size());
        peak::freed(layout.size());
    }

    #[cold]
    #[inline(never)]
    unsafe fn realloc_long(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller's promises are those of the inner `realloc`.
        let resize = || short::for_rust(|| unsafe { self.inner.realloc(block, layout, new_size) });
        let moved = if recorder::is_on() {
            let (key, old) = (block.addr() as u64, layout.size());
            recorder::resizing(SiteKind::RustHeap, key, old, || {
                let moved = resize();
                (moved, (!moved.is_null()).then(|| (moved.addr() as u64, new_size)))
            })
        } else {
            resize()
        };
        if !moved.is_null() {
            counters::freed(Heap::Rust, layout.size());
            // The release first: a realloc in place never held both sizes at once.
            peak::freed(layout.size());
            peak::allocated(new_size);
        }
        given(moved, new_size)
    }
}

// SAFETY: every method hands its arguments to the same method of the inner allocator, or to the
// function of glibc that this calls, and returns what that returns, so the contract of
// `GlobalAlloc` holds as it does for the inner one. The counting neither unwinds nor allocates.
unsafe impl<A: GlobalAlloc + 'static> GlobalAlloc for Alloc<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if short::is_open::<A>(layout) {
            return given(short::alloc(layout.size()), layout.size());
        }
        // SAFETY: the caller's promises.
        unsafe { self.alloc_long(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if short::is_open::<A>(layout) {
            return given(short::alloc_zeroed(layout.size()), layout.size());
        }
        // SAFETY: the caller's promises.
        unsafe { self.alloc_zeroed_long(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if short::is_open::<A>(layout) {
            counters::freed(Heap::Rust, layout.size());
            // SAFETY: the block is glibc's, as every block of `System` is where malloc is ours.
            return unsafe { short::dealloc(block) };
        }
        // SAFETY: the caller's promises.
        unsafe { self.dealloc_long(block, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // A block smaller than its alignment is no longer one of malloc's.
        if short::is_open::<A>(layout) && layout.align() <= new_size {
            // SAFETY: the block is glibc's, as every block of `System` is where malloc is ours; the
            // new size is at least an alignment, which is not 0.
            let moved = unsafe { short::realloc(block, new_size) };
            if !moved.is_null() {
                counters::freed(Heap::Rust, layout.size());
            }
            return given(moved, new_size);
        }
        // SAFETY: the caller's promises.
        unsafe { self.realloc_long(block, layout, new_size) }
    }
}
