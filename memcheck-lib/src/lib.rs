//! Leak-detection tests for Rust.

pub mod check;
pub mod figure;
pub mod growth;
pub mod report;
pub mod snapshot;
pub mod units;

pub use check::Options;
pub use figure::Figure;
pub use report::Report;
pub use snapshot::{Growth, Snapshot};
pub use units::Bytes;
