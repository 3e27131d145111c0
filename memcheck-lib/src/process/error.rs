//! Why a process could not be read.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::units::Bytes;

/// The part of `/proc/PID/status` that every user can read. It is all there is for a process of
/// another user, or one that made itself non-dumpable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatusSummary {
    /// Name of the command (the kernel keeps 15 bytes).
    pub name: String,
    /// Real user ID of the process.
    pub uid: Option<u32>,
    /// Virtual size, `VmSize`.
    pub virtual_size: Option<Bytes>,
    /// Resident set, `VmRSS`. It counts shared pages and page cache in full.
    pub resident: Option<Bytes>,
    /// Resident anonymous memory, `RssAnon`.
    pub anonymous: Option<Bytes>,
    /// Highest resident set so far, `VmHWM`.
    pub peak: Option<Bytes>,
    /// Swapped-out memory, `VmSwap`, without shared memory.
    pub swap: Option<Bytes>,
    /// Page tables, `VmPTE`.
    pub page_tables: Option<Bytes>,
    /// Number of threads.
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
            true => f.write_str("unknown"),
            false => f.write_str(&parts.join(", ")),
        }
    }
}

/// Why a process could not be read.
///
/// `Display` says what failed, on what, and what to do. The cause is in
/// [`source`](std::error::Error::source) only: print the chain of errors to show it.
#[derive(Debug)]
#[non_exhaustive]
pub enum ProcessError {
    /// No process has this ID, or no longer.
    Gone {
        /// The requested process ID.
        pid: i32,
    },
    /// This user may not read the memory of the process: it belongs to another user, or made itself
    /// non-dumpable.
    NotPermitted {
        /// The requested process ID.
        pid: i32,
        /// The file that could not be read.
        path: PathBuf,
        /// What every user can read.
        #[doc(hidden)]
        status: Box<StatusSummary>,
    },
    /// The process has ended, but its parent has not waited for it: it has no memory.
    Zombie {
        /// The requested process ID.
        pid: i32,
        /// Name of the command it ran.
        name: String,
        /// Process ID of the parent.
        parent: i32,
    },
    /// The process is a kernel thread, which has no memory of its own.
    KernelThread {
        /// The requested process ID.
        pid: i32,
        /// Name of the kernel thread.
        name: String,
    },
    /// A file of `/proc` could not be read or parsed.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// This system has no Linux `/proc`.
    Unsupported,
}

impl ProcessError {
    /// Whether the process has no memory to read: there is no such process, or it has none.
    #[doc(hidden)]
    pub fn is_without_memory(&self) -> bool {
        match self {
            ProcessError::Gone { .. }
            | ProcessError::Zombie { .. }
            | ProcessError::KernelThread { .. }
            | ProcessError::Unsupported => true,
            ProcessError::NotPermitted { .. } | ProcessError::Unreadable { .. } => false,
        }
    }

    /// The message with its cause, for notes that hold text only.
    #[cfg(target_os = "linux")]
    pub(crate) fn with_cause(&self) -> String {
        match std::error::Error::source(self) {
            Some(cause) => format!("{self}: {cause}"),
            None => self.to_string(),
        }
    }
}

impl fmt::Display for ProcessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProcessError::Gone { pid } => {
                write!(f, "there is no process {pid}; it has ended, or the process ID is wrong")
            }
            ProcessError::NotPermitted { pid, path, status } => write!(
                f,
                "process {pid} ({}) does not let this user read {}; run as its user or as root (a \
                 process can also forbid it with PR_SET_DUMPABLE). Every user can read: {status}",
                status.name,
                path.display()
            ),
            ProcessError::Zombie { pid, name, parent } => write!(
                f,
                "process {pid} ({name}) is a zombie: it has ended and has no memory, but its \
                 parent {parent} has not waited for it"
            ),
            ProcessError::KernelThread { pid, name } => write!(
                f,
                "process {pid} ({name}) is a kernel thread, which has no memory of its own"
            ),
            ProcessError::Unreadable { path, .. } => write!(
                f,
                "cannot read {} (check that /proc is mounted, without `hidepid`)",
                path.display()
            ),
            ProcessError::Unsupported => f.write_str("process memory can be read only on Linux"),
        }
    }
}

impl std::error::Error for ProcessError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ProcessError::Unreadable { source, .. } => Some(source),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_is_printed_once() {
        let cause = io::Error::other("the disk is on fire");
        let error = ProcessError::Unreadable { path: "/proc/7/smaps".into(), source: cause };
        assert!(!error.to_string().contains("fire"), "{error}");
        #[cfg(target_os = "linux")]
        assert_eq!(
            error.with_cause(),
            "cannot read /proc/7/smaps (check that /proc is mounted, without `hidepid`): the disk is \
             on fire"
        );
    }
}
