//! glibc's own allocator, under the names that it exports for allocators that wrap it.

use std::ffi::c_void;

unsafe extern "C" {
    // Exported by glibc since 2.2.5 (malloc/malloc.c).
    pub(super) fn __libc_malloc(size: usize) -> *mut c_void;
    pub(super) fn __libc_calloc(count: usize, size: usize) -> *mut c_void;
    pub(super) fn __libc_realloc(block: *mut c_void, size: usize) -> *mut c_void;
    pub(super) fn __libc_free(block: *mut c_void);
    pub(super) fn __libc_memalign(alignment: usize, size: usize) -> *mut c_void;
    pub(super) fn malloc_usable_size(block: *mut c_void) -> usize;
}
