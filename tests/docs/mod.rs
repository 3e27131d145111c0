//! The documentation: READMEs, examples, pages.

mod configuration;
mod examples;
mod readme;
