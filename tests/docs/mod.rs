//! The documentation.

mod configuration;
mod examples;
mod readme;
