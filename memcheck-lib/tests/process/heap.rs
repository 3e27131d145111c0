//! The heap of the C library, on Linux with glibc.

use std::ffi::{c_int, c_void};
use std::hint::black_box;

use memcheck::tool::process::MappingKind;

use crate::probe::{MIB, PAGE, Probe, Stage, check, is_probe, near};

const SIZE: usize = 64 << 20;

unsafe extern "C" {
    fn sbrk(increment: isize) -> *mut c_void;
    #[cfg(target_env = "gnu")]
    fn malloc_trim(pad: usize) -> c_int;
}

#[test]
fn the_break_grows_and_shrinks() {
    if !is_probe() {
        let looks = check("heap::the_break_grows_and_shrinks", MappingKind::Heap);
        let growth = looks[2].snapshot.since(&looks[0].snapshot).to_string();
        assert!(growth.contains("+64 MiB [heap]"), "{growth}");
        return;
    }
    Stage.live(0);
    // SAFETY: this thread allocates from an arena of its own; the area lies above all that the
    // main heap has, and is given back before anyone else moves the break.
    let start = unsafe { sbrk(SIZE as isize) }.cast::<u8>();
    Stage.live(0);
    for at in (0..SIZE).step_by(PAGE) {
        // SAFETY: inside what sbrk has just added.
        unsafe { start.add(at).write_volatile(1) };
    }
    Stage.live(64 * MIB);
    // SAFETY: takes back what was added, to which nothing points any more.
    unsafe { sbrk(-(SIZE as isize)) };
    Stage.live(0);
}

/// Blocks between blocks that stay: the allocator keeps the freed memory until it is trimmed.
#[test]
#[cfg(target_env = "gnu")]
fn freed_blocks_are_retained_until_a_trim() {
    const BLOCK: usize = 64 << 10;
    if !is_probe() {
        let looks = Probe::looks("heap::freed_blocks_are_retained_until_a_trim");
        let grown = |at: usize| looks[at].live().saturating_sub(looks[0].live());
        let arena =
            looks[1].of_kind(MappingKind::ThreadArena) - looks[0].of_kind(MappingKind::ThreadArena);
        assert!(near(grown(1), looks[1].truth.live), "{}", grown(1));
        assert!(near(arena, looks[1].truth.live), "{arena} in thread arenas");
        assert!(near(grown(2), looks[2].truth.live), "{}", grown(2));
        assert!(near(grown(3), looks[3].truth.live), "{}", grown(3));
        return;
    }
    let mut blocks: Vec<Vec<u8>> = Vec::with_capacity(512);
    let mut fences: Vec<Vec<u8>> = Vec::with_capacity(512);
    Stage.live(0);
    for _ in 0..512 {
        blocks.push(black_box(vec![1; BLOCK]));
        fences.push(black_box(vec![1; 64]));
    }
    Stage.live(32 * MIB);
    blocks.clear();
    // Freed, and still there: what "retained" means.
    Stage.live(32 * MIB);
    // SAFETY: glibc's own, callable at any time.
    unsafe { malloc_trim(0) };
    // The parts of pages at both ends of each block stay: at most two pages of a fence.
    Stage.live(512 * PAGE as u64);
    drop(fences);
}
