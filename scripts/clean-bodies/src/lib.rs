//! Clean bodies that naive tools call leaks. Not one of them may ever be called growing:
//! `scripts/clean-runs.sh` runs them again and again and counts the words.
#![cfg(test)]

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{LazyLock, Mutex, mpsc};
use std::thread;

use memcheck::{Workload, memcheck};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A small generator of numbers, so that a body differs from iteration to iteration.
fn random() -> u64 {
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
fn regex_made_late() {
    static REGEX: LazyLock<regex::Regex> =
        LazyLock::new(|| regex::Regex::new(r"(\w+)@(\w+)\.(com|org)").unwrap());
    let text = format!("to user{}@example.com, {}", random() % 100, "x".repeat((random() % 200) as usize));
    black_box(REGEX.captures_iter(&text).count());
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
fn rayon_pool() {
    use rayon::prelude::*;
    let sum: usize = (0..64u64).into_par_iter().map(|n| vec![n; (n % 16) as usize].len()).sum();
    black_box(sum);
    rayon::spawn(|| drop(black_box(vec![1u8; 100])));
}

#[memcheck]
async fn tokio_current_thread() {
    let (send, mut receive) = tokio::sync::mpsc::channel(8);
    for n in 0..4 {
        let send = send.clone();
        tokio::spawn(async move { send.send(vec![n; 64]).await.unwrap() });
    }
    drop(send);
    while let Some(bytes) = receive.recv().await {
        black_box(bytes);
    }
}

#[memcheck(flavor = "multi_thread", worker_threads = 2)]
async fn tokio_multi_thread_sockets(workload: Workload) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let Ok((mut socket, _)) = listener.accept().await else { return };
            tokio::spawn(async move {
                let mut buffer = vec![0; 256];
                while let Ok(length @ 1..) = socket.read(&mut buffer).await {
                    if socket.write_all(&buffer[..length]).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    workload
        .iterate_async(async || {
            let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
            socket.write_all(b"ping").await.unwrap();
            let mut answer = [0; 4];
            socket.read_exact(&mut answer).await.unwrap();
            drop(socket);
        })
        .await;
}

#[memcheck(flavor = "multi_thread", worker_threads = 2)]
async fn tokio_multi_thread_tasks() {
    let tasks: Vec<_> =
        (0..8u64).map(|n| tokio::spawn(async move { vec![n; 32].len() })).collect();
    for task in tasks {
        black_box(task.await.unwrap());
    }
    // Not waited for: it ends soon by itself.
    tokio::spawn(async { drop(black_box(vec![0u8; 200])) });
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

#[memcheck]
fn pages_freed_lazily(workload: Workload) {
    use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous};
    const LENGTH: usize = 8 << 20;
    const STEP: usize = 32 << 10;
    // SAFETY: a new mapping; nothing else lies there.
    let base = unsafe {
        mmap_anonymous(std::ptr::null_mut(), LENGTH, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE)
    };
    let base = base.unwrap().cast::<u8>();
    let mut at = 0;
    workload.iterate(|| {
        // SAFETY: within the mapping, which this body alone uses.
        unsafe {
            for page in (0..STEP).step_by(4096) {
                base.add(at + page).write_volatile(1);
            }
            madvise(base.add(at).cast(), STEP, Advice::LinuxFree).unwrap();
        }
        at = (at + STEP) % LENGTH;
    });
}

#[memcheck]
fn files_and_children() {
    let file = std::fs::File::open("/dev/null").unwrap();
    black_box(&file);
    if random() % 8 == 0 {
        assert!(std::process::Command::new("true").status().unwrap().success());
    }
}
