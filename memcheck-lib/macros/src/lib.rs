//! The `#[memcheck]` attribute. Use it through the crate `memcheck-lib`, which re-exports it.
