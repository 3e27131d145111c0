//! Series written down by hand, for tests.

use super::schedule::WindowPlan;
use super::series::{Point, Series, Window};

/// Windows of the given iterations, with `value(iterations done)` at their checkpoints.
pub(super) fn from_function(windows: &[u64], mut value: impl FnMut(u64) -> i64) -> Series {
    let mut done = 0;
    let baseline = Some(value(0));
    let windows = windows
        .iter()
        .filter_map(|iterations| {
            let start = done;
            let points = WindowPlan::of(*iterations)
                .batches
                .iter()
                .map(|batch| {
                    done += batch;
                    Point { at: done, value: value(done) }
                })
                .collect();
            Window::new(start, points)
        })
        .collect();
    Series { baseline, windows }
}

/// Doubling windows from 16.
pub(super) fn doubling(count: u32, value: impl FnMut(u64) -> i64) -> Series {
    let windows: Vec<u64> = (0..count).map(|at| 16 << at).collect();
    from_function(&windows, value)
}
