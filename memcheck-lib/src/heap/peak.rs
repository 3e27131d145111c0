//! The highest live heap within one iteration. Needs one number for all threads, so it is kept
//! only while somebody measures it ([`Detour::Peak`]).

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use super::mode::{self, Detour};

static LIVE: AtomicI64 = AtomicI64::new(0);
static HIGHEST: AtomicI64 = AtomicI64::new(0);

#[inline(always)]
pub(super) fn allocated(bytes: usize) {
    if mode::takes(Detour::Peak) {
        let live = LIVE.fetch_add(bytes as i64, Relaxed).wrapping_add(bytes as i64);
        HIGHEST.fetch_max(live, Relaxed);
    }
}

#[inline(always)]
pub(super) fn freed(bytes: usize) {
    if mode::takes(Detour::Peak) {
        LIVE.fetch_sub(bytes as i64, Relaxed);
    }
}

/// Measures the peak from its making to its drop. One at a time.
#[derive(Debug)]
pub(crate) struct Peak(());

impl Peak {
    pub(crate) fn start() -> Self {
        mode::set(Detour::Peak, true);
        Peak(())
    }

    /// From here on the heap counts as empty.
    pub(crate) fn reset(&self) {
        LIVE.store(0, Relaxed);
        HIGHEST.store(0, Relaxed);
    }

    /// Highest live bytes above those at the last [`reset`](Peak::reset).
    pub(crate) fn highest(&self) -> u64 {
        HIGHEST.load(Relaxed).max(0) as u64
    }
}

impl Drop for Peak {
    fn drop(&mut self) {
        mode::set(Detour::Peak, false);
    }
}
