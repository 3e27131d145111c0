//! A `GlobalAlloc` that wraps any other and counts.

use std::alloc::{GlobalAlloc, Layout, System};

use super::c_heap;
use super::peak;
use super::slow_path::{self, Reason};
use super::thread_counters::{self, Heap};
use crate::metric::SiteKind;
use crate::recorder;

/// Counts the calls of the allocator that it wraps.
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
/// stay in use. A failed call counts nothing. Counting takes no lock and writes no memory that
/// other threads write.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alloc<A = System> {
    inner: A,
}

#[cfg(all(feature = "global-allocator", not(feature = "own-allocator")))]
#[global_allocator]
static GLOBAL: Alloc = Alloc::new(System);

impl<A> Alloc<A> {
    /// Wraps `inner`.
    pub const fn new(inner: A) -> Self {
        Alloc { inner }
    }

    /// The wrapped allocator.
    pub const fn inner(&self) -> &A {
        &self.inner
    }
}

/// From now on, blocks of the Rust heap are recorded while the recorder is on. Call it before the
/// recorder is switched on, and between two batches.
#[cfg_attr(not(memcheck_sites), expect(dead_code, reason = "this build does not record"))]
pub(crate) fn record_allocations() {
    slow_path::set(Reason::Recorder, true);
}

/// Counts a new block, unless it is null.
#[inline(always)]
fn count_new(block: *mut u8, size: usize) -> *mut u8 {
    if !block.is_null() {
        thread_counters::allocated(Heap::Rust, size);
    }
    block
}

/// The slow path: through the inner allocator, with everything that there is to do besides
/// counting.
impl<A: GlobalAlloc + 'static> Alloc<A> {
    /// # Safety
    ///
    /// As for `GlobalAlloc::alloc`.
    #[cold]
    #[inline(never)]
    unsafe fn alloc_slow(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the preconditions of `alloc`, which are those of the inner one.
        allocate_slow(layout, || unsafe { self.inner.alloc(layout) })
    }

    /// # Safety
    ///
    /// As for `GlobalAlloc::alloc_zeroed`.
    #[cold]
    #[inline(never)]
    unsafe fn alloc_zeroed_slow(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the preconditions of `alloc_zeroed`, which are those of the
        // inner one.
        allocate_slow(layout, || unsafe { self.inner.alloc_zeroed(layout) })
    }

    /// # Safety
    ///
    /// As for `GlobalAlloc::dealloc`.
    #[cold]
    #[inline(never)]
    unsafe fn dealloc_slow(&self, block: *mut u8, layout: Layout) {
        if recorder::is_on() {
            recorder::released(SiteKind::RustHeap, block.addr() as u64, layout.size());
        }
        // SAFETY: the caller keeps the preconditions of `dealloc`, which are those of the inner
        // one.
        c_heap::without_c_heap(|| unsafe { self.inner.dealloc(block, layout) });
        thread_counters::freed(Heap::Rust, layout.size());
        peak::freed(layout.size());
    }

    /// # Safety
    ///
    /// As for `GlobalAlloc::realloc`.
    #[cold]
    #[inline(never)]
    unsafe fn realloc_slow(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let resize = || {
            // SAFETY: the caller keeps the preconditions of `realloc`, which are those of the inner
            // one.
            c_heap::without_c_heap(|| unsafe { self.inner.realloc(block, layout, new_size) })
        };
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
            thread_counters::freed(Heap::Rust, layout.size());
            // The release first: a realloc in place never holds both sizes at once.
            peak::freed(layout.size());
            peak::allocated(new_size);
        }
        count_new(moved, new_size)
    }
}

/// Allocates with `allocate`, and does what there is to do besides counting. It is inlined into the
/// two callers, so that the recorder's walk starts at a function of the allocator in both cases.
#[inline(always)]
fn allocate_slow(layout: Layout, allocate: impl FnOnce() -> *mut u8) -> *mut u8 {
    if slow_path::has(Reason::MallocUnknown) {
        c_heap::allow_fast_path();
    }
    let block = c_heap::without_c_heap(allocate);
    if !block.is_null() {
        peak::allocated(layout.size());
        if recorder::is_on() {
            recorder::acquired(SiteKind::RustHeap, block.addr() as u64, layout.size());
        }
    }
    count_new(block, layout.size())
}

// SAFETY: every method passes its arguments to the same method of the inner allocator, or to the
// function of glibc that this method calls, and returns its result. So the contract of
// `GlobalAlloc` holds as it does for the inner allocator. Counting neither unwinds nor allocates.
unsafe impl<A: GlobalAlloc + 'static> GlobalAlloc for Alloc<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if c_heap::is_fast::<A>(layout) {
            return count_new(c_heap::alloc(layout.size()), layout.size());
        }
        // SAFETY: the caller's promises.
        unsafe { self.alloc_slow(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if c_heap::is_fast::<A>(layout) {
            return count_new(c_heap::alloc_zeroed(layout.size()), layout.size());
        }
        // SAFETY: the caller's promises.
        unsafe { self.alloc_zeroed_slow(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if c_heap::is_fast::<A>(layout) {
            thread_counters::freed(Heap::Rust, layout.size());
            // SAFETY: the fast path is taken only if every block of `System` is glibc's.
            return unsafe { c_heap::dealloc(block) };
        }
        // SAFETY: the caller's promises.
        unsafe { self.dealloc_slow(block, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // `System` takes a block that is smaller than its alignment from another function than
        // malloc.
        if c_heap::is_fast::<A>(layout) && layout.align() <= new_size {
            // SAFETY: the fast path is taken only if every block of `System` is glibc's. The new
            // size is at least an alignment, which is not 0.
            let moved = unsafe { c_heap::realloc(block, new_size) };
            if !moved.is_null() {
                thread_counters::freed(Heap::Rust, layout.size());
            }
            return count_new(moved, new_size);
        }
        // SAFETY: the caller's promises.
        unsafe { self.realloc_slow(block, layout, new_size) }
    }
}
