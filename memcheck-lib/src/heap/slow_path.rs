//! Why an allocation must take the slow path: reasons as bits of one byte. Mostly there is none,
//! and the fast path costs one load of a byte that nothing writes.

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// A reason to take the slow path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Reason {
    /// It is not known yet whether this library defines malloc.
    MallocUnknown = 1,
    /// The peak is measured.
    Peak = 2,
    /// Call stacks are recorded.
    Recorder = 4,
    /// Blocks of `System` are not glibc's, because another allocator defines malloc; or this build
    /// has no fast path.
    NoFastPath = 8,
}

static REASONS: AtomicU8 = AtomicU8::new(Reason::MallocUnknown as u8);

/// Whether there is no reason to take the slow path.
#[cfg(all(memcheck_native, not(miri)))]
#[inline(always)]
pub(super) fn is_empty() -> bool {
    REASONS.load(Relaxed) == 0
}

/// Whether there is this reason.
#[inline(always)]
pub(super) fn has(reason: Reason) -> bool {
    REASONS.load(Relaxed) & reason as u8 != 0
}

/// Adds or removes a reason.
pub(super) fn set(reason: Reason, on: bool) {
    if on {
        REASONS.fetch_or(reason as u8, Relaxed);
    } else {
        REASONS.fetch_and(!(reason as u8), Relaxed);
    }
}
