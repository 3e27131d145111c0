//! The smallest leak that a run would have called growing.

use super::series::{Series, WINDOWS, Window, deepest_fall};
use super::shape::step_rates;
use super::verdict::Sensitivity;

/// Events that the shortest judged step needs so that nearly every run calls the leak growing, also if
/// they come at random: with four expected events, none happens in 1.8 % of the steps (Poisson).
const EVENTS: u64 = 4;

impl Sensitivity {
    /// The smallest leak that this run, with its windows and the noise in them, would have called
    /// growing; `None` when there are too few windows to call anything growing.
    ///
    /// Without noise each of the last three steps needs an event. The shortest step lies between the
    /// first checkpoints of two windows. With noise the leak must lift each floor by more than the
    /// noise, which may have lowered that floor by as much. That is twice the noise in the shortest
    /// step, which also leaves room for the decay of the rate. Over the whole run the leak must exceed
    /// the tolerance of the metric.
    pub(super) fn of(series: &Series, tolerance: f64) -> Option<Sensitivity> {
        let late = series.late(WINDOWS);
        if late.len() < WINDOWS {
            return None;
        }
        let total = series.end().map_or(1, |end| end.at).max(1) as f64;
        let noise = deepest_fall(&series.windows);
        let slowing = slowing(series);
        let shortest = shortest_step(late);
        if noise == 0.0 && tolerance == 0.0 && slowing == 0.0 {
            return Some(Sensitivity::OneIn { iterations: (shortest / EVENTS).max(1) });
        }
        // Without noise the leak needs as many events as above.
        let events = if noise > 0.0 { 1 } else { EVENTS };
        let above_tolerance = TOLERANCE_MARGIN * tolerance / total;
        Some(Sensitivity::PerIteration {
            amount: above_noise(late, noise)
                .max(above_tolerance)
                .max(slowing)
                .max(events as f64 / shortest as f64),
        })
    }

    /// The same statement about events of this many bytes or items. What passes because it is rare has
    /// them, and would have been detected at the stated frequency, not at the stated amount.
    pub(super) fn of_events(self, event: f64) -> Sensitivity {
        match self {
            Sensitivity::OneIn { iterations } if event > 1.0 => {
                Sensitivity::PerIteration { amount: event / iterations.max(1) as f64 }
            }
            seen => seen,
        }
    }

    /// The larger of this statement and `amount` per iteration.
    pub(super) fn at_least(self, amount: f64) -> Sensitivity {
        if self.per_iteration() >= amount { self } else { Sensitivity::PerIteration { amount } }
    }

    /// The amount per iteration, if one event is one item or one byte.
    pub fn per_iteration(&self) -> f64 {
        match self {
            Sensitivity::OneIn { iterations } => 1.0 / (*iterations).max(1) as f64,
            Sensitivity::PerIteration { amount } => *amount,
        }
    }
}

/// Iterations of the shortest step between the first checkpoints of neighbouring windows.
fn shortest_step(late: &[Window]) -> u64 {
    let firsts: Vec<u64> = late.iter().map(|window| window.first().at).collect();
    let steps = firsts.windows(2).map(|pair| pair[1].saturating_sub(pair[0]));
    steps.min().unwrap_or(1).max(1)
}

/// What a leak must add per iteration to lift each floor above the noise; 0 without noise.
pub(super) fn above_noise(late: &[Window], noise: f64) -> f64 {
    if noise > 0.0 { 2.0 * (noise + 1.0) / shortest_step(late) as f64 } else { 0.0 }
}

/// What a leak must add per iteration so that the rate no longer halves over the last three steps. A
/// cache that filled in the first of them hides smaller leaks.
fn slowing(series: &Series) -> f64 {
    match (step_rates(series).first(), step_rates(series).last()) {
        // From `last + leak >= (first + leak) / 2`.
        (Some(first), Some(last)) => (first - 2.0 * last.max(0.0)).max(0.0) * SLOWING_MARGIN,
        _ => 0.0,
    }
}

/// The events of the leak are not spread evenly over the steps.
const SLOWING_MARGIN: f64 = 1.25;

/// A leak exactly at the tolerance is measured below it in half of the runs.
pub(super) const TOLERANCE_MARGIN: f64 = 1.25;
