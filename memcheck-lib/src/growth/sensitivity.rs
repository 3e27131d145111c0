//! The smallest leak that a run would have called growing.

use super::series::{Series, Window, deepest_fall};
use super::shape::WINDOWS;
use super::verdict::Sensitivity;

/// Events that the shortest judged step must have had for a leak to be called growing in nearly
/// every run, also when they come at random.
const EVENTS: u64 = 4;

impl Sensitivity {
    /// The smallest leak that this run, with its windows and the noise in them, would have called
    /// growing; `None` when there are too few windows to call anything growing.
    ///
    /// Without noise: each of the last three steps needs an event, the shortest lies between the
    /// first checkpoints of two windows. With noise of spread `s`: the leak must lift the first
    /// checkpoint of each window above the whole noise of the window before, `s` in the shortest
    /// of those batches. The tolerance of the figure must be passed over the whole run.
    pub(super) fn of(series: &Series, tolerance: f64) -> Option<Sensitivity> {
        let late = series.late(WINDOWS);
        if late.len() < WINDOWS {
            return None;
        }
        let total = series.end().map_or(1, |end| end.at).max(1) as f64;
        let noise = deepest_fall(late);
        if noise == 0.0 && tolerance == 0.0 {
            let firsts: Vec<u64> = late.iter().map(|window| window.first().at).collect();
            let shortest = firsts.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap_or(1);
            return Some(Sensitivity::OneIn { iterations: (shortest / EVENTS).max(1) });
        }
        let batch = late
            .iter()
            .skip(1)
            .map(|window: &Window| window.first().at.saturating_sub(window.start))
            .min()
            .unwrap_or(1)
            .max(1) as f64;
        // Strictly above: one more than the spread.
        let above_noise = if noise > 0.0 { (noise + 1.0) / batch } else { 0.0 };
        let above_tolerance = TOLERANCE_MARGIN * tolerance / total;
        Some(Sensitivity::PerIteration { amount: above_noise.max(above_tolerance) })
    }

    /// The amount per iteration it stands for, when one event is one item or byte.
    pub(super) fn per_iteration(&self) -> f64 {
        match self {
            Sensitivity::OneIn { iterations } => 1.0 / (*iterations).max(1) as f64,
            Sensitivity::PerIteration { amount } => *amount,
        }
    }
}

/// A leak just at the tolerance is measured below it half of the time.
const TOLERANCE_MARGIN: f64 = 1.25;
