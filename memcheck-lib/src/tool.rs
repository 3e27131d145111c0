//! What `cargo-memcheck` calls: observing one test of one binary. It is private:
//! the tool is pinned to this crate's exact version.

#[cfg(target_os = "linux")]
pub use crate::observer::kill_process_tree;
pub use crate::observer::{Cancel, Launch, Progress, Record, Settings, observe, prove};
pub use crate::options::variables::{
    TOOL_VARIABLES, UnknownVariable, VariableError, options as options_of_variables,
    unknown as unknown_variables,
};
pub use crate::report::atomic_file::replace as replace_file;
