//! The malloc family does what POSIX and C23 say, and counts exactly.
//!
//! A binary with a single test, so that no other test in the process allocates meanwhile. `std::alloc`
//! is the Rust heap, which these counters do not have.
#![cfg(all(
    target_os = "linux",
    target_env = "gnu",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    feature = "native-heap",
    not(miri)
))]

use std::ffi::{c_int, c_void};
use std::hint::black_box;
use std::io::Error;

use memcheck::tool::heap::CHeapState;
use memcheck::tool::heap::{self, HeapCounters};

mod native_heap {
    pub(crate) mod model;
}

unsafe extern "C" {
    fn reallocarray(block: *mut c_void, count: usize, size: usize) -> *mut c_void;
    fn free_sized(block: *mut c_void, size: usize);
    fn free_aligned_sized(block: *mut c_void, alignment: usize, size: usize);
    fn pvalloc(size: usize) -> *mut c_void;
    fn valloc(size: usize) -> *mut c_void;
}

/// Live blocks and bytes of the C heap.
fn live() -> (i64, i64) {
    let HeapCounters { live_blocks, live_bytes, .. } = heap::c();
    (live_blocks, live_bytes)
}

fn usable(block: *mut c_void) -> i64 {
    // SAFETY: a live block.
    unsafe { libc::malloc_usable_size(block) as i64 }
}

#[test]
fn the_family_is_correct_and_counted() {
    assert_eq!(heap::c_heap_state(), CHeapState::Counted);
    settle();
    every_function_counts_once();
    edges();
    out_of_memory();
    another_thread_frees();
    c_threads();
    children();
    native_heap::model::eight_threads_of_random_operations();
}

/// Waits until the main thread of libtest sleeps, after its first allocations.
fn settle() {
    let mut before = heap::c();
    loop {
        std::thread::sleep(std::time::Duration::from_millis(300));
        let now = heap::c();
        if now == before {
            return;
        }
        before = now;
    }
}

