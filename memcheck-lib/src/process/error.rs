//! Why a process could not be read.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::units::Bytes;

/// What `/proc/PID/status` tells of a process whose memory may not be read. World-readable, so it
/// is what remains for a process of another user or one that made itself non-dumpable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatusSummary {
    /// Name of the command (the kernel keeps 15 bytes).
    pub name: String,
    /// Real user id of the process.
    pub uid: Option<u32>,
    /// Virtual size, `VmSize`.
    pub virtual_size: Option<Bytes>,
    /// Resident set, `VmRSS`: counts shared pages and page cache in full.
    pub resident: Option<Bytes>,
    /// Resident anonymous memory, `RssAnon`.
    pub anonymous: Option<Bytes>,
    /// Highest resident set so far, `VmHWM`.
    pub peak: Option<Bytes>,
    /// Swapped out, `VmSwap` (without shared memory).
    pub swap: Option<Bytes>,
    /// Page tables, `VmPTE`.
    pub page_tables: Option<Bytes>,
    /// Threads.
    pub threads: Option<u64>,
}

impl fmt::Display for StatusSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes = [
            ("virtual size", self.virtual_size),
            ("resident", self.resident),
            ("anonymous", self.anonymous),
            ("peak resident", self.peak),
            ("swap", self.swap),
            ("page tables", self.page_tables),
        ];
        let mut parts: Vec<String> = sizes
            .iter()
            .filter_map(|(word, size)| size.map(|size| format!("{word} {size}")))
            .collect();
        if let Some(threads) = self.threads {
            parts.push(format!("{threads} thread{}", if threads == 1 { "" } else { "s" }));
        }
        match parts.is_empty() {
            true => f.write_str("no metrics"),
            false => f.write_str(&parts.join(", ")),
        }
    }
}

/// Why a process could not be read.
#[derive(Debug)]
#[non_exhaustive]
pub enum ProcessError {
    /// No process has this pid (any more).
    Gone {
        /// The pid that was asked for.
        pid: i32,
    },
    /// The kernel refuses the memory metrics: another user's process, or one that made itself
    /// non-dumpable.
    NotPermitted {
        /// The pid that was asked for.
        pid: i32,
        /// The file that was refused.
        path: PathBuf,
        /// What the kernel tells everyone.
        status: Box<StatusSummary>,
        /// The kernel's answer.
        source: io::Error,
    },
    /// The process has ended and waits for its parent to collect it: it has no memory.
    Zombie {
        /// The pid that was asked for.
        pid: i32,
        /// Name of the command it ran.
        name: String,
        /// Pid of the parent that has not collected it.
        parent: i32,
    },
    /// The pid is a thread of the kernel, which has no memory of its own to read.
    KernelThread {
        /// The pid that was asked for.
        pid: i32,
        /// Name of the kernel thread.
        name: String,
    },
    /// A file of `/proc` could not be read or understood.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What went wrong with it.
        source: io::Error,
    },
    /// This system has no Linux `/proc` to read.
    Unsupported,
}

impl fmt::Display for ProcessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProcessError::Gone { pid } => {
                write!(f, "there is no process {pid}: it has ended, or the pid is mistyped")
            }
            ProcessError::NotPermitted { pid, path, status, .. } => write!(
                f,
                "process {pid} ({}) does not let this user read {}: run as its user or as root \
                 (a process can also forbid it with PR_SET_DUMPABLE); what the kernel tells \
                 everyone: {status}",
                status.name,
                path.display()
            ),
            ProcessError::Zombie { pid, name, parent } => write!(
                f,
                "process {pid} ({name}) is a zombie: it has ended and has no memory; its parent \
                 {parent} has not waited for it"
            ),
            ProcessError::KernelThread { pid, name } => write!(
                f,
                "pid {pid} ({name}) is a thread of the kernel: it has no memory of its own to read"
            ),
            ProcessError::Unreadable { path, source } => write!(
                f,
                "cannot read {}: {source}; is /proc mounted, and not with hidepid?",
                path.display()
            ),
            ProcessError::Unsupported => {
                f.write_str("the memory of a process can be read on Linux only")
            }
        }
    }
}

impl std::error::Error for ProcessError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ProcessError::NotPermitted { source, .. } | ProcessError::Unreadable { source, .. } => {
                Some(source)
            }
            _ => None,
        }
    }
}
