//! From what was measured to the report. Everything here is pure.

pub(super) mod outcome;
pub(super) mod report;
mod warnings;
