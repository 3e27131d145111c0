//! One slot of counters for each thread, summed when somebody asks.
//!
//! Shared counters would make every allocation of one thread wait for the cache line of another
//! (measured: 1.4 to 2.3 times the time of plain `System` on two threads in real work, 7 times in a
//! tight loop). So each thread writes a line of its own, with plain loads and stores. A slot is
//! claimed at a thread's first allocation and given back, with its sums left in it, when the thread
//! ends: only the total over all slots means anything, so the next owner goes on adding.
//!
//! Nothing here allocates, locks, panics or prints: it runs inside the allocator.

use std::cell::Cell;
use std::sync::atomic::{
    AtomicU64, AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};

use super::tally::{HeapCounters, Tally};

/// Slots; threads beyond that share one. In `.bss`: a page of it costs memory once it is used.
const SLOTS: usize = 4096;

/// One thread's counters. Two cache lines, because processors fetch lines in pairs.
#[repr(align(128))]
#[derive(Debug)]
struct Slot {
    rust: Tally,
    native: Tally,
}

/// Which heap a call belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heap {
    /// What Rust code asks of the global allocator.
    Rust,
    /// What anybody asks of the C library's malloc family, except the global allocator.
    Native,
}

impl Slot {
    const fn new() -> Self {
        Slot { rust: Tally::new(), native: Tally::new() }
    }

    #[inline(always)]
    fn tally(&self, heap: Heap) -> &Tally {
        match heap {
            Heap::Rust => &self.rust,
            Heap::Native => &self.native,
        }
    }
}

static TABLE: [Slot; SLOTS] = [const { Slot::new() }; SLOTS];
/// One bit for each slot that has an owner.
static CLAIMED: [AtomicU64; SLOTS / 64] = [const { AtomicU64::new(0) }; SLOTS / 64];
/// No slot from here on was ever claimed.
static HIGH: AtomicUsize = AtomicUsize::new(0);
/// For threads without a slot of their own: more than [`SLOTS`] at once, and the last calls of a
/// thread that is ending.
static SHARED: Slot = Slot::new();

/// What a thread knows of its slot: nothing yet, an index + 2, or that it must use [`SHARED`].
const UNCLAIMED: usize = 0;
const USE_SHARED: usize = 1;

thread_local! {
    // `const` and without a destructor, so that the first access neither allocates nor registers
    // anything: it would come back here.
    static OWN: Cell<usize> = const { Cell::new(UNCLAIMED) };
    /// The slot of `OWN`, if it has one: what the counting path looks at.
    static SLOT: Cell<Option<&'static Slot>> = const { Cell::new(None) };
}

/// The calling thread's slot, taken at its first call; `None` for the common one.
fn own_or_claimed() -> Option<&'static Slot> {
    let own = OWN.with(Cell::get);
    let own = if own == UNCLAIMED { claim() } else { own };
    TABLE.get(own.wrapping_sub(2))
}

/// Takes a slot for the calling thread; what it gets is kept in [`OWN`].
fn claim() -> usize {
    // First of all the answer for calls that come back here from below.
    OWN.with(|own| own.set(USE_SHARED));
    let Some(index) = free_slot() else { return USE_SHARED };
    if !at_thread_end::give_back(index) {
        // No notice of the thread's end: the slot would be lost with every thread.
        release(index);
        return USE_SHARED;
    }
    HIGH.fetch_max(index + 1, AcqRel);
    super::native::allow_short_way();
    OWN.with(|own| own.set(index + 2));
    SLOT.with(|slot| slot.set(TABLE.get(index)));
    index + 2
}

fn free_slot() -> Option<usize> {
    for (at, word) in CLAIMED.iter().enumerate() {
        let mut bits = word.load(Relaxed);
        while bits != u64::MAX {
            let bit = bits.trailing_ones();
            // Acquire: the sums of the owner before are seen.
            match word.compare_exchange_weak(bits, bits | 1 << bit, Acquire, Relaxed) {
                Ok(_) => return Some(at * 64 + bit as usize),
                Err(now) => bits = now,
            }
        }
    }
    None
}

fn release(index: usize) {
    if let Some(word) = CLAIMED.get(index / 64) {
        word.fetch_and(!(1 << (index % 64)), Release);
    }
}

/// Counts an allocation.
#[inline(always)]
pub(super) fn allocated(heap: Heap, bytes: usize) {
    match SLOT.with(Cell::get) {
        Some(slot) => slot.tally(heap).allocated_owned(bytes as u64),
        None => allocated_without_slot(heap, bytes as u64),
    }
}

/// Counts a release.
#[inline(always)]
pub(super) fn freed(heap: Heap, bytes: usize) {
    match SLOT.with(Cell::get) {
        Some(slot) => slot.tally(heap).freed_owned(bytes as u64),
        None => freed_without_slot(heap, bytes as u64),
    }
}

// The rare calls stand apart and take plain values, so that the frequent ones need no stack.

