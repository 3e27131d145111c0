//! Bodies that are about the heap: every allocator has its own way to look as if it leaked.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{LazyLock, Mutex, mpsc};
use std::thread;

use memcheck::memcheck;

/// A small generator of numbers, so that a body differs from iteration to iteration.
pub fn random() -> u64 {
    static STATE: AtomicU64 = AtomicU64::new(0x9E37_79B9_7F4A_7C15);
    let mut x = STATE.fetch_add(0x9E37_79B9_7F4A_7C15, Relaxed);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

#[memcheck]
fn json() {
    let text = format!(r#"{{"id": {}, "tags": ["a", "b"], "nested": {{"x": 1.5}}}}"#, random() % 1000);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    black_box(value.to_string());
}

#[memcheck]
fn map_that_is_cleared() {
    thread_local!(static MAP: RefCell<HashMap<u64, String>> = RefCell::default());
    MAP.with_borrow_mut(|map| {
        for _ in 0..random() % 50 {
            map.insert(random() % 1000, "value".repeat(4));
        }
        if map.len() > 500 {
            map.clear();
        }
    });
}

#[memcheck]
fn threads() {
    let threads: Vec<_> =
        (0..2).map(|n| thread::spawn(move || black_box(vec![n; 100]))).collect();
    for thread in threads {
        drop(thread.join().unwrap());
    }
}

#[memcheck]
fn pool_that_drops_late() {
    static POOL: LazyLock<mpsc::Sender<Vec<u8>>> = LazyLock::new(|| {
        let (send, receive) = mpsc::channel::<Vec<u8>>();
        thread::spawn(move || receive.into_iter().for_each(drop));
        send
    });
    POOL.send(vec![1; (random() % 1000) as usize]).unwrap();
}

#[memcheck]
fn cache_that_fills() {
    static CACHE: Mutex<VecDeque<Vec<u8>>> = Mutex::new(VecDeque::new());
    let mut cache = CACHE.lock().unwrap();
    cache.push_back(vec![1; 1000]);
    if cache.len() > 3000 {
        cache.pop_front();
    }
}

#[memcheck]
fn cache_of_random_keys() {
    thread_local!(static CACHE: RefCell<HashMap<u64, Vec<u8>>> = RefCell::default());
    let key = random() % 300;
    CACHE.with_borrow_mut(|cache| black_box(cache.entry(key).or_insert_with(|| vec![0; 64]).len()));
}

#[memcheck]
fn fragmentation() {
    thread_local!(static KEPT: RefCell<Vec<Vec<u8>>> = RefCell::default());
    KEPT.with_borrow_mut(|kept| {
        kept.push(vec![1; 16 + (random() % 8192) as usize]);
        if kept.len() > 200 {
            let at = (random() % kept.len() as u64) as usize;
            kept.swap_remove(at);
        }
    });
}
