//! Tables of their own for unit tests.

use std::alloc::{Layout, alloc_zeroed};

/// A table that is all zero. It is not built on the stack, because tables have megabytes.
pub(super) fn zeroed<T>() -> Box<T> {
    // SAFETY: tables are not of size zero and are valid when all zero; the block comes from the
    // global allocator with the layout of `T`, as `Box` requires.
    unsafe { Box::from_raw(alloc_zeroed(Layout::new::<T>()).cast::<T>()) }
}
