//! Defines the malloc family in front of glibc's own functions, and counts every call.
//!
//! The names are defined [weak](crate::weak). The C library itself refers to them, so its own calls
//! (`strdup`, `fopen`) arrive here too.
//!
//! Allocators that override malloc leave some functions out (mimalloc the sized frees, jemalloc
//! `reallocarray`), and then memcheck's definitions stay in place. So these functions call the
//! *names* of the others and never glibc directly. They are then correct with any allocator, and
//! counted with memcheck's own.
//!
//! Sizes are usable sizes (`malloc_usable_size`), because `free` gets no other size.

use std::ffi::{CStr, c_int, c_void};

use super::glibc::{
    __libc_calloc, __libc_free, __libc_malloc, __libc_memalign, __libc_realloc, malloc_usable_size,
};
use super::rust_calls::is_from_rust;
use super::state::{CHeapState, WhyNotCounted};
use crate::heap::thread_counters::{self, Heap};
use crate::metric::SiteKind;
use crate::recorder;
use crate::weak::weak_definitions;

/// Counts a new block.
#[inline(always)]
fn count_new(block: *mut c_void) -> *mut c_void {
    if !block.is_null() && !is_from_rust() {
        // SAFETY: the block is a live block of glibc's.
        let size = unsafe { malloc_usable_size(block) };
        thread_counters::allocated(Heap::C, size);
        if recorder::is_on() {
            recorder::acquired(SiteKind::CHeap, block.addr() as u64, size);
        }
    }
    block
}

/// The usable size of a block that is about to be freed or resized; `None` if it is not counted.
#[inline(always)]
fn counted_size(block: *mut c_void) -> Option<usize> {
    // SAFETY: the caller of `free` or `realloc` promises that the block is live; it is glibc's,
    // because all functions of the family are those of this file or call them.
    (!block.is_null() && !is_from_rust()).then(|| unsafe { malloc_usable_size(block) })
}

#[inline(always)]
fn count_freed(size: Option<usize>) {
    if let Some(size) = size {
        thread_counters::freed(Heap::C, size);
    }
}

fn out_of_memory() -> *mut c_void {
    // SAFETY: errno of this thread is valid at any time.
    unsafe { *libc::__errno_location() = libc::ENOMEM };
    std::ptr::null_mut()
}

extern "C" fn memcheck_malloc(size: usize) -> *mut c_void {
    // SAFETY: malloc accepts any size.
    count_new(unsafe { __libc_malloc(size) })
}

extern "C" fn memcheck_calloc(count: usize, size: usize) -> *mut c_void {
    // SAFETY: calloc accepts any sizes; glibc checks their product for overflow.
    count_new(unsafe { __libc_calloc(count, size) })
}

unsafe extern "C" fn memcheck_realloc(block: *mut c_void, size: usize) -> *mut c_void {
    let old = counted_size(block);
    if recorder::is_on()
        && let Some(old) = old
    {
        // SAFETY: the caller keeps the preconditions of `realloc`; the block is counted.
        return unsafe { recorded_realloc(block, old, size) };
    }
    // SAFETY: the caller keeps the preconditions of `realloc`.
    let new = unsafe { __libc_realloc(block, size) };
    // With size 0, glibc frees the block and returns null. After any other null the block is as
    // before.
    if !new.is_null() || size == 0 {
        count_freed(old);
    }
    count_new(new)
}

/// Resizes a counted block while the recorder is on.
///
/// # Safety
///
/// As for `realloc`.
#[cold]
unsafe fn recorded_realloc(block: *mut c_void, old: usize, size: usize) -> *mut c_void {
    if size == 0 {
        recorder::released(SiteKind::CHeap, block.addr() as u64, old);
        count_freed(Some(old));
        // SAFETY: the caller keeps the preconditions of `realloc`; with size 0, glibc frees the
        // block.
        return unsafe { __libc_realloc(block, 0) };
    }
    recorder::resizing(SiteKind::CHeap, block.addr() as u64, old, || {
        // SAFETY: the caller keeps the preconditions of `realloc`.
        let new = unsafe { __libc_realloc(block, size) };
        if new.is_null() {
            return (new, None);
        }
        // SAFETY: the block is a live block of glibc's.
        let usable = unsafe { malloc_usable_size(new) };
        thread_counters::freed(Heap::C, old);
        thread_counters::allocated(Heap::C, usable);
        (new, Some((new.addr() as u64, usable)))
    })
}

