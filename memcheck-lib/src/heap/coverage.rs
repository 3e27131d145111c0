//! Whether the allocations of Rust code are counted, and on which heap.

use std::sync::OnceLock;

use super::counters::HeapCounters;
use super::thread_counters::{Heap, process};

/// Whether the allocations of this process reach an [`Alloc`](super::Alloc). It makes some
/// allocations to find out. If a test binary has a global allocator of its own that is not wrapped,
/// the result is `false`: the counters of the Rust heap then say nothing, and a zero means nothing.
///
/// Only the first call allocates, so that a check between two measurements does not show in them.
pub fn is_counted() -> bool {
    coverage() == Coverage::RustHeap
}

/// Whether the allocations of Rust code count as blocks of the C heap: the allocator is not
/// wrapped, but takes each block from malloc, as `System` does.
pub(crate) fn is_counted_as_c() -> bool {
    coverage() == Coverage::CHeap
}

/// The counters that the allocations of Rust code reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coverage {
    RustHeap,
    CHeap,
    Neither,
}

fn coverage() -> Coverage {
    static KNOWN: OnceLock<Coverage> = OnceLock::new();
    *KNOWN.get_or_init(probe)
}

/// Whether the library leaves the global allocator to the crate. Any crate of the build can enable
/// this feature.
pub(crate) const OWN_ALLOCATOR: bool = cfg!(feature = "own-allocator");

/// Why the Rust heap is not counted and what to do, for a library that was built with or without
/// [`OWN_ALLOCATOR`].
pub(crate) fn why_not_counted(own_allocator: bool) -> &'static str {
    match own_allocator {
        true => {
            "the Rust heap is not counted: the feature `own-allocator` of memcheck-lib is on (possibly enabled by another crate of this build), and the global allocator of this binary is not memcheck's. Add `#[global_allocator] static A: memcheck::Alloc<std::alloc::System> = memcheck::Alloc::new(std::alloc::System);` to this test target, or wrap its allocator in `memcheck::Alloc::new(…)`"
        }
        false => {
            "the Rust heap is not counted: the global allocator of this binary is not memcheck's. Wrap it in `memcheck::Alloc::new(…)` and enable the feature `own-allocator` of memcheck-lib"
        }
    }
}

/// Allocations of the probe: several, so that an allocation of another thread is not mistaken for
/// them.
const PROBES: u64 = 8;

/// Makes allocations and sees which counters rise.
fn probe() -> Coverage {
    let layout = std::alloc::Layout::new::<u64>();
    let before = [Heap::Rust, Heap::C].map(process);
    for _ in 0..PROBES {
        // SAFETY: the layout is not of size zero. The block is freed with the layout that it was
        // allocated with, and only if it is not null.
        unsafe {
            // `black_box`, because the compiler can remove an unused allocation and its release.
            let block = std::hint::black_box(std::alloc::alloc(layout));
            if !block.is_null() {
                std::alloc::dealloc(block, layout);
            }
        }
    }
    let [rust, c] = [Heap::Rust, Heap::C].map(process);
    let rose = |after: HeapCounters, before: HeapCounters| {
        after.total_blocks.wrapping_sub(before.total_blocks) >= PROBES
    };
    match (rose(rust, before[0]), rose(c, before[1])) {
        (true, _) => Coverage::RustHeap,
        (false, true) => Coverage::CHeap,
        (false, false) => Coverage::Neither,
    }
}
