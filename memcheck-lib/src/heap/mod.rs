//! What the allocators say: counters of live and total blocks and bytes, exact over all threads,
//! and the [`Alloc`] that keeps them.

mod alloc;
pub mod allocators;
mod counters;
mod mode;
pub mod native;
mod peak;
mod tally;

use std::sync::OnceLock;

pub use alloc::Alloc;
#[cfg(memcheck_sites)]
pub(crate) use counters::own_slot as thread_slot;
pub(crate) use counters::{Heap, process, thread};
#[cfg(target_os = "linux")]
pub(crate) use peak::Peak;
pub use tally::HeapCounters;

#[cfg(all(feature = "global-allocator", not(feature = "own-allocator")))]
#[global_allocator]
static GLOBAL: Alloc = Alloc::new(std::alloc::System);

/// The Rust heap of the calling process, over all threads and since its start.
///
/// All zero where the heap is not counted: ask [`is_counted`] first.
pub fn rust() -> HeapCounters {
    process(Heap::Rust)
}

/// The C heap of the calling process, over all threads and since its start.
///
/// All zero where the heap is not counted: ask [`native::state`] first.
pub fn c() -> HeapCounters {
    process(Heap::Native)
}

/// From now on the recorder hears of every call: to be said before it is switched on, and between
/// two batches.
#[cfg(memcheck_sites)]
pub(crate) fn tell_recorder() {
    mode::set(mode::Detour::Record, true);
}

/// Whether allocations of this process reach an [`Alloc`], found by making some. A test binary with
/// a global allocator of its own that is not wrapped answers `false`; its Rust heap counters say
/// nothing then, and a zero in them must not be taken for one.
///
/// The few allocations are made at the first call only, so that asking does not show in what is
/// measured between two calls.
pub fn is_counted() -> bool {
    counted() == Counted::AsRust
}

/// Whether the allocations of Rust code are blocks of the C heap that is counted: those of an
/// allocator that is not wrapped but asks `malloc` for each block, as `System` does.
pub(crate) fn is_counted_as_c() -> bool {
    counted() == Counted::AsC
}

/// Which counters the allocations of Rust code reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counted {
    AsRust,
    AsC,
    Nowhere,
}

fn counted() -> Counted {
    static KNOWN: OnceLock<Counted> = OnceLock::new();
    *KNOWN.get_or_init(ask)
}

/// Whether the library leaves the place of the global allocator to the crate: its feature may be
/// switched on by any crate of the build.
pub(crate) const OWN_ALLOCATOR: bool = cfg!(feature = "own-allocator");

/// Why the Rust heap is not counted, and what to do, where the library was built with or without
/// [`OWN_ALLOCATOR`].
pub(crate) fn why_not_counted(own_allocator: bool) -> &'static str {
    match own_allocator {
        true => {
            "the Rust heap is not counted: the feature `own-allocator` of memcheck-lib is on (perhaps by another crate of this build), and this binary's global allocator is not memcheck's. Add `#[global_allocator] static A: memcheck::Alloc<std::alloc::System> = memcheck::Alloc::new(std::alloc::System);` to this test target, or wrap the allocator that it has"
        }
        false => {
            "the Rust heap is not counted: this binary's global allocator is not memcheck's. Wrap it, `memcheck::Alloc::new(…)`, with the feature `own-allocator` of memcheck-lib"
        }
    }
}

/// Allocations made to see where they are counted: several, so that those of other threads are not
/// taken for them.
const ASKED: u64 = 8;

fn ask() -> Counted {
    let layout = std::alloc::Layout::new::<u64>();
    let before = [Heap::Rust, Heap::Native].map(process);
    for _ in 0..ASKED {
        // SAFETY: the layout is not of size zero; the block is freed with the layout it was asked
        // with, and only if it was given.
        unsafe {
            // `black_box`: the compiler may remove a pair of allocation and release that nobody sees.
            let block = std::hint::black_box(std::alloc::alloc(layout));
            if !block.is_null() {
                std::alloc::dealloc(block, layout);
            }
        }
    }
    let [rust, c] = [Heap::Rust, Heap::Native].map(process);
    let more = |after: HeapCounters, before: HeapCounters| {
        after.total_blocks.wrapping_sub(before.total_blocks) >= ASKED
    };
    match (more(rust, before[0]), more(c, before[1])) {
        (true, _) => Counted::AsRust,
        (false, true) => Counted::AsC,
        (false, false) => Counted::Nowhere,
    }
}
