//! What the library says about processes that state their own truth.
//!
//! Each test starts this binary again as a *probe*: a process that makes memory of one sort, says
//! how many bytes of it really cost something, and waits while it is looked at.
#![cfg(target_os = "linux")]

mod anonymous;
mod cgroup;
mod files;
mod heap;
mod many;
mod probe;
mod refused;
mod resources;
mod shared;
mod skip;
mod tree;
