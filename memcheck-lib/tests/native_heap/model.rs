//! Random operations against a model: every block keeps its contents, has its alignment, overlaps
//! no other, and the counters are the sum of the blocks' usable sizes.

use std::ffi::c_void;
use std::hint::black_box;

use memcheck::tool::heap;

unsafe extern "C" {
    fn reallocarray(block: *mut c_void, count: usize, size: usize) -> *mut c_void;
    fn free_sized(block: *mut c_void, size: usize);
}

/// A generator with a seed (SplitMix64: Steele, Lea, Flood, OOPSLA 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> usize {
        (self.next() % bound) as usize
    }

    /// Mostly small, at times large enough for a mapping of its own.
    fn size(&mut self) -> usize {
        match self.below(20) {
            0 => 0,
            1 => self.below(300_000),
            2..6 => self.below(5_000),
            _ => self.below(200),
        }
    }
}

/// A live block, filled with its mark.
struct Block {
    address: *mut u8,
    size: usize,
    mark: u8,
}

impl Block {
    fn new(address: *mut c_void, size: usize, mark: u8) -> Self {
        assert!(!address.is_null());
        let address = address.cast::<u8>();
        // SAFETY: `size` bytes were asked for and given.
        unsafe { address.write_bytes(mark, size) };
        Block { address, size, mark }
    }

    /// Checks that no other write changed the block.
    fn check(&self, bytes: usize) {
        // SAFETY: the block is live and was filled.
        let contents = unsafe { std::slice::from_raw_parts(self.address, bytes.min(self.size)) };
        assert!(contents.iter().all(|&byte| byte == self.mark), "a block was written over");
    }
}

// SAFETY: a block is a piece of memory that any thread may use and free.
unsafe impl Send for Block {}

fn aligned(block: *mut c_void, alignment: usize) -> *mut c_void {
    assert!(block.addr().is_multiple_of(alignment), "not aligned to {alignment}");
    block
}

/// One thread's work; returns the blocks it leaves.
fn work(seed: u64, operations: usize) -> Vec<Block> {
    let mut random = Random(seed);
    let mut blocks: Vec<Block> = Vec::new();
    for _ in 0..operations {
        let size = random.size();
        let mark = random.next() as u8;
        let alignment = 1usize << (3 + random.below(8));
        // SAFETY: sizes and alignments that the functions take; blocks are live until freed here.
        unsafe {
            match random.below(12) {
                0 | 1 => {
                    blocks.push(Block::new(aligned(libc::malloc(size), 16), size, mark));
                }
                2 => {
                    let block = aligned(libc::calloc(size, 1), 16);
                    let zeroed = std::slice::from_raw_parts(block.cast::<u8>(), size);
                    assert!(zeroed.iter().all(|&byte| byte == 0));
                    blocks.push(Block::new(block, size, mark));
                }
                3 => {
                    let mut block = std::ptr::null_mut();
                    assert_eq!(libc::posix_memalign(&raw mut block, alignment, size), 0);
                    blocks.push(Block::new(aligned(block, alignment), size, mark));
                }
                4 => {
                    let size = size.next_multiple_of(alignment);
                    let block = aligned(libc::aligned_alloc(alignment, size), alignment);
                    blocks.push(Block::new(block, size, mark));
                }
                5 => {
                    let block = aligned(libc::memalign(alignment, size), alignment);
                    blocks.push(Block::new(block, size, mark));
                }
                6 | 7 if !blocks.is_empty() => {
                    let old = blocks.swap_remove(random.below(blocks.len() as u64));
                    // Size 0 would free it: that is tested by itself.
                    let size = size.max(1);
                    let new = match random.below(2) {
                        0 => libc::realloc(old.address.cast(), size),
                        _ => reallocarray(old.address.cast(), size, 1),
                    };
                    let moved = Block { address: new.cast(), size: old.size, mark: old.mark };
                    moved.check(size);
                    blocks.push(Block::new(aligned(new, 16), size, mark));
                }
                8 => {
                    let huge = black_box(usize::MAX / 4 + random.below(1000));
                    assert!(libc::malloc(huge).is_null());
                    assert!(libc::calloc(huge, 8).is_null());
                }
                _ if !blocks.is_empty() => {
                    let block = blocks.swap_remove(random.below(blocks.len() as u64));
                    block.check(usize::MAX);
                    match random.below(2) {
                        0 => libc::free(block.address.cast()),
                        _ => free_sized(block.address.cast(), block.size),
                    }
                }
                _ => {}
            }
        }
    }
    blocks
}

/// Eight threads at once, several seeds; then each thread's blocks are freed by another.
pub(crate) fn eight_threads_of_random_operations() {
    const THREADS: u64 = 8;
    // As many threads before, for what glibc keeps of them (stacks and their tables).
    let gate = std::sync::Barrier::new(THREADS as usize);
    std::thread::scope(|scope| {
        let wait = || {
            gate.wait();
        };
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(wait)).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
    for round in 0..4 {
        let before = heap::c();
        let mut left: Vec<Vec<Block>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|thread| scope.spawn(move || work(round * THREADS + thread, 4_000)))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let blocks = left.iter().flatten().count() as i64;
        // SAFETY: the blocks are live.
        let usable = |block: &Block| unsafe { libc::malloc_usable_size(block.address.cast()) };
        let bytes: usize = left.iter().flatten().map(usable).sum();
        let grown = heap::c().since(&before);
        assert_eq!((grown.live_blocks, grown.live_bytes), (blocks, bytes as i64), "round {round}");
        left.rotate_left(1);
        std::thread::scope(|scope| {
            let free = |blocks: Vec<Block>| {
                for block in blocks {
                    block.check(usize::MAX);
                    // SAFETY: live, freed once.
                    unsafe { libc::free(block.address.cast()) };
                }
            };
            let threads: Vec<_> =
                left.drain(..).map(|blocks| scope.spawn(move || free(blocks))).collect();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        });
        let grown = heap::c().since(&before);
        assert_eq!((grown.live_blocks, grown.live_bytes), (0, 0), "round {round}");
    }
}
