//! Replaces `malloc_family` and `fast_path` in a build that does not count the C heap: no allocation
//! takes the fast path.

use std::alloc::Layout;

use crate::heap::slow_path::{self, Reason};

/// Whether the C heap is counted in this process: it is not, in this build.
#[cfg(not(memcheck_native))]
pub fn c_heap_state() -> super::state::CHeapState {
    use super::state::{CHeapState, WhyNotCounted};

    let reason = if cfg!(memcheck_sanitizer) {
        WhyNotCounted::Sanitizer
    } else if cfg!(memcheck_static_libc) {
        WhyNotCounted::StaticLibc
    } else if !cfg!(feature = "native-heap") {
        WhyNotCounted::FeatureOff
    } else {
        WhyNotCounted::OtherTarget
    };
    CHeapState::Off { reason }
}

#[inline(always)]
pub(in crate::heap) fn without_c_heap<T>(call: impl FnOnce() -> T) -> T {
    call()
}

/// There is no fast path, and no need to ask again.
#[cold]
#[inline(never)]
pub(in crate::heap) fn allow_fast_path() {
    slow_path::set(Reason::NoFastPath, true);
    slow_path::set(Reason::MallocUnknown, false);
}

#[expect(clippy::extra_unused_type_parameters, reason = "the other build needs it")]
#[inline(always)]
pub(in crate::heap) fn is_fast<A: 'static>(_layout: Layout) -> bool {
    false
}

pub(in crate::heap) fn alloc(_size: usize) -> *mut u8 {
    std::ptr::null_mut()
}

pub(in crate::heap) fn alloc_zeroed(_size: usize) -> *mut u8 {
    std::ptr::null_mut()
}

/// # Safety
///
/// None: it is never called and does nothing.
pub(in crate::heap) unsafe fn dealloc(_block: *mut u8) {}

/// # Safety
///
/// None: it is never called and does nothing.
pub(in crate::heap) unsafe fn realloc(_block: *mut u8, _size: usize) -> *mut u8 {
    std::ptr::null_mut()
}
