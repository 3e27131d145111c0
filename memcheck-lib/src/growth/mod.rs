//! Numbers in, verdict out: pure, no clock, no I/O.
//!
//! A [`Course`] is the course of one judged run. It plans *windows* of iterations that double
//! ([`Course::next`]), takes the readings made at their checkpoints ([`Course::record`]) and says
//! what they mean ([`Course::conclude`]). Durations are passed in; nothing here reads a clock.
//!
//! ```
//! use std::time::Duration;
//! use memcheck::Figure;
//! use memcheck::growth::{Course, Readings, Rules, Spent, Verdict};
//!
//! // A body that forgets one block of 24 bytes in every iteration and takes 10 µs.
//! let cost = Duration::from_micros(10);
//! let mut course = Course::new(Rules::default(), cost, Readings::default().with(Figure::HeapBytes, 0));
//! let (mut done, mut elapsed) = (0u64, Duration::ZERO);
//! while let Some(window) = course.next() {
//!     let mut readings = Vec::new();
//!     for batch in &window.batches {
//!         done += batch;
//!         elapsed += cost * u32::try_from(*batch)?;
//!         readings.push(Readings::default().with(Figure::HeapBytes, 24 * done as i64));
//!     }
//!     course.record(readings, Spent { elapsed, cpu: elapsed, ..Spent::default() });
//! }
//! let conclusion = course.conclude();
//! assert_eq!(conclusion.verdict, Some(Verdict::Growing));
//! assert_eq!(conclusion.figures[0].rate, 24.0);
//! # Ok::<(), std::num::TryFromIntError>(())
//! ```
//!
//! The rule, its error rates and its limits are told in `docs/verdict.md`.

mod advice;
mod conclusion;
mod course;
mod judge;
mod limits;
mod pace;
mod rarity;
mod readings;
mod schedule;
mod sensitivity;
mod series;
mod shape;
#[cfg(test)]
mod tests;
mod verdict;

pub use advice::Advice;
pub use conclusion::{Conclusion, Stop};
pub use course::{Course, Spent};
pub(crate) use limits::BLOCK_OVERHEAD;
#[cfg(target_os = "linux")]
pub(crate) use limits::DEFAULT_RESIDENT;
pub use limits::{Limits, Rules, Scarce};
pub use readings::Readings;
pub use schedule::WindowPlan;
pub use verdict::{FigureReport, Sensitivity, Shape, Verdict};
