//! Snapshots of heap and process, and the difference between two of them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::heap::{self, Heap, HeapCounters};
#[cfg(target_os = "linux")]
use crate::process::ProcessError;
use crate::process::{ProcessGrowth, ProcessSnapshot};

/// What a snapshot measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Scope {
    /// The allocations of the calling thread.
    Thread,
    /// The whole process that took it.
    Process,
    /// The worker of a check, seen by its observer.
    Worker,
    /// Another process, without its heap counters.
    OtherProcess,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scope::Thread => "this thread",
            Scope::Process => "this process",
            Scope::Worker => "the worker",
            Scope::OtherProcess => "another process",
        })
    }
}

/// Heap and process at one instant.
///
/// [`thread`](Snapshot::thread) is exact and the same in every run, [`take`](Snapshot::take) is of the
/// whole process, [`of`](Snapshot::of) of any other process. Two snapshots of one kind give a
/// [`Growth`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Snapshot {
    /// What it measures.
    pub(crate) scope: Scope,
    /// The Rust heap; `None` where it is not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heap: Option<HeapCounters>,
    /// The measurements of the kernel; `None` for a thread, which has none of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessSnapshot>,
    /// What taking this snapshot left on the heap. It is subtracted from every difference.
    #[serde(skip)]
    taking: HeapCounters,
}

/// Why a snapshot could not be taken.
#[derive(Debug)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The global allocator of the process is not memcheck's.
    HeapNotCounted,
    /// The calling thread is not counted separately: there are more than 4,096 threads, the thread is
    /// about to end, or the system is not Linux.
    ThreadNotCounted,
    /// The process could not be measured.
    #[cfg(target_os = "linux")]
    Process(ProcessError),
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SnapshotError::HeapNotCounted => {
                f.write_str(heap::why_not_counted(heap::OWN_ALLOCATOR))
            }
            SnapshotError::ThreadNotCounted => f.write_str(
                "the allocations of this thread are not counted separately: there are more than 4,096 threads, the thread is about to end, or the system is not Linux; take the snapshot in a thread that started earlier, or of the whole process (`Snapshot::take`)",
            ),
            #[cfg(target_os = "linux")]
            SnapshotError::Process(_) => f.write_str("could not measure the process"),
        }
    }
}

impl std::error::Error for SnapshotError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            SnapshotError::HeapNotCounted | SnapshotError::ThreadNotCounted => None,
            #[cfg(target_os = "linux")]
            SnapshotError::Process(error) => Some(error),
        }
    }
}

impl Snapshot {
    /// The allocations of the calling thread. They are exact while other threads run, because only the
    /// calls of this thread count.
    ///
    /// ```
    /// use memcheck::Snapshot;
    /// let before = Snapshot::thread()?;
    /// let kept = std::hint::black_box(vec![0u8; 100]);
    /// let growth = Snapshot::thread()?.since(&before);
    /// assert_eq!(growth.heap.unwrap().live_bytes, 100);
    /// # drop(kept);
    /// # Ok::<(), memcheck::SnapshotError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SnapshotError::HeapNotCounted`] if the global allocator of the process is not memcheck's,
    /// [`SnapshotError::ThreadNotCounted`] if this thread is not counted separately.
    pub fn thread() -> Result<Self, SnapshotError> {
        if !heap::is_counted() {
            return Err(SnapshotError::HeapNotCounted);
        }
        let heap = heap::thread(Heap::Rust).ok_or(SnapshotError::ThreadNotCounted)?;
        Ok(Snapshot {
            scope: Scope::Thread,
            heap: Some(heap),
            process: None,
            taking: HeapCounters::default(),
        })
    }

    /// The whole calling process: its Rust heap and the measurements of the kernel.
    ///
    /// ```
    /// use memcheck::Snapshot;
    ///
    /// let before = Snapshot::take()?;
    /// let file = std::fs::File::open("/dev/null").unwrap();
    /// let after = Snapshot::take()?;
    /// println!("{}", after.since(&before));
    /// # drop(file);
    /// # Ok::<(), memcheck::SnapshotError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the heap is not counted or `/proc/self` cannot be read.
    #[cfg(target_os = "linux")]
    pub fn take() -> Result<Self, SnapshotError> {
        if !heap::is_counted() {
            return Err(SnapshotError::HeapNotCounted);
        }
        let heap = heap::process(Heap::Rust);
        let pid = rustix::process::getpid().as_raw_nonzero().get();
        let process = ProcessSnapshot::of(pid).map_err(SnapshotError::Process)?;
        let taking = heap::process(Heap::Rust).since(&heap);
        Ok(Snapshot { scope: Scope::Process, heap: Some(heap), process: Some(process), taking })
    }

    /// Any process, by its process ID, without its heap counters.
    ///
    /// # Errors
    ///
    /// If the process does not exist, may not be read, or is a zombie.
    #[cfg(target_os = "linux")]
    pub fn of(pid: i32) -> Result<Self, SnapshotError> {
        let process = Some(ProcessSnapshot::of(pid).map_err(SnapshotError::Process)?);
        let taking = HeapCounters::default();
        Ok(Snapshot { scope: Scope::OtherProcess, heap: None, process, taking })
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn of_worker(heap: Option<HeapCounters>, process: ProcessSnapshot) -> Self {
        let taking = HeapCounters::default();
        Snapshot { scope: Scope::Worker, heap, process: Some(process), taking }
    }

    /// The change from `before` to this snapshot.
    pub fn since(&self, before: &Snapshot) -> Growth {
        let heap = match (&self.heap, &before.heap) {
            (Some(after), Some(start)) => {
                let mut start = *start;
                start += before.taking;
                Some(after.since(&start))
            }
            _ => None,
        };
        let process = match (&self.process, &before.process) {
            (Some(after), Some(before)) => Some(after.since(before)),
            _ => None,
        };
        Growth { scope: self.scope, heap, process }
    }
}

/// The change between two snapshots.
///
/// [`Snapshot::since`] returns it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Growth {
    /// What it measures.
    pub(crate) scope: Scope,
    /// Change of the live blocks and bytes of the Rust heap, and what was allocated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heap: Option<HeapCounters>,
    /// Change of the measurements of the kernel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessGrowth>,
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "snapshot of {}", self.scope)?;
        if let Some(heap) = &self.heap {
            writeln!(
                f,
                "heap: {} live in {} blocks",
                crate::units::scaled(heap.live_bytes as f64),
                crate::units::grouped(heap.live_blocks)
            )?;
        }
        if let Some(process) = &self.process {
            write!(f, "{process}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Growth {
    /// The scope, then the changes. The heap is exact to the byte, so that one allocation more is
    /// visible. For the calling thread it is the same in every run.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "growth of {}", self.scope)?;
        if let Some(heap) = &self.heap {
            writeln!(
                f,
                "heap: {:+} B in {:+} blocks live; {} B in {} blocks allocated",
                heap.live_bytes, heap.live_blocks, heap.total_bytes, heap.total_blocks
            )?;
        }
        if let Some(process) = &self.process {
            write!(f, "{process}")?;
        }
        Ok(())
    }
}
