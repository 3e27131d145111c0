//! One annotated test: its options, the worker that runs it, the observer that judges it, and the
//! messages between them.

pub mod entry;
mod options;
mod workload;

pub use options::{DEFAULT_TIME, DEFAULT_TIMEOUT, DEFAULT_WARMUP, Options};
pub use workload::Workload;
