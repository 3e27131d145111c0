//! What `cargo-memcheck` calls, and the tests of this repository: observing one test of one binary,
//! and the parts of the library behind its public types. It is private: the tool is pinned to this
//! crate's exact version.

#[cfg(target_os = "linux")]
pub use crate::observer::kill_process_tree;
pub use crate::observer::{Cancel, Launch, Progress, Record, Settings, observe, prove};
pub use crate::options::variables::{
    TOOL_VARIABLES, UnknownVariable, VariableError, options as options_of_variables,
    unknown as unknown_variables,
};
pub use crate::report::atomic_file::replace as replace_file;

/// Numbers in, verdict out.
pub mod detect {
    pub use crate::detect::*;
}

/// The counters of the heaps.
pub mod heap {
    pub use crate::heap::*;
}

/// What the kernel says about a process.
pub mod process {
    pub use crate::process::*;
}

/// Results as text.
pub mod render {
    pub use crate::render::*;
}

/// The results as data, all parts of them.
pub mod report {
    pub use crate::report::rest::*;
    pub use crate::report::*;
}

/// Numbers as text.
pub mod units {
    pub use crate::units::*;
}
