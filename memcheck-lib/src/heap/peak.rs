//! The highest live heap within one iteration. This needs one counter for all threads, so it is
//! kept only while a [`Peak`] exists.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use super::slow_path::{self, Reason};

static LIVE: AtomicI64 = AtomicI64::new(0);
static HIGHEST: AtomicI64 = AtomicI64::new(0);

#[inline(always)]
pub(super) fn allocated(bytes: usize) {
    if slow_path::has(Reason::Peak) {
        let live = LIVE.fetch_add(bytes as i64, Relaxed).wrapping_add(bytes as i64);
        HIGHEST.fetch_max(live, Relaxed);
    }
}

#[inline(always)]
pub(super) fn freed(bytes: usize) {
    if slow_path::has(Reason::Peak) {
        LIVE.fetch_sub(bytes as i64, Relaxed);
    }
}

/// Measures the peak until it is dropped. Only one can exist at a time.
#[derive(Debug)]
pub(crate) struct Peak(());

impl Peak {
    pub(crate) fn start() -> Self {
        slow_path::set(Reason::Peak, true);
        Peak(())
    }

    /// Counts the live heap from 0 again.
    pub(crate) fn reset(&self) {
        LIVE.store(0, Relaxed);
        HIGHEST.store(0, Relaxed);
    }

    /// The highest number of live bytes since the last [`reset`](Peak::reset).
    pub(crate) fn highest(&self) -> u64 {
        HIGHEST.load(Relaxed).max(0) as u64
    }
}

impl Drop for Peak {
    fn drop(&mut self) {
        slow_path::set(Reason::Peak, false);
    }
}