#[cold]
#[inline(never)]
fn allocated_without_slot(heap: Heap, bytes: u64) {
    match own_or_claimed() {
        Some(slot) => slot.tally(heap).allocated_owned(bytes),
        None => SHARED.tally(heap).allocated_shared(bytes),
    }
}

#[cold]
#[inline(never)]
fn freed_without_slot(heap: Heap, bytes: u64) {
    match own_or_claimed() {
        Some(slot) => slot.tally(heap).freed_owned(bytes),
        None => SHARED.tally(heap).freed_shared(bytes),
    }
}

/// One heap of the whole process.
pub(crate) fn process(heap: Heap) -> HeapCounters {
    let mut sum = SHARED.tally(heap).read();
    for slot in TABLE.iter().take(HIGH.load(Acquire)) {
        sum += slot.tally(heap).read();
    }
    sum
}

/// What the calling thread itself allocated and freed, counted from an arbitrary start. `None` where
/// it has no slot of its own: beyond [`SLOTS`] threads, at its very end, and where nothing is told of
/// the end of a thread.
pub(crate) fn thread(heap: Heap) -> Option<HeapCounters> {
    // Claimed here if need be: a slot that is claimed later goes on from the sums of its last owner.
    own_or_claimed().map(|slot| slot.tally(heap).read())
}

/// The number of the calling thread's own slot, which no other living thread has. `None` before its
/// first allocation, at its very end, and where there are more threads than slots.
#[cfg(memcheck_sites)]
#[inline(always)]
pub(crate) fn own_slot() -> Option<usize> {
    let own = OWN.with(Cell::get);
    (own > USE_SHARED).then(|| own - 2)
}

/// Notice of a thread's end, so that its slot can go to the next.
#[cfg(target_os = "linux")]
mod at_thread_end {
    use std::cell::Cell;
    use std::ffi::c_void;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::{OWN, SLOT, USE_SHARED};

    /// The key of thread-specific data whose destructor gives the slot back, + 1; 0 before it is
    /// made.
    ///
    /// Not a Rust thread-local with `Drop`: registering one allocates, and it would be dropped
    /// before other thread-locals, whose frees still have to be counted. glibc runs destructors of
    /// keys after those of thread-locals (`start_thread` in nptl/pthread_create.c calls
    /// `__call_tls_dtors`, then `__nptl_deallocate_tsd`), and for the first 32 keys
    /// `pthread_setspecific` allocates nothing (nptl/pthread_setspecific.c).
    static KEY: AtomicU64 = AtomicU64::new(0);
    const BEING_MADE: u64 = u64::MAX;

    /// Arranges that slot `index` is given back when the calling thread ends. `false` when that
    /// cannot be had now.
    pub(super) fn give_back(index: usize) -> bool {
        let Some(key) = key() else {
            // Another thread is making the key this very moment: try again at the next call.
            OWN.with(|own| own.set(super::UNCLAIMED));
            return false;
        };
        // The destructor runs for values that are not null only.
        let value = std::ptr::without_provenance::<c_void>(index + 1);
        // SAFETY: the key was made by `pthread_key_create` and is never deleted.
        unsafe { libc::pthread_setspecific(key, value) == 0 }
    }

    fn key() -> Option<libc::pthread_key_t> {
        match KEY.load(Ordering::Acquire) {
            0 => {}
            BEING_MADE => return None,
            made => return Some((made - 1) as libc::pthread_key_t),
        }
        KEY.compare_exchange(0, BEING_MADE, Ordering::Acquire, Ordering::Relaxed).ok()?;
        let mut key: libc::pthread_key_t = 0;
        // SAFETY: `key` is a valid place for the result, the destructor is a function that lives
        // as long as the program.
        let failed = unsafe { libc::pthread_key_create(&mut key, Some(thread_ends)) } != 0;
        // Without a key every thread shares one slot: slower, still exact.
        KEY.store(if failed { 0 } else { u64::from(key) + 1 }, Ordering::Release);
        (!failed).then_some(key)
    }

    extern "C" fn thread_ends(value: *mut c_void) {
        let index = value.addr().wrapping_sub(1);
        SLOT.with(|slot| slot.set(None));
        OWN.with(|own: &Cell<usize>| own.set(USE_SHARED));
        super::release(index);
    }
}

/// Elsewhere nothing is measured, so all threads share the common slot.
#[cfg(not(target_os = "linux"))]
mod at_thread_end {
    pub(super) fn give_back(_index: usize) -> bool {
        false
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// From now on the calling thread has no slot of its own, as one beyond the last.
    pub(crate) fn lose_slot() {
        OWN.with(|own| own.set(USE_SHARED));
        SLOT.with(|slot| slot.set(None));
    }

    #[test]
    fn a_thread_without_a_slot_is_not_told_that_it_did_nothing() {
        std::thread::spawn(|| {
            assert!(thread(Heap::Rust).is_some());
            lose_slot();
            assert_eq!(thread(Heap::Rust), None);
        })
        .join()
        .unwrap();
    }
}
