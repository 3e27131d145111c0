//! Clean bodies that naive tools call leaks. Not one of them may ever be called growing:
//! `scripts/clean-runs.sh` runs them again and again and counts the words.
#![cfg(test)]

use std::hint::black_box;
use std::sync::LazyLock;

use memcheck::{Workload, memcheck};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

mod heap;

use heap::random;

#[memcheck]
fn regex_made_late() {
    static REGEX: LazyLock<regex::Regex> =
        LazyLock::new(|| regex::Regex::new(r"(\w+)@(\w+)\.(com|org)").unwrap());
    let text = format!("to user{}@example.com, {}", random() % 100, "x".repeat((random() % 200) as usize));
    black_box(REGEX.captures_iter(&text).count());
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

/// One thread serves and asks: what the server does after the answer is done before a reading.
#[memcheck]
async fn tokio_current_thread_sockets(workload: Workload) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
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
        })
        .await;
}

/// The body does not wait for its tasks, and some of them take a while.
#[memcheck]
async fn tokio_tasks_that_end_later() {
    tokio::spawn(async {
        let kept = black_box(vec![1u8; (random() % 500) as usize]);
        for _ in 0..random() % 20 {
            tokio::task::yield_now().await;
        }
        drop(kept);
    });
}
