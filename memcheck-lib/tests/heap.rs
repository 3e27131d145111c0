//! The counters of the Rust heap are exact: across threads, ends of threads, and realloc.
//!
//! A binary with a single test, so that no other test in the process allocates meanwhile.
#![cfg(target_os = "linux")]

use std::hint::black_box;
use std::sync::mpsc;
use std::thread;

use memcheck::tool::heap::{self, HeapCounters};

fn live() -> (i64, i64) {
    let HeapCounters { live_blocks, live_bytes, .. } = heap::rust();
    (live_blocks, live_bytes)
}

fn grown(before: (i64, i64)) -> (i64, i64) {
    let now = live();
    (now.0 - before.0, now.1 - before.1)
}

#[test]
fn counts_are_exact() {
    assert!(heap::is_counted());
    one_block();
    realloc_keeps_one_block();
    freed_on_another_thread();
    snapshots_of_a_thread_do_not_count_themselves();
    many_threads_that_end();
    more_threads_than_slots();
}

fn one_block() {
    let before = live();
    let block = black_box(Box::new([0u8; 100]));
    assert_eq!(grown(before), (1, 100));
    drop(block);
    assert_eq!(grown(before), (0, 0));
}

fn realloc_keeps_one_block() {
    let before = live();
    let mut bytes: Vec<u8> = black_box(Vec::with_capacity(10));
    let totals = heap::rust();
    bytes.reserve_exact(1000);
    assert_eq!(grown(before), (1, 1000));
    let since = heap::rust().since(&totals);
    assert_eq!((since.total_blocks, since.total_bytes), (1, 1000));
    let zeroed = black_box(vec![0u64; 50]);
    assert_eq!(grown(before), (2, 1400));
    drop((bytes, zeroed));
    assert_eq!(grown(before), (0, 0));
}

fn freed_on_another_thread() {
    // Before the thread is spawned and after it is joined, its own memory would count.
    let (send, receive) = mpsc::channel::<Vec<u8>>();
    let (done, wait) = mpsc::channel();
    let thread = thread::spawn(move || {
        for bytes in receive {
            drop(bytes);
            done.send(()).unwrap();
        }
    });
    let round = |bytes: Vec<u8>| {
        send.send(bytes).unwrap();
        wait.recv().unwrap();
    };
    // The channels allocate blocks of 31 messages: let them allocate the first.
    for _ in 0..31 {
        round(Vec::new());
    }
    let before = live();
    for _ in 0..31 {
        round(black_box(vec![1; 1 << 10]));
    }
    assert_eq!(grown(before), (0, 0));
    drop(send);
    thread.join().unwrap();
}

fn many_threads_that_end() {
    let work = || {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                thread::spawn(|| {
                    let kept: Vec<Box<[u8; 32]>> =
                        (0..1000).map(|_| black_box(Box::new([0; 32]))).collect();
                    for _ in 0..10_000 {
                        drop(black_box(vec![0u8; 64]));
                    }
                    kept
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    };
    drop(work());
    let before = live();
    for _ in 0..20 {
        let kept = work();
        // 8 × (1,000 blocks and the vector of them), and the vector of the eight.
        assert_eq!(grown(before), (8 * 1001 + 1, 8 * (1000 * 32 + 1000 * 8) + 8 * 24));
        drop(kept);
        assert_eq!(grown(before), (0, 0));
    }
}

fn more_threads_than_slots() {
    const THREADS: usize = 4200;
    let before = live();
    let gate = std::sync::Arc::new(std::sync::Barrier::new(THREADS + 1));
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let gate = std::sync::Arc::clone(&gate);
            let thread = thread::Builder::new().stack_size(64 << 10);
            let thread = thread.spawn(move || {
                let kept = black_box(Box::new([0u8; 48]));
                gate.wait();
                drop(kept);
            });
            thread.unwrap()
        })
        .collect();
    gate.wait();
    for thread in threads {
        thread.join().unwrap();
    }
    drop(gate);
    assert_eq!(grown(before), (0, 0));
}

/// What a snapshot allocates is not counted for the thread.
fn snapshots_of_a_thread_do_not_count_themselves() {
    let before = memcheck::Snapshot::thread().unwrap();
    let kept = std::hint::black_box(vec![1u8; 100]);
    let growth = memcheck::Snapshot::thread().unwrap().since(&before);
    drop(kept);
    let heap = growth.heap.unwrap();
    assert_eq!((heap.total_blocks, heap.total_bytes), (1, 100));
    assert_eq!((heap.live_blocks, heap.live_bytes), (1, 100));
}
