//! A small number for each living thread, by which per-thread tables are indexed.
//!
//! A thread claims a slot at its first use and releases it when it ends, so that the next thread
//! can have it. No two living threads have the same slot.
//!
//! Nothing here allocates, locks, panics or prints: it runs inside the allocator.

use std::cell::Cell;
use std::sync::atomic::{
    AtomicU64, AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};

/// Limit of slots; further threads have none. A table with one entry of two cache lines per slot
/// takes 512 KiB of `.bss`, of which each page costs memory only once it is used.
pub(crate) const SLOTS: usize = 4096;

/// One bit for each slot that has an owner.
static CLAIMED: [AtomicU64; SLOTS / 64] = [const { AtomicU64::new(0) }; SLOTS / 64];
/// All slots that were ever claimed are below this.
static EVER_CLAIMED: AtomicUsize = AtomicUsize::new(0);

/// The states of [`OWN`]: not claimed yet, or no slot to be had. Other values are a slot + 2.
const UNCLAIMED: usize = 0;
const WITHOUT: usize = 1;

thread_local! {
    // These are `const` and have no destructor, so their first use neither allocates nor registers
    // anything: an allocation would come back here.
    static OWN: Cell<usize> = const { Cell::new(UNCLAIMED) };
    /// What the owner of the table calls before the slot is released.
    static ON_RELEASE: Cell<Option<fn()>> = const { Cell::new(None) };
}

/// The slot of the calling thread. `None` before it has claimed one, at its very end, and if there
/// are more threads than slots.
#[inline(always)]
pub(crate) fn own() -> Option<usize> {
    let own = OWN.with(Cell::get);
    (own > WITHOUT).then(|| own - 2)
}

/// Every slot that was ever claimed is below this number.
pub(crate) fn ever_claimed() -> usize {
    EVER_CLAIMED.load(Acquire)
}

/// The slot of the calling thread, which is claimed now if the thread has none. `on_release` runs
/// in this thread before the slot is released.
pub(crate) fn own_or_claim(on_release: fn()) -> Option<usize> {
    if OWN.with(Cell::get) == UNCLAIMED {
        claim(on_release);
    }
    own()
}

/// Claims a slot for the calling thread and keeps it in [`OWN`].
fn claim(on_release: fn()) {
    // First the answer for calls that come back here from below.
    OWN.with(|own| own.set(WITHOUT));
    let Some(slot) = free_slot() else { return };
    ON_RELEASE.with(|cell| cell.set(Some(on_release)));
    if !at_thread_end::release_later(slot) {
        // Without a notice of the thread's end, the slot would be lost.
        release(slot);
        return;
    }
    EVER_CLAIMED.fetch_max(slot + 1, AcqRel);
    OWN.with(|own| own.set(slot + 2));
}

fn free_slot() -> Option<usize> {
    for (at, word) in CLAIMED.iter().enumerate() {
        let mut bits = word.load(Relaxed);
        while bits != u64::MAX {
            let bit = bits.trailing_ones();
            // Acquire: see everything that the last owner wrote to its entries.
            match word.compare_exchange_weak(bits, bits | 1 << bit, Acquire, Relaxed) {
                Ok(_) => return Some(at * 64 + bit as usize),
                Err(now) => bits = now,
            }
        }
    }
    None
}

fn release(slot: usize) {
    if let Some(word) = CLAIMED.get(slot / 64) {
        word.fetch_and(!(1 << (slot % 64)), Release);
    }
}

/// Releases the slot of a thread when the thread ends.
#[cfg(target_os = "linux")]
mod at_thread_end {
    use std::cell::Cell;
    use std::ffi::c_void;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::{ON_RELEASE, OWN, UNCLAIMED, WITHOUT};

    /// The key of the thread-specific data whose destructor releases the slot, + 1; 0 before it is
    /// created.
    ///
    /// A Rust thread-local with `Drop` would not do: registering one allocates, and it would be
    /// dropped before other thread-locals, whose frees must still be counted. glibc runs
    /// destructors of keys after those of thread-locals (`start_thread` in nptl/pthread_create.c
    /// calls `__call_tls_dtors`, then `__nptl_deallocate_tsd`), and for the first 32 keys
    /// `pthread_setspecific` allocates nothing (nptl/pthread_setspecific.c).
    static KEY: AtomicU64 = AtomicU64::new(0);
    const BEING_CREATED: u64 = u64::MAX;

    /// Arranges that `slot` is released when the calling thread ends. `false` if this is not
    /// possible now.
    pub(super) fn release_later(slot: usize) -> bool {
        let Some(key) = key() else {
            // Another thread is creating the key at this moment: try again at the next call.
            OWN.with(|own| own.set(UNCLAIMED));
            return false;
        };
        // A destructor runs only for values that are not null.
        let value = std::ptr::without_provenance::<c_void>(slot + 1);
        // SAFETY: the key was created by `pthread_key_create` and is never deleted.
        unsafe { libc::pthread_setspecific(key, value) == 0 }
    }

    fn key() -> Option<libc::pthread_key_t> {
        match KEY.load(Ordering::Acquire) {
            0 => {}
            BEING_CREATED => return None,
            created => return Some((created - 1) as libc::pthread_key_t),
        }
        KEY.compare_exchange(0, BEING_CREATED, Ordering::Acquire, Ordering::Relaxed).ok()?;
        let mut key: libc::pthread_key_t = 0;
        // SAFETY: `key` is a valid place for the result; the destructor is a function, which lives
        // as long as the program.
        let failed = unsafe { libc::pthread_key_create(&mut key, Some(thread_ends)) } != 0;
        // Without a key no thread has a slot of its own: slower, but still exact.
        KEY.store(if failed { 0 } else { u64::from(key) + 1 }, Ordering::Release);
        (!failed).then_some(key)
    }

    extern "C" fn thread_ends(value: *mut c_void) {
        let slot = value.addr().wrapping_sub(1);
        if let Some(on_release) = ON_RELEASE.with(Cell::get) {
            on_release();
        }
        OWN.with(|own: &Cell<usize>| own.set(WITHOUT));
        super::release(slot);
    }
}

/// On other systems nothing is measured, so no thread has a slot of its own.
#[cfg(not(target_os = "linux"))]
mod at_thread_end {
    pub(super) fn release_later(_slot: usize) -> bool {
        false
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// From now on the calling thread has no slot, like a thread beyond the last slot.
    pub(crate) fn lose_slot() {
        OWN.with(|own| own.set(WITHOUT));
        if let Some(on_release) = ON_RELEASE.with(Cell::get) {
            on_release();
        }
    }
}
