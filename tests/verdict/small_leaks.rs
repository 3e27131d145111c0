//! Leaks that are small, rare or in steps, in bodies of about 10 µs: each is detected with the default
//! options. The work is a fixed number of steps, so on a busy machine it only takes longer.

use crate::support::Project;
use serde_json::Value;

const SOURCE: &str = r#"
#![cfg(test)]
use std::hint::black_box;
use memcheck::{Workload, memcheck};

/// About 10 µs in a debug build: a chain of multiplications that the compiler cannot shorten.
fn work() {
    let mut x = black_box(0x9E37_79B9_7F4A_7C15u64);
    for _ in 0..3_000 { x = x.wrapping_mul(6_364_136_223_846_793_005) ^ (x >> 29); }
    black_box(x);
}

/// Works, and leaks once in `every` iterations.
fn leak(workload: Workload, every: u64, mut leak: impl FnMut()) {
    let mut iteration = 0u64;
    workload.iterate(|| {
        work();
        iteration += 1;
        if iteration % every == 0 { leak(); }
    });
}

#[memcheck]
fn one_byte(workload: Workload) {
    leak(workload, 1, || { black_box(Box::leak(Box::new(black_box(1u8)))); });
}

#[memcheck]
fn one_block_in_100(workload: Workload) {
    leak(workload, 100, || { black_box(Box::leak(Box::new(black_box([1u8; 32])))); });
}

#[memcheck]
fn one_fd_in_100(workload: Workload) {
    leak(workload, 100, || std::mem::forget(std::fs::File::open("/dev/null").unwrap()));
}

#[memcheck]
fn one_page_in_10(workload: Workload) {
    leak(workload, 10, || unsafe {
        let (access, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        let page = libc::mmap(std::ptr::null_mut(), 4096, access, flags, -1, 0);
        assert_ne!(page, libc::MAP_FAILED);
        page.cast::<u8>().write_volatile(1);
    });
}

// Always one block: in whole quarters of the run nothing grows.
#[memcheck]
fn a_vec_that_doubles(workload: Workload) {
    let mut kept: Vec<u8> = Vec::new();
    leak(workload, 1, move || black_box(&mut kept).push(1));
}

// Pages of a slab, each twice as large as the one before: a table whose slots are never freed.
#[memcheck]
fn a_slab_of_doubling_pages(workload: Workload) {
    let mut pages: Vec<Vec<u64>> = Vec::with_capacity(64);
    leak(workload, 1, move || {
        if pages.last().is_none_or(|page| page.len() == page.capacity()) {
            pages.push(Vec::with_capacity(32 << pages.len()));
        }
        black_box(pages.last_mut().unwrap()).push(1);
    });
}

#[memcheck]
fn nothing(workload: Workload) {
    leak(workload, 1, || {});
}
"#;

#[test]
#[ignore = "slow: run by .ci/run"]
fn small_leaks_are_detected_with_default_options() {
    let project =
        Project::new("small_leaks").manifest_extra("libc = \"0.2\"\n").file("src/lib.rs", SOURCE);
    // On a machine that stalls for seconds too few iterations may run: then a leak is UNSURE, never
    // PASS, and the run is repeated.
    let mut seen = judged(&project);
    for _ in 0..2 {
        assert_eq!(seen.iter().filter(|(_, status, _)| status == "PASS").count(), 1, "{seen:?}");
        if seen.iter().any(|(_, status, _)| status == "UNSURE") {
            seen = judged(&project);
        }
    }
    let of = |name: &str| {
        let of = seen.iter().find(|(test, ..)| test == name).expect("every test is judged");
        (of.1.as_str(), of.2.as_str())
    };
    assert_eq!(of("nothing"), ("PASS", ""));
    for (name, metric) in [
        ("one_byte", "heap-bytes"),
        ("one_block_in_100", "heap-blocks"),
        ("one_fd_in_100", "fds"),
        ("one_page_in_10", "resident"),
        ("a_vec_that_doubles", "heap-bytes"),
        ("a_slab_of_doubling_pages", "heap-bytes"),
    ] {
        let (status, growing) = of(name);
        assert_eq!(status, "LEAK", "{name}: {seen:?}");
        assert!(growing.split(' ').any(|of| of == metric), "{name}: {seen:?}");
    }
    // The number of blocks does not grow.
    assert_eq!(of("a_vec_that_doubles").1, "heap-bytes", "{seen:?}");
}

/// Name, status and growing metrics of each test.
fn judged(project: &Project) -> Vec<(String, String, String)> {
    let output = project.memcheck(&["--message-format", "json", "--sites=never"]).code(100);
    let mut seen = Vec::new();
    for line in output.stdout.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if let Some(name) = line["report"]["test"]["name"].as_str() {
            let growing: Vec<&str> = line["report"]["metrics"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|of| of["verdict"] == "growing")
                .filter_map(|of| of["metric"].as_str())
                .collect();
            let status = line["status"].as_str().unwrap_or_default();
            seen.push((name.to_owned(), status.to_owned(), growing.join(" ")));
        }
    }
    seen.sort();
    seen
}
