//! A report as text: plain, without colour.
//!
//! [`line()`] is the one line that every test gets, [`details()`] the paragraphs for a test that is not
//! a success, and [`diagnostics()`] the same as data.

mod allocators;
mod details;
mod display;
mod failure;
mod headlines;
mod line;
mod phrases;
mod plain;
mod proof;
mod snapshot_text;
mod sparkline;
mod status_words;
mod suppressed;
mod test_result;
mod where_grew;

pub use details::{Diagnostic, Note, details, diagnostic, diagnostics, remarks};
pub use line::{STATUS_WIDTH, line, name};
pub use phrases::{count, measured, sensitivity};
pub use proof::proof;
pub use sparkline::sparkline;
pub use status_words::{Tone, in_words, tone};
pub use test_result::{reasons, test_result};
