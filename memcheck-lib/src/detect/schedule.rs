//! How many iterations the windows have, and where their checkpoints are.

use std::time::Duration;

use super::series::WINDOWS;

/// Iterations of the first window of a quick body.
pub(super) const FIRST_WINDOW: u64 = 16;
/// Iterations of four doubling windows from 1, the fewest that give a verdict.
pub(super) const FOUR_WINDOWS: u64 = (1 << WINDOWS) - 1;
/// Checkpoints of a window that has enough iterations.
const CHECKPOINTS: u64 = 8;
/// Positions of the checkpoints of a long window, in thousandths of it. The distances are uneven: with
/// even ones, a body whose period is close to a fraction of them would look like a straight line in
/// every window, because windows double.
const ENDS: [u64; CHECKPOINTS as usize] = [125, 256, 371, 499, 618, 749, 871, 1000];
/// A window with this many iterations is long enough for that.
const LONG: u64 = 64;
/// Windows to have at least if the number of iterations is given and allows it.
const FEWEST_WINDOWS: u32 = 5;
/// Most iterations of one window. It prevents overflow with bodies that cost nothing.
const LARGEST_WINDOW: u64 = 1 << 40;

/// One window to run: a checkpoint is read after each batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowPlan {
    /// Iterations of each batch, none of them 0.
    pub batches: Vec<u64>,
}

impl WindowPlan {
    /// A window of this many iterations, split into `min(8, iterations)` batches: as equal as possible
    /// in a short window, of uneven lengths in a long one.
    pub(super) fn of(iterations: u64) -> Self {
        let iterations = iterations.clamp(1, LARGEST_WINDOW);
        let count = iterations.min(CHECKPOINTS);
        // Each ends at its rounded-down share of the window.
        let ends: Vec<u64> = match iterations {
            LONG.. => ENDS.iter().map(|thousandths| iterations * thousandths / 1000).collect(),
            _ => (1..=count).map(|at| iterations * at / count).collect(),
        };
        let starts = std::iter::once(&0).chain(&ends);
        WindowPlan { batches: ends.iter().zip(starts).map(|(end, start)| end - start).collect() }
    }

    /// Iterations of the window.
    pub fn iterations(&self) -> u64 {
        self.batches.iter().sum()
    }
}

/// Iterations of the first window under a time budget: 1/32 of the budget, so that five doubling
/// windows (31 times the first) fit into it.
pub(super) fn first_window(time: Duration, cost: Duration) -> u64 {
    let share = time.as_nanos() / 32;
    let affordable = share.checked_div(cost.as_nanos()).unwrap_or(u128::from(FIRST_WINDOW));
    u64::try_from(affordable).unwrap_or(FIRST_WINDOW).clamp(1, FIRST_WINDOW)
}

/// Sizes of all windows of exactly `total` iterations: doubling as closely as whole numbers allow, and
/// at least five windows if `total` allows it.
pub(super) fn fixed_windows(total: u64) -> Vec<u64> {
    let total = total.clamp(1, LARGEST_WINDOW);
    // `count` doubling windows are `2^count - 1` times the first.
    let units = |count: u32| (1u64 << count) - 1;
    let mut count = 1;
    while units(count + 1) <= total / FIRST_WINDOW
        || (count < FEWEST_WINDOWS && units(count + 1) <= total)
    {
        count += 1;
    }
    let end = |at: u32| {
        let share = u128::from(total) * u128::from(units(at)) / u128::from(units(count));
        u64::try_from(share).unwrap_or(total)
    };
    (0..count).map(|at| end(at + 1) - end(at)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_of_a_short_window_are_even() {
        assert_eq!(WindowPlan::of(16).batches, [2; 8]);
        assert_eq!(WindowPlan::of(6).batches, [1; 6]);
        assert_eq!(WindowPlan::of(12).batches, [1, 2, 1, 2, 1, 2, 1, 2]);
        assert_eq!(WindowPlan::of(0).batches, [1]);
        for iterations in 1..200 {
            let plan = WindowPlan::of(iterations);
            assert_eq!(plan.iterations(), iterations);
            assert!(plan.batches.iter().all(|batch| *batch > 0));
        }
    }

    #[test]
    fn batches_of_a_long_window_are_uneven() {
        assert_eq!(WindowPlan::of(1000).batches, [125, 131, 115, 128, 119, 131, 122, 129]);
        let even =
            WindowPlan::of(1 << 20).batches.iter().filter(|batch| **batch == 1 << 17).count();
        // The first is even, so that the distances between windows double exactly.
        assert_eq!(even, 1);
        assert_eq!(WindowPlan::of(1 << 50).iterations(), LARGEST_WINDOW);
    }

    #[test]
    fn first_window_takes_a_32nd_of_the_budget() {
        let budget = Duration::from_secs(2);
        for (cost_us, first) in
            [(0, 16), (1, 16), (3_900, 16), (10_000, 6), (62_500, 1), (100_000, 1), (10_000_000, 1)]
        {
            assert_eq!(first_window(budget, Duration::from_micros(cost_us)), first, "{cost_us} us");
        }
        assert_eq!(first_window(Duration::MAX, Duration::from_nanos(1)), 16);
    }

    #[test]
    fn fixed_windows_add_up_to_the_given_iterations() {
        assert_eq!(fixed_windows(1), [1]);
        assert_eq!(fixed_windows(15), [1, 2, 4, 8]);
        assert_eq!(fixed_windows(50), [1, 3, 7, 13, 26]);
        assert_eq!(fixed_windows(496), [16, 32, 64, 128, 256]);
        assert_eq!(fixed_windows(1000), [32, 64, 129, 258, 517]);
        for total in (1..3000).chain([1 << 20, 1 << 40]) {
            let windows = fixed_windows(total);
            assert_eq!(windows.iter().sum::<u64>(), total);
            assert!(total < 31 || windows.len() >= 5, "{total}: {windows:?}");
            assert!(total < 15 || windows.len() >= 4, "{total}: {windows:?}");
        }
    }
}
