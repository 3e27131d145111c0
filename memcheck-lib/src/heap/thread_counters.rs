//! Counters for each thread, summed when they are read.
//!
//! With shared counters, every allocation of one thread waits for the cache line of another
//! (measured: 1.4 to 2.3 times the time of plain `System` on two threads in real work, 7 times in a
//! tight loop). So each thread writes counters of its own, with plain loads and stores. They belong
//! to its [slot](crate::thread_slot) and keep their sums when the thread ends: only the total over
//! all slots has a meaning, so the next owner of the slot goes on adding.
//!
//! Nothing here allocates, locks, panics or prints: it runs inside the allocator.

use std::cell::Cell;

use super::counters::{AtomicCounters, HeapCounters};
use crate::thread_slot::{self, SLOTS};

/// The counters of one thread. Two cache lines, because processors fetch lines in pairs.
#[repr(align(128))]
#[derive(Debug)]
struct ThreadCounters {
    rust: AtomicCounters,
    c: AtomicCounters,
}

/// The heap that a call belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heap {
    /// What Rust code takes from the global allocator.
    Rust,
    /// What any code takes from the C library's malloc family, except the global allocator.
    C,
}

impl ThreadCounters {
    const fn new() -> Self {
        ThreadCounters { rust: AtomicCounters::new(), c: AtomicCounters::new() }
    }

    #[inline(always)]
    fn of(&self, heap: Heap) -> &AtomicCounters {
        match heap {
            Heap::Rust => &self.rust,
            Heap::C => &self.c,
        }
    }
}

static TABLE: [ThreadCounters; SLOTS] = [const { ThreadCounters::new() }; SLOTS];
/// The counters of all threads without a slot: those beyond [`SLOTS`], and ending threads in their
/// last calls.
static SHARED: ThreadCounters = ThreadCounters::new();

thread_local! {
    /// The counters of the thread's slot, if it has one. The counting path reads only this. It is
    /// `const` and has no destructor, so its first use neither allocates nor registers anything.
    static OWN: Cell<Option<&'static ThreadCounters>> = const { Cell::new(None) };
}

/// The counters of the calling thread's slot, which is claimed now if it has none. `None` for a
/// thread that uses the shared counters.
fn own_or_claim() -> Option<&'static ThreadCounters> {
    let counters = TABLE.get(thread_slot::own_or_claim(forget_own)?)?;
    OWN.with(|own| own.set(Some(counters)));
    Some(counters)
}

/// From now on the calling thread uses the shared counters.
fn forget_own() {
    OWN.with(|own| own.set(None));
}

/// Counts an allocation.
#[inline(always)]
pub(super) fn allocated(heap: Heap, bytes: usize) {
    match OWN.with(Cell::get) {
        Some(counters) => counters.of(heap).allocated_owned(bytes as u64),
        None => allocated_without_own(heap, bytes as u64),
    }
}

/// Counts a release.
#[inline(always)]
pub(super) fn freed(heap: Heap, bytes: usize) {
    match OWN.with(Cell::get) {
        Some(counters) => counters.of(heap).freed_owned(bytes as u64),
        None => freed_without_own(heap, bytes as u64),
    }
}

// The rare calls are functions of their own with plain arguments, so that the frequent ones need no
// stack.

#[cold]
#[inline(never)]
fn allocated_without_own(heap: Heap, bytes: u64) {
    match own_or_claim() {
        Some(counters) => counters.of(heap).allocated_owned(bytes),
        None => SHARED.of(heap).allocated_shared(bytes),
    }
}

#[cold]
#[inline(never)]
fn freed_without_own(heap: Heap, bytes: u64) {
    match own_or_claim() {
        Some(counters) => counters.of(heap).freed_owned(bytes),
        None => SHARED.of(heap).freed_shared(bytes),
    }
}

/// The counters of one heap, over the whole process.
pub(crate) fn process(heap: Heap) -> HeapCounters {
    let mut sum = SHARED.of(heap).read();
    for counters in TABLE.iter().take(thread_slot::ever_claimed()) {
        sum += counters.of(heap).read();
    }
    sum
}

/// What the calling thread itself allocated and freed, from an arbitrary start. `None` if the
/// thread has no slot: beyond [`SLOTS`] threads, at its very end, and on systems that give no
/// notice of a thread's end.
pub(crate) fn thread(heap: Heap) -> Option<HeapCounters> {
    // Claim the slot now: a later claim would go on from the sums of the slot's last owner.
    own_or_claim().map(|counters| counters.of(heap).read())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thread_slot::tests::lose_slot;

    #[test]
    fn a_thread_without_a_slot_has_no_counters_of_its_own() {
        std::thread::spawn(|| {
            assert!(thread(Heap::Rust).is_some());
            lose_slot();
            assert_eq!(thread(Heap::Rust), None);
        })
        .join()
        .unwrap();
    }
}
