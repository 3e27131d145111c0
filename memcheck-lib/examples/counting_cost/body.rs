//! The body: reads a JSON document of some 20 kB and writes it again.

use std::error::Error;
use std::hint::black_box;
use std::io::{BufRead, Write};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Documents of a round and thread.
const DOCUMENTS: usize = 100;

fn document() -> String {
    let entries: Vec<String> = (0..200)
        .map(|i| {
            format!(
                r#"{{"id":{i},"name":"entry number {i}","tags":["red","green","a longer tag, {i}"],"at":{{"x":{i}.5,"y":-{i}.25}},"ok":{}}}"#,
                i % 3 == 0
            )
        })
        .collect();
    format!("[{}]", entries.join(","))
}

fn work(document: &str) -> Result<(), serde_json::Error> {
    for _ in 0..DOCUMENTS {
        let value: serde_json::Value = serde_json::from_str(black_box(document))?;
        black_box(value.to_string());
    }
    Ok(())
}

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Runs a round for each line, which says on how many threads, and answers with its CPU
/// nanoseconds.
pub fn serve() -> Result<(), Box<dyn Error>> {
    let document = document();
    for line in std::io::stdin().lock().lines() {
        let threads: usize = line?.trim().parse()?;
        let before = cpu();
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..threads).map(|_| scope.spawn(|| work(&document))).collect();
            threads.into_iter().try_for_each(|thread| {
                thread.join().map_err(|_| "a thread panicked")?.map_err(|_| "no JSON")
            })
        })?;
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", (cpu() - before).as_nanos())?;
        out.flush()?;
    }
    Ok(())
}
