//! A process at one instant.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::descriptors::Descriptor;
use super::footprint::Footprint;
use super::growth::ProcessGrowth;
use super::survey::MappingGroup;
use super::tasks::{ChildProcess, ThreadGroup};
use crate::units::{Bytes, grouped};

/// What the kernel says about a process at one instant. A metric that could not be read is `None`,
/// never 0; why is in `notes`.
///
/// Reading it walks every mapping of the process, which delays its own `mmap` calls meanwhile
/// (0.1 s with 8 GiB resident). For many readings there is [`Watch`](super::Watch).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ProcessSnapshot {
    /// The process.
    pub pid: i32,
    /// Name of its command (15 bytes of it).
    pub name: String,
    /// What it costs in memory, by part.
    pub footprint: Option<Footprint>,
    /// Memory that only a descriptor holds.
    pub fd_memory: Option<Bytes>,
    /// `Rss`: pages present, shared ones and page cache included.
    pub resident: Option<Bytes>,
    /// `Private_Clean + Private_Dirty`.
    pub unique: Option<Bytes>,
    /// `Pss`.
    pub proportional: Option<Bytes>,
    /// Address space only: inaccessible or never promised, and not touched.
    pub reserved: Option<Bytes>,
    /// What the kernel promised: mappings with flag `ac`, and shared memory.
    pub committed: Option<Bytes>,
    /// The part of the mappings with flag `ac` that was never touched.
    pub untouched: Option<Bytes>,
    /// `Pss_File`.
    pub page_cache: Option<Bytes>,
    /// Highest resident set so far, `VmHWM`.
    pub peak: Option<Bytes>,
    /// Swapped out, shared memory included.
    pub swap: Option<Bytes>,
    /// `VmSize`.
    pub virtual_size: Option<Bytes>,
    /// Threads by name.
    pub threads: Option<Vec<ThreadGroup>>,
    /// Children of all threads.
    pub children: Option<Vec<ChildProcess>>,
    /// Open descriptors, by number.
    pub descriptors: Option<Vec<Descriptor>>,
    /// How many mappings there are.
    pub mappings: Option<u64>,
    /// How many mappings a process may have, `vm.max_map_count`.
    pub max_mappings: Option<u64>,
    /// Mappings grouped by kind, name, permissions and flags.
    pub groups: Vec<MappingGroup>,
    /// What is missing or not what it is on current kernels.
    pub notes: Vec<String>,
}

impl ProcessSnapshot {
    /// The footprint without what is lazily freed. Growth is judged on this.
    pub fn live_footprint(&self) -> Option<Bytes> {
        self.footprint.map(|footprint| Bytes(footprint.live()))
    }

    /// How many threads there are.
    pub fn thread_count(&self) -> Option<u64> {
        self.threads.as_ref().map(|groups| groups.iter().map(|group| group.count).sum())
    }

    /// What changed from `before` to this snapshot.
    ///
    /// ```no_run
    /// use memcheck::process::ProcessSnapshot;
    ///
    /// let before = ProcessSnapshot::own()?;
    /// let block = vec![1u8; 64 << 20];
    /// let growth = ProcessSnapshot::own()?.since(&before);
    /// println!("{growth}");
    /// # drop(block);
    /// # Ok::<(), memcheck::process::ProcessError>(())
    /// ```
    pub fn since(&self, before: &ProcessSnapshot) -> ProcessGrowth {
        ProcessGrowth::between(before, self)
    }
}

#[cfg(not(target_os = "linux"))]
impl ProcessSnapshot {
    /// Reads the calling process; not on this system.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn own() -> Result<ProcessSnapshot, super::ProcessError> {
        Err(super::ProcessError::Unsupported)
    }

    /// Reads a process; not on this system.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn of(pid: i32) -> Result<ProcessSnapshot, super::ProcessError> {
        let _ = pid;
        Err(super::ProcessError::Unsupported)
    }
}

impl fmt::Display for ProcessSnapshot {
    /// One line for each word, in a fixed order.
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
        let length = |list: Option<usize>| list.map(|length| length as u64);
        let counts = [
            ("threads", self.thread_count()),
            ("children", length(self.children.as_ref().map(Vec::len))),
            ("fds", length(self.descriptors.as_ref().map(Vec::len))),
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
