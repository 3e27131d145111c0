//! The recorder of a build that cannot record: nothing is recorded, and the optimizer removes every
//! call.

use crate::metric::SiteKind;

#[inline(always)]
pub(crate) fn is_on() -> bool {
    false
}

#[inline(always)]
pub(crate) fn acquired(_kind: SiteKind, _key: u64, _bytes: usize) {}

#[inline(always)]
pub(crate) fn released(_kind: SiteKind, _key: u64, _bytes: usize) {}

#[inline(always)]
pub(crate) fn resizing<T>(
    _kind: SiteKind,
    _key: u64,
    _old_bytes: usize,
    resize: impl FnOnce() -> (T, Option<(u64, usize)>),
) -> T {
    resize().0
}
