//! The lock of the recorder's tables.

use std::sync::atomic::{AtomicU32, Ordering};

/// A spin lock that allocates nothing and does not store its owner. It is held for some hundred
/// nanoseconds. The code under it cannot try to take it again, because a thread that is inside the
/// recorder records nothing else.
#[repr(transparent)]
pub(super) struct Lock(AtomicU32);

/// Holds a [`Lock`] until it is dropped.
pub(super) struct LockGuard<'a>(&'a Lock);

impl Lock {
    #[inline(always)]
    pub(super) fn lock(&self) -> LockGuard<'_> {
        let mut tries = 0u32;
        while self.0.compare_exchange_weak(0, 1, Ordering::Acquire, Ordering::Relaxed).is_err() {
            tries += 1;
            if tries.is_multiple_of(64) {
                std::thread::yield_now();
            } else {
                std::hint::spin_loop();
            }
        }
        LockGuard(self)
    }
}

impl Drop for LockGuard<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.0.store(0, Ordering::Release);
    }
}
