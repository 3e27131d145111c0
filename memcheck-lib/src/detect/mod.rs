//! Numbers in, verdict out: pure, no clock, no I/O.
//!
//! A [`JudgedRun`] is the course of one judged run. It plans *windows* of iterations that double
//! ([`JudgedRun::next`]), takes the readings made at their checkpoints ([`JudgedRun::record`]) and says
//! what they mean ([`JudgedRun::conclude`]). Durations are passed in; nothing here reads a clock.
//!
//! ```
//! use std::time::Duration;
//! use memcheck::Metric;
//! use memcheck::detect::{JudgedRun, Readings, Rules, Spent, Verdict};
//!
//! // A body that forgets one block of 24 bytes in every iteration and takes 10 µs.
//! let cost = Duration::from_micros(10);
//! let mut course = JudgedRun::new(Rules::default(), cost, Readings::default().with(Metric::HeapBytes, 0));
//! let (mut done, mut elapsed) = (0u64, Duration::ZERO);
//! while let Some(window) = course.next() {
//!     let mut readings = Vec::new();
//!     for batch in &window.batches {
//!         done += batch;
//!         elapsed += cost * u32::try_from(*batch)?;
//!         readings.push(Readings::default().with(Metric::HeapBytes, 24 * done as i64));
//!     }
//!     course.record(readings, Spent { elapsed, cpu: elapsed, ..Spent::default() });
//! }
//! let conclusion = course.conclude();
//! assert_eq!(conclusion.verdict, Some(Verdict::Growing));
//! assert_eq!(conclusion.metrics[0].rate, 24.0);
//! # Ok::<(), std::num::TryFromIntError>(())
//! ```
//!
//! The rule, its error rates and its limits are told in `docs/src/how/verdict.md`.

mod advice;
mod conclusion;
mod judge;
mod judged_run;
mod limits;
mod rarity;
mod readings;
mod schedule;
mod sensitivity;
mod series;
mod shape;
mod step_pattern;
#[cfg(test)]
mod tests;
mod verdict;

pub use advice::Advice;
pub use conclusion::{Conclusion, Stop};
pub use judged_run::{JudgedRun, Spent};
pub(crate) use limits::BLOCK_OVERHEAD;
#[cfg(target_os = "linux")]
pub(crate) use limits::DEFAULT_RESIDENT;
pub use limits::{Limits, Rules, Scarce};
pub use readings::Readings;
pub use schedule::WindowPlan;
pub use verdict::{MetricReport, Sensitivity, Shape, Verdict};
