//! Checks in a program: no attribute, no libtest.
//!
//! For custom test harnesses (`harness = false`), benches, and programs that check themselves. A `Check`
//! starts this program again as its worker, so the worker repeats what `main` does before the check. The
//! result is a value, never a panic.

use memcheck::{Bytes, Check, Workload};

fn main() {
    let parsing = Check::new("parsing").iterations(500u64).run(|| {
        let _: Result<f64, _> = "1.5".parse();
    });
    print!("{parsing}");

    let collecting = Check::new("collecting").resident(Bytes(1 << 20)).run_workload(collect);
    print!("{collecting}");

    let all = [parsing, collecting];
    std::process::exit(if all.iter().all(|report| report.is_success()) { 0 } else { 1 });
}

/// Collects numbers, and never sends them anywhere.
fn collect(workload: Workload) {
    let mut collected = Vec::new();
    workload.iterate(|| collected.push(Box::new([0u8; 100])));
}
