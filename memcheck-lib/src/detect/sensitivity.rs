//! The smallest leak that a run would have called growing.

use super::series::{Series, deepest_fall};
use super::shape::{WINDOWS, step_rates};
use super::verdict::Sensitivity;

/// Events that the shortest judged step must have had for a leak to be called growing in nearly
/// every run, also when they come at random.
const EVENTS: u64 = 4;

impl Sensitivity {
    /// The smallest leak that this run, with its windows and the noise in them, would have called
    /// growing; `None` when there are too few windows to call anything growing.
    ///
    /// Without noise each of the last three steps needs an event; the shortest lies between the
    /// first checkpoints of two windows. With noise the leak must lift each floor by more than the
    /// noise, and the noise may have lowered that floor by as much again: twice the noise in the
    /// shortest step, which also leaves room for the decay of the rate. The tolerance of the
    /// metric must be passed over the whole run.
    pub(super) fn of(series: &Series, tolerance: f64) -> Option<Sensitivity> {
        let late = series.late(WINDOWS);
        if late.len() < WINDOWS {
            return None;
        }
        let total = series.end().map_or(1, |end| end.at).max(1) as f64;
        let noise = deepest_fall(&series.windows);
        let slowing = slowing(series);
        let firsts: Vec<u64> = late.iter().map(|window| window.first().at).collect();
        let steps = firsts.windows(2).map(|pair| pair[1].saturating_sub(pair[0]));
        let shortest = steps.min().unwrap_or(1).max(1);
        if noise == 0.0 && tolerance == 0.0 && slowing == 0.0 {
            return Some(Sensitivity::OneIn { iterations: (shortest / EVENTS).max(1) });
        }
        let above_noise = if noise > 0.0 { 2.0 * (noise + 1.0) / shortest as f64 } else { 0.0 };
        // Without noise a leak needs as many events as above, though growth that slowed hides it.
        let events = if noise > 0.0 { 1 } else { EVENTS };
        let above_tolerance = TOLERANCE_MARGIN * tolerance / total;
        Some(Sensitivity::PerIteration {
            amount: above_noise
                .max(above_tolerance)
                .max(slowing)
                .max(events as f64 / shortest as f64),
        })
    }

    /// The amount per iteration it stands for, when one event is one item or byte.
    pub fn per_iteration(&self) -> f64 {
        match self {
            Sensitivity::OneIn { iterations } => 1.0 / (*iterations).max(1) as f64,
            Sensitivity::PerIteration { amount } => *amount,
        }
    }
}

/// What a leak must add in every iteration so that the rate no longer decays by half over the last
/// three steps: a cache that filled in the first of them hides smaller ones.
fn slowing(series: &Series) -> f64 {
    match (step_rates(series).first(), step_rates(series).last()) {
        // From `last + leak >= (first + leak) / 2`.
        (Some(first), Some(last)) => (first - 2.0 * last.max(0.0)).max(0.0) * SLOWING_MARGIN,
        _ => 0.0,
    }
}

/// The leak's own events do not fall evenly on the steps.
const SLOWING_MARGIN: f64 = 1.25;

/// A leak just at the tolerance is measured below it half of the time.
const TOLERANCE_MARGIN: f64 = 1.25;
