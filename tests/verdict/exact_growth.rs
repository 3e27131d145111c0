//! Leaks and what only looks like a leak: the status of each, and the growth to the byte.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::support::Project;
use serde_json::Value;

const SOURCE: &str = r#"
#![cfg(test)]
use std::hint::black_box;
use memcheck::{Workload, memcheck};

#[memcheck]
fn leaks_one_byte() { black_box(Box::leak(black_box(Box::new(0u8)))); }

#[memcheck]
fn does_nothing() {}

#[memcheck]
fn pushes_forever(workload: Workload) {
    let mut items = Vec::new();
    workload.iterate(|| items.push(black_box(1u64)));
}

#[memcheck]
fn fills_a_cache(workload: Workload) {
    let mut cache = std::collections::HashMap::new();
    let mut key = 0u64;
    workload.iterate(|| {
        key += 1;
        if cache.len() < 3_000 { cache.insert(key, black_box(vec![1u8; 1_000])); }
    });
}

mod reserved {
    use super::*;
    const LENGTH: usize = 128 << 30;
    const PAGE: usize = 4096;

    /// 128 GiB of address space without access.
    fn reserve() -> *mut libc::c_void {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        let at = unsafe {
            libc::mmap(std::ptr::null_mut(), LENGTH, libc::PROT_NONE, flags, -1, 0)
        };
        assert_ne!(at, libc::MAP_FAILED);
        at
    }

    #[memcheck]
    fn is_reserved_and_given_back() {
        let at = black_box(reserve());
        assert_eq!(unsafe { libc::munmap(at, LENGTH) }, 0);
    }

    #[memcheck]
    fn is_reserved_before(workload: Workload) {
        let at = reserve();
        workload.iterate(|| { black_box(at); });
    }

    // Parts of the reservation become memory one after the other, as in the runtime of Go.
    #[memcheck]
    fn is_used_page_by_page(workload: Workload) {
        let at = reserve();
        let mut used = 0;
        workload.iterate(|| unsafe {
            let page = at.byte_add(used * PAGE);
            assert_eq!(libc::mprotect(page, PAGE, libc::PROT_READ | libc::PROT_WRITE), 0);
            page.cast::<u8>().write_volatile(1);
            used += 1;
        });
    }

    // The same, but the protection is changed once.
    #[memcheck]
    fn is_touched_page_by_page(workload: Workload) {
        let at = reserve();
        let all = libc::PROT_READ | libc::PROT_WRITE;
        assert_eq!(unsafe { libc::mprotect(at, LENGTH, all) }, 0);
        // A huge page would add 512 pages at once.
        unsafe { libc::madvise(at, LENGTH, libc::MADV_NOHUGEPAGE) };
        let mut used = 0;
        workload.iterate(|| unsafe {
            at.byte_add(used * PAGE).cast::<u8>().write_volatile(1);
            used += 1;
        });
    }
}

/// Allocates and keeps 2 MiB in one iteration of the judged part.
fn steps(workload: Workload) {
    let mut iteration = 0;
    let mut kept = Vec::new();
    workload.iterate(|| {
        iteration += 1;
        if iteration == 300 { kept.push(black_box(vec![1u8; 2 << 20])); }
    });
}

#[memcheck(resident = "1 MiB")]
fn steps_over_its_limit(workload: Workload) { steps(workload) }

#[memcheck(resident = "4 MiB")]
fn steps_below_its_limit(workload: Workload) { steps(workload) }
"#;

/// One run of all tests.
struct Run {
    /// Status and report, by the name of the test.
    results: BTreeMap<String, (String, Value)>,
}

