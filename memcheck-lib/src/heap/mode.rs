//! What the counting path has to do besides counting, in one byte: mostly nothing, which is one
//! load of a word that nobody writes.

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// Something that takes the path off its short way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Detour {
    /// It is not known (yet) that malloc is ours, so `System` is asked instead of glibc.
    #[cfg_attr(not(all(memcheck_native, not(miri))), expect(dead_code, reason = "never short"))]
    Unknown = 1,
    /// The peak is measured.
    Peak = 2,
    /// Call stacks are recorded.
    #[cfg(memcheck_sites)]
    Record = 4,
}

static MODE: AtomicU8 = AtomicU8::new(Detour::Unknown as u8);

/// Whether counting is all there is to do.
#[inline(always)]
pub(super) fn is_plain() -> bool {
    MODE.load(Relaxed) == 0
}

/// Whether a detour is to be taken.
#[inline(always)]
pub(super) fn takes(detour: Detour) -> bool {
    MODE.load(Relaxed) & detour as u8 != 0
}

/// Switches a detour on or off.
pub(super) fn set(detour: Detour, on: bool) {
    if on {
        MODE.fetch_or(detour as u8, Relaxed);
    } else {
        MODE.fetch_and(!(detour as u8), Relaxed);
    }
}
