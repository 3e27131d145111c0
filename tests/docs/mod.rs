//! The documentation.

mod examples;
mod readme;