impl Run {
    fn of(name: &str, arguments: &[&str]) -> Self {
        let project =
            Project::new(name).manifest_extra("libc = \"0.2\"\n").file("src/lib.rs", SOURCE);
        let output = project.memcheck(&[&["--message-format=json"], arguments].concat());
        let lines: Vec<Value> = output
            .stdout
            .lines()
            .map(|line| {
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
            })
            .collect();
        let reports = lines.into_iter().filter(|line| line["reason"] == "memcheck-report");
        let result = |line: Value| {
            let name = line["report"]["test"]["name"].as_str().unwrap_or_default().to_owned();
            (name, (line["status"].as_str().unwrap_or_default().to_owned(), line["report"].clone()))
        };
        let results: BTreeMap<_, _> = reports.map(result).collect();
        assert!(!results.is_empty(), "{}", output.stderr);
        output.code(100);
        Run { results }
    }

    fn report(&self, test: &str) -> &Value {
        &self.results[test].1
    }

    fn metric(&self, test: &str, name: &str) -> &Value {
        let metrics = self.report(test)["metrics"].as_array().expect("metrics are a list");
        let found = metrics.iter().find(|metric| metric["metric"] == name);
        found.unwrap_or_else(|| panic!("{test} has no {name}: {metrics:#?}"))
    }

    #[track_caller]
    fn has_status(&self, test: &str, status: &str) {
        let (found, report) = &self.results[test];
        assert_eq!(found, status, "{test}: {report}");
    }
}

static DEBUG: LazyLock<Run> = LazyLock::new(|| Run::of("growth", &[]));
#[track_caller]
fn assert_one_byte_is_measured(run: &Run) {
    run.has_status("leaks_one_byte", "LEAK");
    assert_eq!(run.metric("leaks_one_byte", "heap-bytes")["rate"], 1.0);
    assert_eq!(run.metric("leaks_one_byte", "heap-blocks")["rate"], 1.0);
}

#[track_caller]
fn assert_nothing_is_measured(run: &Run) {
    run.has_status("does_nothing", "PASS");
    let profile = &run.report("does_nothing")["profile"];
    for what in ["allocations", "bytes", "peak"] {
        assert_eq!(profile[what]["max"], 0, "{what} of {profile:#}");
    }
    for metric in ["heap-bytes", "heap-blocks"] {
        assert_eq!(run.metric("does_nothing", metric)["growth"], 0);
    }
}

#[test]
fn a_leak_of_one_byte_is_measured_as_one_byte() {
    assert_one_byte_is_measured(&DEBUG);
}

#[test]
fn an_empty_test_allocates_nothing() {
    assert_nothing_is_measured(&DEBUG);
}

/// The tests whose metrics an optimizer could change.
#[test]
#[ignore = "slow: run by .ci/run"]
fn one_byte_and_an_empty_test_are_measured_exactly_in_release() {
    let run = Run::of("optimized", &["--release", "leaks_one_byte", "does_nothing"]);
    assert_one_byte_is_measured(&run);
    assert_nothing_is_measured(&run);
}

#[test]
fn an_unbounded_container_is_a_leak() {
    DEBUG.has_status("pushes_forever", "LEAK");
}

#[test]
fn a_cache_that_fills_up_passes() {
    DEBUG.has_status("fills_a_cache", "PASS");
}

#[test]
fn reserved_addresses_are_not_memory() {
    DEBUG.has_status("reserved::is_reserved_and_given_back", "PASS");
    DEBUG.has_status("reserved::is_reserved_before", "PASS");
}

#[test]
fn pages_used_in_a_reservation_are_a_leak() {
    for test in ["reserved::is_used_page_by_page", "reserved::is_touched_page_by_page"] {
        DEBUG.has_status(test, "LEAK");
        let resident = DEBUG.metric(test, "resident");
        assert_eq!(resident["verdict"], "growing", "{resident:#}");
        // A page, and its share of a page table.
        let rate = resident["rate"].as_f64().expect("a rate is a number");
        assert!((4096.0..4200.0).contains(&rate), "{resident:#}");
    }
}

#[test]
fn a_resident_limit_counts_a_single_step() {
    DEBUG.has_status("steps_over_its_limit", "LIMIT");
    DEBUG.has_status("steps_below_its_limit", "PASS");
}
