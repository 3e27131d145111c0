//! The tool checks itself: leak tests of functions that run in every observer.
#![cfg(target_os = "linux")]
#![allow(missing_docs)]

use std::hint::black_box;
use std::time::Duration;

use memcheck::tool::detect::{JudgeSettings, JudgedRun, Readings, TimeSpent, Verdict};
use memcheck::{Bytes, Metric, Snapshot, Workload, memcheck};

#[memcheck]
fn reading_a_size_keeps_nothing() {
    assert_eq!("1.5 MiB".parse(), Ok(Bytes(3 << 19)));
    assert!(black_box("1.5 miles").parse::<Bytes>().is_err());
}

#[memcheck]
fn a_judged_run_keeps_nothing() {
    let cost = Duration::from_micros(100);
    let readings = |heap| Readings::default().with(Metric::HeapBytes, heap);
    let mut run = JudgedRun::new(JudgeSettings::default(), cost, readings(0));
    let (mut done, mut elapsed) = (0u64, Duration::ZERO);
    while let Some(window) = run.next() {
        let mut taken = Vec::new();
        for batch in &window.batches {
            done += batch;
            elapsed += cost.mul_f64(*batch as f64);
            taken.push(readings(24 * done as i64));
        }
        run.add_window(taken, TimeSpent { elapsed, cpu: elapsed, ..TimeSpent::default() });
    }
    assert_eq!(run.conclude().verdict, Some(Verdict::Growing));
}

/// A snapshot opens files in /proc and must close them.
#[memcheck]
fn a_snapshot_keeps_no_file_open(workload: Workload) {
    let start = Snapshot::take().expect("the own process can be read");
    workload.iterate(|| {
        let now = Snapshot::take().expect("the own process can be read");
        black_box(now.since(&start).to_string());
    });
}
