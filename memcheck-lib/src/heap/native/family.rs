//! The malloc family over glibc's own functions.
//!
//! The names are defined [weak](crate::weak). The C library itself refers to them, so calls from
//! within it (`strdup`, `fopen`) arrive here too.
//!
//! Allocators that override malloc leave some functions out (mimalloc the sized frees, jemalloc
//! `reallocarray`). Ours stay in place there, so they go to what the *names* of the others mean and
//! never straight to glibc: they are then right over any allocator, and count over our own.
//!
//! Sizes are usable sizes (`malloc_usable_size`): `free` is told no other.

use std::ffi::{CStr, c_int, c_void};

use super::{Reason, State, inside};
use crate::heap::counters::{self, Heap};
use crate::recorder::{self, SiteKind};
use crate::weak::weak_definitions;

unsafe extern "C" {
    // Exported by glibc since 2.2.5, for allocators that wrap its own (malloc/malloc.c).
    fn __libc_malloc(size: usize) -> *mut c_void;
    fn __libc_calloc(count: usize, size: usize) -> *mut c_void;
    fn __libc_realloc(block: *mut c_void, size: usize) -> *mut c_void;
    fn __libc_free(block: *mut c_void);
    fn __libc_memalign(alignment: usize, size: usize) -> *mut c_void;
    fn malloc_usable_size(block: *mut c_void) -> usize;
    fn __errno_location() -> *mut c_int;
}

/// Counts a block that was just given.
#[inline(always)]
fn given(block: *mut c_void) -> *mut c_void {
    if !block.is_null() && !inside::is() {
        // SAFETY: a live block of glibc's.
        let size = unsafe { malloc_usable_size(block) };
        counters::allocated(Heap::Native, size);
        if recorder::is_on() {
            recorder::acquired(SiteKind::CHeap, block.addr() as u64, size);
        }
    }
    block
}

/// Usable size of a block that is about to go; `None` if it is not to be counted.
#[inline(always)]
fn going(block: *mut c_void) -> Option<usize> {
    // SAFETY: the caller of `free` or `realloc` says that the block is live and glibc's.
    (!block.is_null() && !inside::is()).then(|| unsafe { malloc_usable_size(block) })
}

#[inline(always)]
fn gone(size: Option<usize>) {
    if let Some(size) = size {
        counters::freed(Heap::Native, size);
    }
}

fn out_of_memory() -> *mut c_void {
    // SAFETY: the thread's own errno.
    unsafe { *__errno_location() = libc::ENOMEM };
    std::ptr::null_mut()
}

extern "C" fn memcheck_malloc(size: usize) -> *mut c_void {
    // SAFETY: any size may be asked for.
    given(unsafe { __libc_malloc(size) })
}

extern "C" fn memcheck_calloc(count: usize, size: usize) -> *mut c_void {
    // SAFETY: any sizes may be asked for; glibc checks their product.
    given(unsafe { __libc_calloc(count, size) })
}

unsafe extern "C" fn memcheck_realloc(block: *mut c_void, size: usize) -> *mut c_void {
    let old = going(block);
    if recorder::is_on()
        && let Some(old) = old
    {
        // SAFETY: the caller's promises are those of `realloc`; the block is counted.
        return unsafe { recorded_realloc(block, old, size) };
    }
    // SAFETY: the caller's promises are those of `realloc`.
    let new = unsafe { __libc_realloc(block, size) };
    // With size 0 glibc frees the block and returns null; any other null left it as it was.
    if !new.is_null() || size == 0 {
        gone(old);
    }
    given(new)
}

/// `realloc` of a counted block, while recording.
///
/// # Safety
///
/// As of `realloc`.
#[cold]
unsafe fn recorded_realloc(block: *mut c_void, old: usize, size: usize) -> *mut c_void {
    if size == 0 {
        recorder::released(SiteKind::CHeap, block.addr() as u64, old);
        gone(Some(old));
        // SAFETY: the caller's promises are those of `realloc`; glibc frees the block.
        return unsafe { __libc_realloc(block, 0) };
    }
    recorder::resizing(SiteKind::CHeap, block.addr() as u64, old, || {
        // SAFETY: the caller's promises are those of `realloc`.
        let new = unsafe { __libc_realloc(block, size) };
        if new.is_null() {
            return (new, None);
        }
        // SAFETY: a live block of glibc's.
        let usable = unsafe { malloc_usable_size(new) };
        counters::freed(Heap::Native, old);
        counters::allocated(Heap::Native, usable);
        (new, Some((new.addr() as u64, usable)))
    })
}

unsafe extern "C" fn memcheck_reallocarray(
    block: *mut c_void,
    count: usize,
    size: usize,
) -> *mut c_void {
    match count.checked_mul(size) {
        // SAFETY: the caller's promises are those of `realloc`.
        Some(bytes) => unsafe { libc::realloc(block, bytes) },
        None => out_of_memory(),
    }
}

unsafe extern "C" fn memcheck_free(block: *mut c_void) {
    let size = going(block);
    if recorder::is_on()
        && let Some(size) = size
    {
        recorder::released(SiteKind::CHeap, block.addr() as u64, size);
    }
    gone(size);
    // SAFETY: the caller's promises are those of `free`.
    unsafe { __libc_free(block) };
}

unsafe extern "C" fn memcheck_free_sized(block: *mut c_void, _size: usize) {
    // SAFETY: the caller's promises are those of `free` and more.
    unsafe { libc::free(block) };
}

