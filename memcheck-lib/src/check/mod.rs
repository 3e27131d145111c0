//! One annotated test: its options, the worker that runs it, the observer that judges it, and the
//! messages between them.

pub mod entry;
mod iterate_async;
mod options;
#[cfg(feature = "tokio")]
pub mod runtime;
mod workload;

pub use options::{DEFAULT_TIME, DEFAULT_TIMEOUT, DEFAULT_WARMUP, Options};
pub use workload::Workload;
