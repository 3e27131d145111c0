//! What `cargo-memcheck` calls: observing one test of one binary. No part of the public interface:
//! the tool is pinned to this crate's exact version.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::check::Options;
use crate::report::Report;

/// How to start the worker of one test.
#[derive(Clone, Debug, Default)]
pub struct Launch {
    /// The test binary.
    pub program: PathBuf,
    /// Path of the test as libtest spells it.
    pub test: String,
    /// Binary id as nextest spells it, for the report.
    pub binary: String,
    /// Arguments of the user for the test binary.
    pub arguments: Vec<OsString>,
    /// Working directory.
    pub directory: PathBuf,
    /// Environment variables to set on top of the tool's own; `None` removes one.
    pub environment: Vec<(OsString, Option<OsString>)>,
    /// Whether the worker leads a process group of its own, which is killed at the end.
    pub own_group: bool,
    /// Pass the worker's output through to stdout and stderr as well.
    pub show_output: bool,
}

/// Layers of options around those of the attribute.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Below the attribute.
    pub defaults: Options,
    /// Above the attribute: environment and flags.
    pub overrides: Options,
}

/// Where a running check is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Iterations done, warm-up included.
    pub iterations: u64,
}

/// Lets another thread (a signal's) end running checks.
#[derive(Clone, Debug, Default)]
pub struct Cancel {}

impl Cancel {
    /// Ends every check that was given this handle: its workers are killed.
    pub fn cancel(&self) {}
}

/// Starts the worker of one test, observes it to its end and judges it. Leaves no process behind.
pub fn observe(
    launch: &Launch,
    settings: &Settings,
    cancel: &Cancel,
    progress: &mut dyn FnMut(Progress),
) -> Report {
    let _ = (launch, settings, cancel, progress);
    unreachable!()
}