unsafe extern "C" fn memcheck_free_aligned_sized(
    block: *mut c_void,
    _alignment: usize,
    _size: usize,
) {
    // SAFETY: the caller's promises are those of `free` and more.
    unsafe { libc::free(block) };
}

extern "C" fn memcheck_memalign(alignment: usize, size: usize) -> *mut c_void {
    // SAFETY: any alignment may be asked for; glibc rounds it up to a power of two.
    given(unsafe { __libc_memalign(alignment, size) })
}

unsafe extern "C" fn memcheck_posix_memalign(
    place: *mut *mut c_void,
    alignment: usize,
    size: usize,
) -> c_int {
    if !alignment.is_power_of_two() || !alignment.is_multiple_of(size_of::<*mut c_void>()) {
        return libc::EINVAL;
    }
    let block = memcheck_memalign(alignment, size);
    if block.is_null() {
        return libc::ENOMEM;
    }
    // SAFETY: the caller gives a valid place for the result.
    unsafe { *place = block };
    0
}

fn page() -> usize {
    rustix::param::page_size()
}

extern "C" fn memcheck_valloc(size: usize) -> *mut c_void {
    // SAFETY: the page size is an alignment.
    unsafe { libc::memalign(page(), size) }
}

extern "C" fn memcheck_pvalloc(size: usize) -> *mut c_void {
    match size.checked_next_multiple_of(page()) {
        // SAFETY: the page size is an alignment.
        Some(bytes) => unsafe { libc::memalign(page(), bytes) },
        None => out_of_memory(),
    }
}

weak_definitions! {
    malloc memcheck_jump_malloc => memcheck_malloc,
    calloc memcheck_jump_calloc => memcheck_calloc,
    realloc memcheck_jump_realloc => memcheck_realloc,
    reallocarray memcheck_jump_reallocarray => memcheck_reallocarray,
    free memcheck_jump_free => memcheck_free,
    free_sized memcheck_jump_free_sized => memcheck_free_sized,
    free_aligned_sized memcheck_jump_free_aligned_sized => memcheck_free_aligned_sized,
    memalign memcheck_jump_memalign => memcheck_memalign,
    aligned_alloc memcheck_jump_aligned_alloc => memcheck_memalign,
    posix_memalign memcheck_jump_posix_memalign => memcheck_posix_memalign,
    valloc memcheck_jump_valloc => memcheck_valloc,
    pvalloc memcheck_jump_pvalloc => memcheck_pvalloc,
}

/// glibc's allocator without the detour over the names that are counted, for Rust's `System`, whose
/// blocks are counted before they come here. Only where those names are ours: else `System` is
/// whatever allocator took them.
#[cfg(not(miri))]
pub(in crate::heap) mod direct {
    use std::alloc::Layout;

    use super::{__libc_calloc, __libc_free, __libc_malloc, __libc_realloc, jumps, names};

    /// What malloc aligns to on 64-bit glibc (`MALLOC_ALIGNMENT`).
    const ALIGNMENT: usize = 16;

    /// Whether malloc is ours, so that every block of `System` is glibc's.
    pub(in crate::heap) fn is_possible() -> bool {
        let same = |name: unsafe extern "C" fn(), jump: unsafe extern "C" fn()| {
            std::ptr::eq(name as *const (), jump as *const ())
        };
        same(names::malloc, jumps::memcheck_jump_malloc)
            && same(names::free, jumps::memcheck_jump_free)
    }

    /// Whether `System` asks malloc for such a block, and not a function that aligns.
    #[inline(always)]
    pub(in crate::heap) fn serves(layout: Layout) -> bool {
        layout.align() <= ALIGNMENT && layout.align() <= layout.size()
    }

    #[inline(always)]
    pub(in crate::heap) fn alloc(size: usize) -> *mut u8 {
        // SAFETY: any size may be asked for.
        unsafe { __libc_malloc(size) }.cast()
    }

    #[inline(always)]
    pub(in crate::heap) fn alloc_zeroed(size: usize) -> *mut u8 {
        // SAFETY: any size may be asked for.
        unsafe { __libc_calloc(size, 1) }.cast()
    }

    /// # Safety
    ///
    /// As of `free`.
    #[inline(always)]
    pub(in crate::heap) unsafe fn dealloc(block: *mut u8) {
        // SAFETY: the caller's promise.
        unsafe { __libc_free(block.cast()) };
    }

    /// # Safety
    ///
    /// As of `realloc`, with a size that is not 0.
    #[inline(always)]
    pub(in crate::heap) unsafe fn realloc(block: *mut u8, size: usize) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe { __libc_realloc(block.cast(), size) }.cast()
    }
}

/// Functions that are made of the others, whoever's those are.
const DERIVED: [&CStr; 5] =
    [c"reallocarray", c"free_sized", c"free_aligned_sized", c"valloc", c"pvalloc"];

/// Looks up what every name of the family means, to this executable and to the shared libraries.
pub(super) fn state() -> State {
    let mut others = Vec::new();
    let mut ours = 0;
    for (name, jump, here) in members() {
        // SAFETY: the name is a C string; the result is only compared.
        let everywhere = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) } as usize;
        // Names that the C library does not know (the sized frees of newer ones) are looked up by
        // nobody else.
        if here == jump && (everywhere == jump || everywhere == 0) {
            ours += usize::from(!DERIVED.contains(&name));
        } else {
            others.push(name.to_string_lossy().into_owned());
        }
    }
    match (ours, others.is_empty()) {
        (_, true) => State::Counted,
        (0, _) => State::Off { reason: Reason::OtherAllocator },
        _ => State::Mixed { others },
    }
}
