//! One annotated test: its options, the worker that runs it, the observer that judges it, and the
//! messages between them.

mod binary_id;
#[cfg(target_os = "linux")]
mod connection;
#[cfg(target_os = "linux")]
mod death;
mod drive;
mod entry;
mod iterate_async;
#[cfg(target_os = "linux")]
mod link;
#[cfg(target_os = "linux")]
mod message;
mod nearest;
#[cfg(target_os = "linux")]
pub(crate) mod observer;
pub(crate) mod option_table;
mod options;
#[cfg(target_os = "linux")]
mod own_observer;
#[cfg(target_os = "linux")]
mod page;
#[cfg(target_os = "linux")]
mod plant;
#[cfg(target_os = "linux")]
mod profiling;
mod program;
#[cfg(target_os = "linux")]
mod record;
#[cfg(feature = "tokio")]
pub mod runtime;
pub(crate) mod variables;
#[cfg(target_os = "linux")]
mod worker;
mod workload;

pub use binary_id::Target;
pub use entry::{Test, plain, workload};
pub use options::{DEFAULT_SETTLE, DEFAULT_TIME, DEFAULT_TIMEOUT, DEFAULT_WARMUP, Options};
pub use program::Check;
pub use workload::Workload;