unsafe extern "C" fn memcheck_reallocarray(
    block: *mut c_void,
    count: usize,
    size: usize,
) -> *mut c_void {
    match count.checked_mul(size) {
        // SAFETY: the caller keeps the preconditions of `realloc`.
        Some(bytes) => unsafe { libc::realloc(block, bytes) },
        None => out_of_memory(),
    }
}

unsafe extern "C" fn memcheck_free(block: *mut c_void) {
    let size = counted_size(block);
    if recorder::is_on()
        && let Some(size) = size
    {
        recorder::released(SiteKind::CHeap, block.addr() as u64, size);
    }
    count_freed(size);
    // SAFETY: the caller keeps the preconditions of `free`.
    unsafe { __libc_free(block) };
}

unsafe extern "C" fn memcheck_free_sized(block: *mut c_void, _size: usize) {
    // SAFETY: the caller keeps the preconditions of `free`, which are among those of this function.
    unsafe { libc::free(block) };
}

unsafe extern "C" fn memcheck_free_aligned_sized(
    block: *mut c_void,
    _alignment: usize,
    _size: usize,
) {
    // SAFETY: the caller keeps the preconditions of `free`, which are among those of this function.
    unsafe { libc::free(block) };
}

extern "C" fn memcheck_memalign(alignment: usize, size: usize) -> *mut c_void {
    // SAFETY: memalign accepts any alignment; glibc rounds it up to a power of two.
    count_new(unsafe { __libc_memalign(alignment, size) })
}

unsafe extern "C" fn memcheck_posix_memalign(
    result: *mut *mut c_void,
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
    // SAFETY: the caller passes a valid pointer for the result.
    unsafe { *result = block };
    0
}

fn page_size() -> usize {
    rustix::param::page_size()
}

extern "C" fn memcheck_valloc(size: usize) -> *mut c_void {
    // SAFETY: the page size is a power of two.
    unsafe { libc::memalign(page_size(), size) }
}

extern "C" fn memcheck_pvalloc(size: usize) -> *mut c_void {
    match size.checked_next_multiple_of(page_size()) {
        // SAFETY: the page size is a power of two.
        Some(bytes) => unsafe { libc::memalign(page_size(), bytes) },
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

/// Whether this library defines malloc and free, so that every block of `System` is glibc's.
#[cfg(not(miri))]
pub(super) fn defines_malloc() -> bool {
    let same = |name: unsafe extern "C" fn(), jump: unsafe extern "C" fn()| {
        std::ptr::eq(name as *const (), jump as *const ())
    };
    same(names::malloc, jumps::memcheck_jump_malloc) && same(names::free, jumps::memcheck_jump_free)
}

/// The functions that call others of the family, whichever allocator defines those.
const DERIVED: [&CStr; 5] =
    [c"reallocarray", c"free_sized", c"free_aligned_sized", c"valloc", c"pvalloc"];

/// Whether the C heap is counted in this process. Another definition of malloc (an allocator that
/// overrides it) wins over memcheck's weak one, so this looks up every name of the family, both in
/// this executable and for shared libraries.
pub fn c_heap_state() -> CHeapState {
    let mut others = Vec::new();
    let mut ours = 0;
    for (name, jump, here) in members() {
        // SAFETY: the name is a C string. The result is only compared.
        let everywhere = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) } as usize;
        // `dlsym` does not find functions that the C library does not have (the sized frees, which
        // newer versions have). Shared libraries then do not call them either.
        if here == jump && (everywhere == jump || everywhere == 0) {
            ours += usize::from(!DERIVED.contains(&name));
        } else {
            others.push(name.to_string_lossy().into_owned());
        }
    }
    match (ours, others.is_empty()) {
        (_, true) => CHeapState::Counted,
        (0, _) => CHeapState::Off { reason: WhyNotCounted::OtherAllocator },
        _ => CHeapState::Mixed { others },
    }
}
