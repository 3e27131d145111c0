//! What the library reads about a process.
//!
//! Most tests start this binary again as a *probe*: a process that allocates one kind of memory, prints
//! how many bytes of it cost memory, and waits while the test reads it. [`runtimes`] reads programs of
//! other languages, [`cost`] measures the reading and runs by hand.
#![cfg(target_os = "linux")]

mod anonymous;
mod cgroup;
mod cost;
mod files;
mod heap;
mod many;
mod probe;
mod refused;
mod resources;
mod runtimes;
mod shared;
mod skip;
mod tree;
