//! The fixed profile: what each of a number of iterations allocates.

use crate::heap::{self, Heap, HeapCounters, Peak};
use crate::report::{AllocationProfile, HeapChange, IterationRange};

#[derive(Debug)]
pub(super) struct Profiling {
    peak: Peak,
    before: HeapCounters,
    native: HeapCounters,
    /// Of this thread: the Rust heap, the C heap.
    own: [HeapCounters; 2],
    pub(super) profile: AllocationProfile,
}

/// The counters of the calling thread: Rust heap and C heap. All zero if the thread shares its counters
/// with others; the profile then says that several threads allocated.
fn own() -> [HeapCounters; 2] {
    [Heap::Rust, Heap::C].map(|heap| heap::thread(heap).unwrap_or_default())
}

impl Profiling {
    pub(super) fn new() -> Self {
        let unseen = IterationRange::UNSEEN;
        let profile = AllocationProfile {
            iterations: 0,
            allocations: unseen,
            bytes: unseen,
            peak: Some(unseen),
            heap: Some(HeapChange::UNSEEN),
            c_heap: Some(HeapChange::UNSEEN),
            one_thread: true,
        };
        let none = HeapCounters::default();
        Profiling { peak: Peak::start(), before: none, native: none, own: [none; 2], profile }
    }

    pub(super) fn begin(&mut self) {
        self.before = heap::process(Heap::Rust);
        self.native = heap::process(Heap::C);
        self.own = own();
        self.peak.reset();
    }

    pub(super) fn end(&mut self, iteration: u64) {
        let highest = self.peak.highest();
        let done = heap::process(Heap::Rust).since(&self.before);
        let native = heap::process(Heap::C).since(&self.native);
        let [own_rust, own_native] = own();
        self.profile.iterations += 1;
        // Frees count too: one in another thread may happen before or after the end of the iteration.
        self.profile.one_thread &= own_rust.since(&self.own[0]) == done;
        self.profile.one_thread &= own_native.since(&self.own[1]) == native;
        for (change, bytes) in [
            (&mut self.profile.heap, done.live_bytes),
            (&mut self.profile.c_heap, native.live_bytes),
        ] {
            if let Some(change) = change {
                change.include(bytes);
            }
        }
        self.profile.allocations.include(done.total_blocks, iteration);
        self.profile.bytes.include(done.total_bytes, iteration);
        if let Some(peak) = &mut self.profile.peak {
            peak.include(highest, iteration);
        }
    }
}