fn every_function_counts_once() {
    type Give = (&'static str, fn() -> *mut c_void);
    let functions: [Give; 9] = [
        // SAFETY: any size may be asked for.
        ("malloc", || unsafe { libc::malloc(100) }),
        // SAFETY: any sizes may be asked for.
        ("calloc", || unsafe { libc::calloc(10, 10) }),
        // SAFETY: null stands for no block.
        ("realloc", || unsafe { libc::realloc(std::ptr::null_mut(), 100) }),
        // SAFETY: null stands for no block.
        ("reallocarray", || unsafe { reallocarray(std::ptr::null_mut(), 10, 10) }),
        // SAFETY: 64 is an alignment.
        ("memalign", || unsafe { libc::memalign(64, 100) }),
        // SAFETY: 64 is an alignment, the size a multiple of it.
        ("aligned_alloc", || unsafe { libc::aligned_alloc(64, 128) }),
        // SAFETY: any size may be asked for.
        ("valloc", || unsafe { valloc(100) }),
        // SAFETY: any size may be asked for.
        ("pvalloc", || unsafe { pvalloc(100) }),
        // SAFETY: a C string.
        ("strdup", || unsafe { libc::strdup(c"from within the C library".as_ptr()) }.cast()),
    ];
    for (name, give) in functions {
        let (before, rust) = (live(), heap::rust());
        let block = black_box(give());
        assert!(!block.is_null(), "{name}");
        assert_eq!(live(), (before.0 + 1, before.1 + usable(block)), "{name}");
        // SAFETY: the block is live and not used again.
        unsafe { libc::free(block) };
        assert_eq!(live(), before, "{name}");
        assert_eq!(heap::rust(), rust, "{name}: not on the Rust heap");
    }
    let before = live();
    let mut block = std::ptr::null_mut();
    // SAFETY: a valid place for the result, freed once; the sized frees get what was asked for.
    unsafe {
        assert_eq!(libc::posix_memalign(&raw mut block, 4096, 10), 0);
        assert!(block.addr().is_multiple_of(4096));
        assert_eq!(live(), (before.0 + 1, before.1 + usable(block)));
        libc::free(block);
        free_sized(libc::malloc(33), 33);
        free_aligned_sized(libc::aligned_alloc(64, 192), 64, 192);
        libc::free(std::ptr::null_mut());
        free_sized(std::ptr::null_mut(), 0);
    }
    assert_eq!(live(), before);
}

fn edges() {
    let before = live();
    // SAFETY: live blocks and valid places; every block is freed once.
    unsafe {
        // glibc frees the block and returns null (C23 leaves it undefined).
        let block = libc::malloc(50);
        assert!(libc::realloc(black_box(block), 0).is_null());
        assert_eq!(live(), before);
        // Size 0 gives a block that can be freed.
        let empty = [libc::malloc(0), libc::calloc(0, 8), libc::realloc(std::ptr::null_mut(), 0)];
        assert!(empty.iter().all(|block| !black_box(*block).is_null()));
        assert_eq!(live().0, before.0 + 3);
        empty.into_iter().for_each(|block| libc::free(block));
        // Alignments that are not a power of two, or too small.
        for alignment in [0, 1, 4, 24] {
            let mut place = std::ptr::dangling_mut();
            assert_eq!(libc::posix_memalign(&raw mut place, alignment, 8), libc::EINVAL);
            assert_eq!(place, std::ptr::dangling_mut(), "left as it was");
        }
        // Growing and shrinking keep the contents.
        let block = libc::malloc(16);
        block.cast::<[u8; 16]>().write([7; 16]);
        let grown = libc::realloc(block, 1 << 20);
        assert_eq!(grown.cast::<[u8; 16]>().read(), [7; 16]);
        assert_eq!(live(), (before.0 + 1, before.1 + usable(grown)));
        let shrunk = libc::realloc(grown, 8);
        assert_eq!(shrunk.cast::<[u8; 8]>().read(), [7; 8]);
        assert_eq!(live(), (before.0 + 1, before.1 + usable(shrunk)));
        libc::free(shrunk);
    }
    assert_eq!(live(), before);
}

fn out_of_memory() {
    let before = heap::c();
    let huge = black_box(usize::MAX / 2 + 1);
    // SAFETY: requests that fail; the live block stays as it was.
    unsafe {
        let errno = || Error::last_os_error().raw_os_error();
        let clear = || *libc::__errno_location() = 0;
        let none = std::ptr::null_mut();
        let kept = libc::malloc(10);
        let with_kept = heap::c();
        type Ask<'a> = (&'a str, &'a dyn Fn() -> *mut c_void);
        let asks: [Ask<'_>; 9] = [
            ("malloc", &|| libc::malloc(huge)),
            ("malloc of all", &|| libc::malloc(usize::MAX)),
            ("calloc", &|| libc::calloc(huge, 1)),
            ("calloc that overflows", &|| libc::calloc(huge, 2)),
            ("realloc", &|| libc::realloc(kept, huge)),
            ("reallocarray", &|| reallocarray(none, huge, 1)),
            ("reallocarray that overflows", &|| reallocarray(kept, huge, 16)),
            ("memalign", &|| libc::memalign(64, huge)),
            ("aligned_alloc", &|| libc::aligned_alloc(64, huge)),
        ];
        for (name, ask) in asks {
            clear();
            assert!(black_box(ask()).is_null(), "{name}");
            assert_eq!(errno(), Some(libc::ENOMEM), "{name}");
            assert_eq!(heap::c(), with_kept, "{name}: nothing was given, nothing counts");
        }
        let mut place = std::ptr::dangling_mut();
        assert_eq!(libc::posix_memalign(&raw mut place, 64, huge), libc::ENOMEM);
        assert_eq!(place, std::ptr::dangling_mut(), "left as it was");
        libc::free(kept);
    }
    assert_eq!(heap::c().live_blocks, before.live_blocks);
    assert_eq!(heap::c().live_bytes, before.live_bytes);
}

fn another_thread_frees() {
    let mut given = [0usize; 100];
    // A first thread, so that what threads cost once (its stack is kept for the next) is there.
    std::thread::scope(|scope| scope.spawn(|| ()).join().unwrap());
    let before = live();
    for block in &mut given {
        // SAFETY: any size may be asked for.
        *block = unsafe { libc::malloc(1000) }.expose_provenance();
    }
    assert_eq!(live().0, before.0 + 100);
    // The end of a scope waits for its closures, `join` for the thread and what glibc holds for it.
    std::thread::scope(|scope| {
        let frees = || {
            for &block in &given {
                // SAFETY: given above, freed once.
                unsafe { libc::free(std::ptr::with_exposed_provenance_mut(block)) };
            }
        };
        scope.spawn(frees).join().unwrap();
    });
    assert_eq!(live(), before);
}

extern "C" fn forgets(_: *mut c_void) -> *mut c_void {
    // SAFETY: any size may be asked for. Not freed, because the test measures this leak.
    black_box(unsafe { libc::malloc(200) })
}

/// Threads that C code creates, without the Rust runtime.
fn c_threads() {
    let run = || {
        let mut thread: libc::pthread_t = 0;
        let mut block = std::ptr::null_mut();
        // SAFETY: a function that lives as long as the program, valid places, joined once.
        unsafe {
            let attributes = std::ptr::null();
            let argument = std::ptr::null_mut();
            assert_eq!(libc::pthread_create(&raw mut thread, attributes, forgets, argument), 0);
            assert_eq!(libc::pthread_join(thread, &raw mut block), 0);
        }
        block
    };
    // SAFETY: given by the thread, freed once.
    let free = |block| unsafe { libc::free(block) };
    free(run());
    let before = live();
    let blocks: Vec<_> = (0..100).map(|_| run()).collect();
    let bytes: i64 = blocks.iter().map(|&block| usable(block)).sum();
    assert_eq!(live(), (before.0 + 100, before.1 + bytes));
    blocks.into_iter().for_each(free);
    assert_eq!(live(), before);
}

/// fork and exec while other threads allocate: no deadlock, and a child does not change the counters of
/// its parent.
fn children() {
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    let busy = AtomicBool::new(true);
    // Two threads at once, for what glibc keeps of them.
    std::thread::scope(|scope| {
        let threads = [scope.spawn(|| ()), scope.spawn(|| ())];
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
    std::thread::scope(|scope| {
        let work = || {
            while busy.load(Relaxed) {
                // SAFETY: a block of its own, freed once.
                unsafe { libc::free(black_box(libc::malloc(64))) };
            }
        };
        let threads = [scope.spawn(work), scope.spawn(work)];
        // While both run, what they cost is the same at both ends.
        let before = live();
        for _ in 0..50 {
            // SAFETY: the child calls the allocator (which glibc makes safe after fork) and `_exit`.
            match unsafe { libc::fork() } {
                -1 => panic!("{}", Error::last_os_error()),
                0 => {
                    for _ in 0..1000 {
                        // SAFETY: forgotten on purpose, in the child alone.
                        black_box(unsafe { libc::malloc(100) });
                    }
                    // SAFETY: ends the child without running what is the parent's to run.
                    unsafe { libc::_exit(0) };
                }
                child => {
                    let mut status: c_int = 0;
                    // SAFETY: a child of this process, a valid pointer.
                    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
                    assert_eq!(status, 0);
                }
            }
        }
        for _ in 0..10 {
            assert!(std::process::Command::new("true").status().unwrap().success());
        }
        busy.store(false, Relaxed);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let (blocks, bytes) = live();
        assert!(blocks <= before.0 + 1 && bytes <= before.1 + 80, "{before:?} {blocks} {bytes}");
    });
}
