//! Numbers in, verdict out: pure, no clock, no I/O.
//!
//! A [`JudgedRun`] plans *windows* of iterations that double ([`JudgedRun::next`]), takes the readings
//! made at their checkpoints ([`JudgedRun::add_window`]) and concludes what they mean
//! ([`JudgedRun::conclude`]). Durations are passed in; nothing here reads a clock.
//!
//! ```
//! use std::time::Duration;
//! use memcheck::Metric;
//! use memcheck::tool::detect::{JudgeSettings, JudgedRun, Readings, TimeSpent, Verdict};
//!
//! // A body that leaks one block of 24 bytes in every iteration and takes 10 µs.
//! let cost = Duration::from_micros(10);
//! let before = Readings::default().with(Metric::HeapBytes, 0);
//! let mut run = JudgedRun::new(JudgeSettings::default(), cost, before);
//! let (mut done, mut elapsed) = (0u64, Duration::ZERO);
//! while let Some(window) = run.next() {
//!     let mut readings = Vec::new();
//!     for batch in &window.batches {
//!         done += batch;
//!         elapsed += cost * u32::try_from(*batch)?;
//!         readings.push(Readings::default().with(Metric::HeapBytes, 24 * done as i64));
//!     }
//!     run.add_window(readings, TimeSpent { elapsed, cpu: elapsed, ..TimeSpent::default() });
//! }
//! let conclusion = run.conclude();
//! assert_eq!(conclusion.verdict, Some(Verdict::Growing));
//! assert_eq!(conclusion.metrics[0].rate, 24.0);
//! # Ok::<(), std::num::TryFromIntError>(())
//! ```
//!
//! `docs/src/how/verdict.md` describes the rule, its error rates and its limits.

mod advice;
mod conclusion;
mod judge;
mod judged_run;
mod limits;
mod rare_rises;
mod readings;
mod recorded_run;
mod schedule;
mod sensitivity;
mod series;
mod settings;
mod shape;
mod statement;
mod step_pattern;
#[cfg(test)]
mod test_series;
#[cfg(test)]
mod tests;
mod verdict;

pub use advice::Advice;
pub use conclusion::{Conclusion, Stop};
pub use judged_run::JudgedRun;
pub(crate) use limits::BLOCK_OVERHEAD;
pub use limits::Limits;
pub use readings::Readings;
pub use recorded_run::TimeSpent;
pub use schedule::WindowPlan;
pub use settings::{JudgeSettings, LimitedResource};
pub use verdict::{MetricReport, Sensitivity, Shape, Verdict};
