//! A worker above its memory ceiling is stopped; reserved addresses do not count.

use crate::support::{Output, Project};

/// If it is not stopped, each test takes at most 3 GiB.
const CEILINGS: &str = r#"
#![cfg(test)]
use memcheck::memcheck;
use std::{hint::black_box, os::fd::AsRawFd, ptr::null_mut};

unsafe extern "C" {
    fn mmap(at: *mut u8, size: usize, access: i32, flags: i32, fd: i32, offset: i64) -> *mut u8;
    fn munmap(at: *mut u8, size: usize) -> i32;
}

#[memcheck(ceiling = "256 MiB")]
fn takes_all_in_its_first_iteration() {
    let mut all = Vec::new();
    for _ in 0..384 {
        all.push(black_box(vec![1u8; 8 << 20]));
    }
}

#[memcheck(ceiling = "200 MiB", resident = "8 GiB", heap = "8 MiB", iterations = 100_000)]
fn takes_a_little_in_each_iteration() {
    static LEFT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(3 << 10);
    if LEFT.fetch_sub(1, std::sync::atomic::Ordering::Relaxed) > 0 {
        std::mem::forget(black_box(vec![1u8; 1 << 20]));
    }
}

#[memcheck(ceiling = "64 MiB", iterations = 496)]
fn reserves_128_gib() {
    const SIZE: usize = 128 << 30;
    // PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS.
    let at = unsafe { mmap(null_mut(), SIZE, 0, 0x22, -1, 0) };
    assert_ne!(at as isize, -1);
    assert_eq!(unsafe { munmap(at, SIZE) }, 0);
}

#[memcheck(ceiling = "64 MiB", iterations = 496)]
fn reads_a_mapped_file_of_96_mib() {
    const SIZE: usize = 96 << 20;
    static FILE: std::sync::OnceLock<std::fs::File> = std::sync::OnceLock::new();
    let file = FILE.get_or_init(|| {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/large");
        let mut file = std::fs::File::create(path).unwrap();
        let part = vec![1u8; 1 << 20];
        (0..96).for_each(|_| std::io::Write::write_all(&mut file, &part).unwrap());
        std::fs::File::open(path).unwrap()
    });
    // PROT_READ, MAP_PRIVATE.
    let at = unsafe { mmap(null_mut(), SIZE, 1, 0x2, file.as_raw_fd(), 0) };
    assert_ne!(at as isize, -1);
    let bytes = unsafe { std::slice::from_raw_parts(at, SIZE) };
    assert_eq!(bytes.iter().step_by(4096).map(|&byte| byte as usize).sum::<usize>(), SIZE / 4096);
    assert_eq!(unsafe { munmap(at, SIZE) }, 0);
}
"#;

/// Name and report of each test of a run.
fn reports(output: &Output) -> Vec<(String, serde_json::Value)> {
    let lines = output.stdout.lines().map(|line| serde_json::from_str(line).unwrap());
    lines
        .filter(|line: &serde_json::Value| line["reason"] == "memcheck-report")
        .map(|line| (line["report"]["test"]["name"].as_str().unwrap().to_owned(), line))
        .collect()
}

#[test]
fn a_worker_above_its_ceiling_is_stopped() {
    let project = Project::new("ceilings").file("src/lib.rs", CEILINGS);
    let output = project.memcheck(&["takes", "-j1"]).code(100);
    let stdout = &output.stdout;
    assert_eq!(stdout.matches("     CEILING [").count(), 2, "{stdout}");
    assert!(
        stdout.contains("error[ceiling]: the test was stopped in iteration 1: it used "),
        "{stdout}"
    );
    assert!(stdout.contains("above its ceiling of 256 MiB (raise `ceiling"), "{stdout}");
    assert!(stdout.contains("2 over the ceiling"), "{stdout}");

    // In JSON, with the last rate. It is stopped long before the machine runs out of memory.
    let output = project.memcheck(&["takes_a_little", "--message-format=json"]).code(100);
    let (_, line) = &reports(&output)[0];
    assert_eq!(line["status"], "CEILING");
    assert!(line["report"]["failed_iteration"].as_u64().unwrap() > 100, "{line}");
    let outcome = &line["report"]["outcome"];
    assert_eq!(outcome["kind"], "over-ceiling");
    assert_eq!(outcome["ceiling"], 200 << 20);
    let footprint = outcome["footprint"].as_u64().unwrap();
    assert!((200 << 20..1 << 30).contains(&footprint), "{outcome}");
    // About 1 MiB: it is measured from outside, in the middle of an iteration.
    let rate = outcome["per_iteration"].as_u64().unwrap();
    assert!((512 << 10..2 << 20).contains(&rate), "{outcome}");

    // The flag overrides the attribute: below 2 GiB the 200 iterations are not stopped.
    let more = ["takes_a_little", "--ceiling", "2 GiB", "--iterations", "200"];
    project.memcheck(&more).code(0);
}

#[test]
fn reserved_addresses_and_page_cache_do_not_count_for_the_ceiling() {
    let project = Project::new("no-memory").file("src/lib.rs", CEILINGS);
    let output = project.memcheck(&["reserves", "reads", "--message-format=json"]).code(0);
    let reports = reports(&output);
    assert_eq!(reports.len(), 2);
    assert!(reports.iter().all(|(_, line)| line["status"] == "PASS"), "{reports:?}");
}
