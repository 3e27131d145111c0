//! A body that does little except allocate: it reads a JSON document of about 20 kB and writes it again.
//! Each iteration notes its CPU time, so that recorded iterations can be compared with those before, in
//! one process and one run.
#![cfg(test)]

use std::error::Error;
use std::hint::black_box;
use std::io::Write;
use std::sync::{Mutex, OnceLock};

use memcheck::memcheck;
use rustix::time::{ClockId, clock_gettime};

fn document() -> &'static str {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let entries: Vec<String> = (0..200)
            .map(|i| {
                format!(
                    r#"{{"id":{i},"name":"entry number {i}","tags":["red","green","a longer tag, {i}"],"at":{{"x":{i}.5,"y":-{i}.25}},"ok":{}}}"#,
                    i % 3 == 0
                )
            })
            .collect();
        format!("[{}]", entries.join(","))
    })
}

fn work() -> Result<(), Box<dyn Error + Send + Sync>> {
    let value: serde_json::Value = serde_json::from_str(black_box(document()))?;
    black_box(value.to_string());
    Ok(())
}

/// Notes the CPU time of all threads since `before`.
fn note(before: u64) -> Result<(), Box<dyn Error + Send + Sync>> {
    static TIMES: OnceLock<Mutex<std::fs::File>> = OnceLock::new();
    let took = (cpu() - before).to_le_bytes();
    let file = match TIMES.get() {
        Some(file) => file,
        None => {
            let name = std::env::var("RECORDING_COST_FILE")?;
            TIMES.get_or_init(|| std::fs::File::create(name).map(Mutex::new).expect("a file to write"))
        }
    };
    file.lock().map_err(|_| "a test panicked")?.write_all(&took)?;
    Ok(())
}

fn cpu() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

#[memcheck]
fn one_thread() -> Result<(), Box<dyn Error + Send + Sync>> {
    let before = cpu();
    work()?;
    note(before)
}

#[memcheck]
fn two_threads() -> Result<(), Box<dyn Error + Send + Sync>> {
    let before = cpu();
    std::thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| "a thread panicked")?)
    })?;
    note(before)
}
