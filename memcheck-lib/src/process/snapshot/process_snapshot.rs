//! A process at one instant, as data.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::process::memory::Footprint;
use crate::process::resources::{ChildProcess, Descriptor, ThreadGroup};
use crate::process::smaps::MappingGroup;
use crate::units::{Bytes, grouped};

/// What the kernel says about a process at one instant. A metric that could not be read is `None`,
/// never 0; `notes` say why.
///
/// Taking a snapshot walks every mapping of the process, which delays the process's own `mmap`
/// calls (0.13 s with 8 GiB resident).
///
/// ```
/// # #[cfg(target_os = "linux")] {
/// use memcheck::Snapshot;
///
/// let process = Snapshot::of(std::process::id() as i32)?.process.unwrap();
/// assert!(process.live_footprint() > Some(memcheck::Bytes(0)));
/// assert!(process.descriptor_count() >= Some(3));
/// # }
/// # Ok::<(), memcheck::SnapshotError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(Default))]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ProcessSnapshot {
    /// Process ID.
    pub pid: i32,
    /// Name of its command (15 bytes of it).
    pub name: String,
    /// The footprint, by part.
    pub footprint: Option<Footprint>,
    /// Memory that only descriptors hold.
    pub fd_memory: Option<Bytes>,
    /// `Rss`: resident pages, with shared pages and page cache.
    pub resident: Option<Bytes>,
    /// `Private_Clean + Private_Dirty`.
    pub unique: Option<Bytes>,
    /// `Pss`.
    pub proportional: Option<Bytes>,
    /// Reserved address space: inaccessible or not committed, and not touched.
    pub reserved: Option<Bytes>,
    /// Committed memory: mappings with flag `ac`, and shared memory.
    pub committed: Option<Bytes>,
    /// The part of the mappings with flag `ac` that was never touched.
    pub untouched: Option<Bytes>,
    /// `Pss_File`.
    pub page_cache: Option<Bytes>,
    /// Highest resident set so far, `VmHWM`.
    pub peak: Option<Bytes>,
    /// Swapped-out memory, with shared memory.
    pub swap: Option<Bytes>,
    /// `VmSize`.
    pub virtual_size: Option<Bytes>,
    /// Threads by name.
    #[doc(hidden)]
    pub threads: Option<Vec<ThreadGroup>>,
    /// Children of all threads.
    #[doc(hidden)]
    pub children: Option<Vec<ChildProcess>>,
    /// Open descriptors, by number.
    #[doc(hidden)]
    pub descriptors: Option<Vec<Descriptor>>,
    /// Number of mappings.
    pub mappings: Option<u64>,
    /// Limit of mappings per process, `vm.max_map_count`.
    pub max_mappings: Option<u64>,
    /// Mappings grouped by kind, name, permissions and flags.
    #[doc(hidden)]
    pub groups: Vec<MappingGroup>,
    /// What is missing, or differs from current kernels.
    pub notes: Vec<String>,
}

impl ProcessSnapshot {
    /// The footprint without lazily freed pages. Growth is judged on this.
    pub fn live_footprint(&self) -> Option<Bytes> {
        self.footprint.map(|footprint| Bytes(footprint.live()))
    }

    /// Number of threads.
    pub fn thread_count(&self) -> Option<u64> {
        self.threads.as_ref().map(|groups| groups.iter().map(|group| group.count).sum())
    }

    /// Number of child processes, zombies included.
    pub fn child_count(&self) -> Option<u64> {
        self.children.as_ref().map(|children| children.len() as u64)
    }

    /// Number of open file descriptors.
    pub fn descriptor_count(&self) -> Option<u64> {
        self.descriptors.as_ref().map(|descriptors| descriptors.len() as u64)
    }
}

#[cfg(not(target_os = "linux"))]
impl ProcessSnapshot {
    /// Reads the calling process, on Linux only.
    ///
    /// # Errors
    ///
    /// Always fails.
    #[doc(hidden)]
    pub fn own() -> Result<ProcessSnapshot, crate::process::error::ProcessError> {
        Err(crate::process::error::ProcessError::Unsupported)
    }

    /// Reads a process, on Linux only.
    ///
    /// # Errors
    ///
    /// Always fails.
    #[doc(hidden)]
    pub fn of(pid: i32) -> Result<ProcessSnapshot, crate::process::error::ProcessError> {
        let _ = pid;
        Err(crate::process::error::ProcessError::Unsupported)
    }
}

impl fmt::Display for ProcessSnapshot {
    /// One line per metric, in a fixed order.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} ({})", self.pid, self.name)?;
        let footprint = self.footprint.map(|footprint| Bytes(footprint.total()));
        let sizes = [
            ("footprint", footprint),
            ("live footprint", self.live_footprint()),
            ("fd memory", self.fd_memory),
            ("resident", self.resident),
            ("unique", self.unique),
            ("proportional", self.proportional),
            ("reserved", self.reserved),
            ("committed", self.committed),
            ("untouched", self.untouched),
            ("page cache", self.page_cache),
            ("peak", self.peak),
            ("swap", self.swap),
            ("virtual size", self.virtual_size),
        ];
        for (word, size) in sizes {
            match size {
                Some(size) => write!(f, "\n  {word:<16}{size}")?,
                None => write!(f, "\n  {word:<16}unknown")?,
            }
        }
        let counts = [
            ("threads", self.thread_count()),
            ("children", self.child_count()),
            ("fds", self.descriptor_count()),
            ("mappings", self.mappings),
        ];
        for (word, count) in counts {
            match count {
                Some(count) => {
                    let count = i64::try_from(count).unwrap_or(i64::MAX);
                    write!(f, "\n  {word:<16}{}", grouped(count))?;
                }
                None => write!(f, "\n  {word:<16}unknown")?,
            }
        }
        for note in &self.notes {
            write!(f, "\n  note: {note}")?;
        }
        Ok(())
    }
}
