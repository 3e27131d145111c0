//! The messages between observer and worker.
//!
//! Each is one packet on a `SOCK_SEQPACKET` socket within one machine; [`packet`](super::packet) has
//! the layout.

use serde::{Deserialize, Serialize};

use crate::heap::CHeapState;
use crate::heap::HeapCounters;
use crate::heap::allocators::AllocatorStats;
use crate::options::Options;
use crate::report::{AllocationProfile, Plant, TestId};

/// Version of the messages and their packets. An observer refuses a worker of another version.
pub(crate) const PROTOCOL: u32 = 7;

/// Size limit of a packet, in bytes.
pub(crate) const LONGEST: usize = 16 * 1024;

/// What the observer asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Run so many iterations, then send a checkpoint.
    Run { iterations: u64 },
    /// Run so many iterations, measure each one separately, then send a profile.
    Profile { iterations: u64 },
    /// Send a checkpoint.
    Sample,
    /// Ask the allocators to return memory to the system, then send a checkpoint.
    Trim,
    /// Send the allocators' own statistics.
    Allocators,
    /// Drive the runtime of an `async` test, or wait for it, until at most `tasks` tasks are left in
    /// it and its heap no longer changes, for `limit_ns` at most; then send a checkpoint.
    Drive { tasks: u64, limit_ns: u64 },
    /// From now on leak this in addition to what the body does, then send a checkpoint.
    Plant(Plant),
    /// From now on record call stacks, into the shared file, which the observer has made long enough;
    /// then send a checkpoint. A flag in that file tells whether recording has started.
    Record,
    /// Receive the text of the profile for the snapshot, so many bytes in the next packet; then send
    /// a checkpoint. The worker asserts the snapshot at the end of the test.
    Snapshot { length: u64 },
    /// End the test.
    Finish,
    /// Continue: the observer has read the output so far. The answer to the worker's first packet and
    /// to its last, so that the observer can separate the output of the test from that of the harness.
    GoOn,
}

/// What the worker answers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reply {
    Hello(Box<Hello>),
    Checkpoint(Checkpoint),
    Profile(AllocationProfile),
    Allocators(Vec<AllocatorStats>),
    /// The check failed. The worker's last packet.
    Failed {
        failure: Failure,
        text: String,
    },
    /// The test ended after [`Command::Finish`]. The worker's last packet.
    Ended,
}

/// The worker's first packet: which test it runs, and what is counted in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Hello {
    /// Version of the library in the worker.
    pub(crate) library: String,
    pub(crate) test: TestId,
    pub(crate) options: Options,
    /// Whether the process's global allocator is counted.
    pub(crate) heap_counted: bool,
    /// Whether the crate brings its own global allocator: the reason why it may not be counted.
    #[serde(default)]
    pub(crate) own_allocator: bool,
    /// Whether the Rust heap is not counted itself, but its blocks are counted as blocks of the C heap.
    #[serde(default)]
    pub(crate) heap_counted_as_c: bool,
    /// Whether the C heap is counted.
    pub(crate) native_heap: CHeapState,
    /// Whether the test needs its profile, to assert a snapshot.
    #[serde(default)]
    pub(crate) snapshot: bool,
    /// ID of the thread that iterates.
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
    /// Wall time of the iterations since the previous checkpoint, in nanoseconds.
    pub(crate) wall_ns: u64,
    pub(crate) rust: HeapCounters,
    pub(crate) native: HeapCounters,
    /// Tasks that have not ended, if the body runs in a runtime that memcheck knows.
    pub(crate) tasks: Option<u64>,
}

/// Why a worker gives up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The body panicked.
    Panicked = 1,
    /// The body returned an error.
    ReturnedError = 2,
    /// A test with set-up ended without `iterate`.
    NeverIterated = 3,
    /// A leak could not be planted.
    CannotPlant = 4,
    /// The profile differs from the snapshot.
    Snapshot = 5,
}

/// Why a packet could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MessageError {
    /// The other side uses another protocol version.
    Version { theirs: u32, library: Option<String> },
    /// Not a packet of this protocol.
    Malformed,
}
