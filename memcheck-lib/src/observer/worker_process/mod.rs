//! A worker process: starting it, the session with it, and ending it with everything that it started.

mod capture;
pub(super) mod ceiling;
pub(super) mod process;
pub(super) mod process_tree;
mod run_queue_delay;
pub(super) mod session;
pub(super) mod spawn;
mod threads;
