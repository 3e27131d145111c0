//! What `cargo-memcheck` calls: observing one test of one binary. No part of the public interface:
//! the tool is pinned to this crate's exact version.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use crate::check::Options;
pub use crate::check::option_table::{
    Kind, Row, TABLE as OPTION_TABLE, Value, ValueError, find as find_option, nearest,
};
use crate::check::variables;
pub use crate::check::variables::{
    UnknownVariable, VariableError, options as options_of_variables, unknown as unknown_variables,
};
use crate::report::{Proof, Report, Warning};

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
    /// A [`Check`](crate::Check) of a program instead of a test of libtest's: the worker is the
    /// program with [`arguments`](Launch::arguments) alone, and this is the check it runs.
    pub check: Option<String>,
    /// Whether the worker leads a process group of its own, which is killed at the end.
    pub own_group: bool,
    /// Pass the worker's output through to stdout and stderr as well.
    pub show_output: bool,
}

impl Launch {
    /// Gives a command the working directory and the environment.
    pub fn surround(&self, command: &mut std::process::Command) {
        if !self.directory.as_os_str().is_empty() {
            command.current_dir(&self.directory);
        }
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
    }
}

/// Layers of options around those of the attribute.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Below the attribute.
    pub defaults: Options,
    /// Above the attribute: environment and flags.
    pub overrides: Options,
    /// Checks that run at the same time, among which the memory of the machine is divided. `None`:
    /// as many as there are cores, what libtest does.
    pub jobs: Option<NonZeroUsize>,
    /// Which tests are recorded after they were judged.
    pub sites: Record,
    /// Call nothing growing, whatever it shows: to test that [`prove`] finds it out.
    pub blind: bool,
}

/// Code of the warning of a variable that means nothing.
pub(crate) const UNKNOWN_VARIABLE: &str = "unknown-variable";

impl Settings {
    /// What holds where nobody but the environment says anything: in a test that is its own
    /// observer. Warnings tell the variables that mean nothing.
    ///
    /// # Errors
    ///
    /// A variable whose value does not fit.
    pub(crate) fn from_environment() -> Result<(Self, Vec<Warning>), VariableError> {
        let overrides = variables::options(|name| std::env::var_os(name))?;
        let names = std::env::vars_os().map(|(name, _)| name);
        let warnings = variables::unknown(names)
            .iter()
            .map(|unknown| Warning {
                code: UNKNOWN_VARIABLE.to_owned(),
                message: unknown.to_string(),
            })
            .collect();
        Ok((Settings { overrides, ..Settings::default() }, warnings))
    }
}

/// Which tests run on after they were judged, with the call stacks of what they allocate recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Record {
    /// None: nobody can make lines of the addresses.
    #[default]
    Never,
    /// Those that grow.
    Growing,
    /// All.
    Always,
}

impl Record {
    /// Whether a test that was judged so is recorded.
    ///
    /// A known leak is not, unless all are: it does not fail, and its place was found already.
    #[cfg(target_os = "linux")]
    pub(crate) fn is_wanted(self, verdict: Option<crate::report::Verdict>, known: bool) -> bool {
        match self {
            Record::Never => false,
            Record::Growing => verdict == Some(crate::report::Verdict::Growing) && !known,
            Record::Always => true,
        }
    }
}

/// Where a running check is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Iterations done, warm-up included.
    pub iterations: u64,
}

/// Lets another thread (a signal's) end running checks.
#[derive(Clone, Debug)]
pub struct Cancel {
    /// An eventfd that is readable once the checks are to end; `None` where nobody will ask.
    #[cfg(target_os = "linux")]
    descriptor: Option<std::sync::Arc<std::os::fd::OwnedFd>>,
}

impl Cancel {
    /// A handle that ends every check it was given to.
    ///
    /// # Errors
    ///
    /// The kernel's, when it has no descriptor to give.
    pub fn new() -> std::io::Result<Self> {
        Ok(Cancel {
            #[cfg(target_os = "linux")]
            descriptor: Some(std::sync::Arc::new(rustix::event::eventfd(
                0,
                rustix::event::EventfdFlags::CLOEXEC | rustix::event::EventfdFlags::NONBLOCK,
            )?)),
        })
    }

    /// A handle that never ends anything.
    pub fn never() -> Self {
        Cancel {
            #[cfg(target_os = "linux")]
            descriptor: None,
        }
    }

    /// Ends every check that was given this handle: its workers are killed.
    pub fn cancel(&self) {
        #[cfg(target_os = "linux")]
        if let Some(descriptor) = &self.descriptor {
            // Only a counter at its maximum refuses, and that is readable too.
            let _ = rustix::io::write(descriptor, &1u64.to_ne_bytes());
        }
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn descriptor(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        self.descriptor.as_deref().map(std::os::fd::AsFd::as_fd)
    }
}

/// Starts the worker of one test, observes it to its end and judges it. Leaves no process behind.
///
/// The calling thread must live until this returns.
#[cfg(target_os = "linux")]
pub fn observe(
    launch: &Launch,
    settings: &Settings,
    cancel: &Cancel,
    progress: &mut dyn FnMut(Progress),
) -> Report {
    crate::check::observer::observe(launch, settings, cancel, progress)
}

/// Plants leaks beside a test that passed, of the size that its `report` says would have been seen,
/// and says whether they are called growing. Leaves no process behind.
///
/// The calling thread must live until this returns.
#[cfg(target_os = "linux")]
pub fn prove(
    launch: &Launch,
    settings: &Settings,
    report: &Report,
    cancel: &Cancel,
    progress: &mut dyn FnMut(Progress),
) -> Proof {
    crate::check::observer::prove(launch, settings, report, cancel, progress)
}

/// On other systems nothing can be proven.
#[cfg(not(target_os = "linux"))]
pub fn prove(
    _launch: &Launch,
    _settings: &Settings,
    _report: &Report,
    _cancel: &Cancel,
    _progress: &mut dyn FnMut(Progress),
) -> Proof {
    Proof::default()
}

/// On other systems nothing can be measured.
#[cfg(not(target_os = "linux"))]
pub fn observe(
    launch: &Launch,
    _settings: &Settings,
    _cancel: &Cancel,
    _progress: &mut dyn FnMut(Progress),
) -> Report {
    let test = crate::report::TestId { name: launch.test.clone(), ..Default::default() };
    Report::broken(test, "memcheck measures on Linux only".to_owned())
}

/// Kills what a child process started: its process group, where it leads one, and every process
/// that has the entry `mark` (`NAME=value`) in its environment. The child itself is to be ended
/// before, and still to be waited for.
#[cfg(target_os = "linux")]
pub fn end_with_kin(child: u32, mark: &str) {
    if let Some(child) = rustix::process::Pid::from_raw(child.cast_signed()) {
        crate::check::observer::end_kin(child, true, mark);
    }
}

/// Writes a file as a whole or not at all: into a new file beside it that then takes its name. What
/// is no ordinary file (`/dev/stdout`, a pipe) is written to as it is.
///
/// # Errors
///
/// The kernel's.
pub fn replace_file(path: &std::path::Path, contents: &[u8]) -> std::io::Result<()> {
    crate::report::file::replace(path, contents)
}
