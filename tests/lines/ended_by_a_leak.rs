//! A test that ends because of its leak: the report has what grew until then, with the line. A second
//! worker finds the line, because the first one cannot continue.

use crate::support::Project;
use serde_json::Value;

const SOURCE: &str = r#"
#![cfg(test)]
use std::{fs::File, hint::black_box, mem::forget, sync::Mutex};
use memcheck::{Workload, memcheck};

static KEPT: Mutex<Vec<Box<[u8; 100]>>> = Mutex::new(Vec::new());

fn keep() -> usize {
    let mut kept = KEPT.lock().unwrap();
    kept.push(black_box(Box::new([1; 100]))); // kept
    kept.len()
}

#[memcheck(iterations = 4000)]
fn panics() { assert!(keep() < 902, "full"); }

// After 16 + 64 iterations, in the third window.
#[memcheck(iterations = 496)]
fn aborts_early() { if keep() > 150 { std::process::abort() } }

#[memcheck]
fn runs_out_of_descriptors(workload: Workload) {
    unsafe extern "C" { fn setrlimit(resource: i32, limit: &[u64; 2]) -> i32; }
    let open = std::fs::read_dir("/proc/self/fd").unwrap().count() as u64;
    // RLIMIT_NOFILE on x86-64 and aarch64.
    assert_eq!(unsafe { setrlimit(7, &[open + 140; 2]) }, 0);
    workload.iterate(|| forget(File::open("/dev/null").unwrap())); // opened
}

#[memcheck(ceiling = "64 MiB")]
fn passes_its_ceiling() {
    forget(black_box(vec![1u8; 1 << 18])); // eaten
}

// Nothing grows, so no second worker.
#[memcheck]
fn panics_without_a_leak() {
    static LEFT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(300);
    assert!(LEFT.fetch_sub(1, std::sync::atomic::Ordering::Relaxed) > 0, "by itself");
}
"#;

#[test]
fn a_test_that_ends_because_of_its_leak_reports_the_leaking_line() {
    let project = Project::new("ended").file("src/lib.rs", SOURCE);
    let output = project.memcheck(&["--message-format", "json"]).code(100);
    let lines = output.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let tests: Vec<Value> = lines.filter(|line| line["report"].is_object()).collect();
    for (name, status, kind, line) in [
        ("panics", "FAIL", Some("rust-heap"), "// kept"),
        ("aborts_early", "CRASH", Some("rust-heap"), "// kept"),
        ("runs_out_of_descriptors", "FAIL", Some("descriptor"), "// opened"),
        ("passes_its_ceiling", "CEILING", Some("rust-heap"), "// eaten"),
        ("panics_without_a_leak", "FAIL", None, ""),
    ] {
        let of = tests.iter().find(|of| of["report"]["test"]["name"] == name).unwrap();
        assert_eq!(of["status"], status, "{name}");
        let sites = of["report"]["sites"]["sites"].as_array().into_iter().flatten();
        let grows = sites.filter(|site| site["grows"] == true);
        let mut shown: Vec<(&str, u64)> = grows
            .filter_map(|site| Some((site["kind"].as_str()?, site["place"]["line"].as_u64()?)))
            .collect();
        shown.dedup();
        let expected = SOURCE.lines().position(|of| kind.is_some() && of.ends_with(line));
        let expected = kind.zip(expected.map(|at| at as u64 + 1));
        assert_eq!(shown, Vec::from_iter(expected), "{name}");
    }
}
