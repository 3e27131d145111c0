//! Records the call stack of every resource that a worker acquires (heap blocks, mappings, threads,
//! descriptors, children) until the worker releases it. The resources that stay lead to the line
//! that leaks.
//!
//! While the recorder is off, it costs one load of a flag per call that could be recorded. It is
//! switched on only in a worker whose test was already judged. It then walks the stack of each call
//! and keeps the acquired resource under its address or number until its release. The tables are in
//! memory that worker and observer share, outside every counted heap: the worker sends nothing, and
//! the observer can read the tables after the worker's death.
//!
//! The tables hold 1.5 million live resources, 131,072 stacks and 4 million return addresses. Full,
//! they take at most 104 MiB (`tables/layout.rs` asserts this bound). What does not fit is counted
//! and reported.
//!
//! The recorder looks up no symbols: the tool that reads the report turns addresses into lines.
//!
//! Without the feature `sites`, and on targets where stacks cannot be walked, `off` replaces `on`.
//! Both have the functions that the allocator calls, so the allocator needs no `cfg` of its own.

#[cfg(not(memcheck_sites))]
mod off;
#[cfg(memcheck_sites)]
mod on;

#[cfg(not(memcheck_sites))]
pub(crate) use off::{acquired, is_on, released, resizing};
#[cfg(memcheck_sites)]
pub(crate) use on::{
    FILE_LENGTH, LoadedCode, MAX_FRAMES, Memory, RecordedSite, Tables, Unattributed, acquired,
    forget_unloaded_code, is_on, released, resizing, start, stop,
};
