//! The messages between observer and worker.
//!
//! They travel over a `SOCK_SEQPACKET` socket, one packet each, within one machine: numbers are in
//! native byte order. All but [`Hello`] have a fixed size and are built on the stack, so that
//! saying them allocates nothing. The first eight bytes of every packet never change their meaning
//! over protocol versions: kind, then protocol version.

mod packet;

use serde::{Deserialize, Serialize};

use crate::heap::CHeapState;
use crate::heap::HeapCounters;
use crate::heap::allocators::AllocatorStats;
use crate::options::Options;
use crate::report::{Plant, Profile, TestId};
pub(crate) use packet::{FIXED, encode_allocators, encode_ended, encode_failed, encode_profile};

/// Version of everything in this file. A worker and an observer of different versions do not talk.
pub(crate) const PROTOCOL: u32 = 7;

/// Name of the variable that makes a test binary a worker.
pub(crate) const VARIABLE: &str = "MEMCHECK_WORKER";

/// Name of the variable that says which check of a program its worker is to run.
pub(crate) const CHECK_VARIABLE: &str = "MEMCHECK_CHECK";

/// Longest packet.
pub(crate) const LONGEST: usize = 16 * 1024;

/// What the observer asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Run so many iterations, then send a checkpoint.
    Run { iterations: u64 },
    /// Run so many iterations, measuring each by itself, then send a profile.
    Profile { iterations: u64 },
    /// Send a checkpoint.
    Sample,
    /// Ask the allocators to give memory back, then send a checkpoint.
    Trim,
    /// Send what the allocators say of themselves.
    Allocators,
    /// Drive the runtime of an `async` test, or wait for it, until no more than `tasks` tasks are
    /// left in it and its heap has stopped, at most for `limit_ns`; then send a checkpoint.
    Drive { tasks: u64, limit_ns: u64 },
    /// Leak this beside the body from now on, then send a checkpoint.
    Plant(Plant),
    /// From now on record call stacks, into the file of the shared page, which was made long
    /// enough; then send a checkpoint. Whether it is done stands in that file.
    Record,
    /// Take the text that comes in the next packet, of so many bytes, for the snapshot; then send a
    /// checkpoint. It is asserted once the test has come to its end.
    Snapshot { length: u64 },
    /// Bring the test to its end.
    Finish,
    /// Go on: what was printed so far is taken. The answer to the worker's first packet and to its
    /// last, so that what the harness prints is told from what the test prints.
    GoOn,
}

/// What the worker says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reply {
    Hello(Box<Hello>),
    Checkpoint(Checkpoint),
    Profile(Profile),
    Allocators(Vec<AllocatorStats>),
    /// The check failed. The worker's last packet.
    Failed {
        failure: Failure,
        text: String,
    },
    /// The test came to its end after [`Command::Finish`]. The worker's last packet.
    Ended,
}

/// Who the worker is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Hello {
    /// Version of the library in the worker.
    pub(crate) library: String,
    pub(crate) test: TestId,
    pub(crate) options: Options,
    /// Whether the process's global allocator is counted.
    pub(crate) heap_counted: bool,
    /// Whether the library leaves the global allocator to the crate: why it may not be counted.
    #[serde(default)]
    pub(crate) own_allocator: bool,
    /// Whether it is not, but its blocks are counted as those of the C heap.
    #[serde(default)]
    pub(crate) heap_counted_as_c: bool,
    /// Whether the C heap is counted.
    pub(crate) native_heap: CHeapState,
    /// Whether the test wants its profile, to assert a snapshot.
    #[serde(default)]
    pub(crate) snapshot: bool,
    /// Number of the thread that iterates.
    #[serde(default)]
    pub(crate) thread: i32,
}

/// The worker's side of a checkpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    /// Iterations done since the start of the worker.
    pub(crate) iterations: u64,
    /// CPU time of the whole process in nanoseconds.
    pub(crate) cpu_ns: u64,
    /// Wall time of the iterations since the checkpoint before, in nanoseconds.
    pub(crate) wall_ns: u64,
    pub(crate) rust: HeapCounters,
    pub(crate) native: HeapCounters,
    /// Tasks that have not ended, where the body runs in a runtime that is known.
    pub(crate) tasks: Option<u64>,
}

/// Why a worker gives up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The body panicked.
    Panicked = 1,
    /// The body returned an error.
    ReturnedError = 2,
    /// The test with set-up came to its end without `iterate`.
    NeverIterated = 3,
    /// A leak could not be planted.
    CannotPlant = 4,
    /// The profile is not that of the snapshot.
    Snapshot = 5,
}

/// Why a packet could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MessageError {
    /// The other side speaks another version.
    Version { theirs: u32, library: Option<String> },
    /// Not a packet of this protocol.
    Malformed,
}
