//! The layout of the messages in their packets.
//!
//! Numbers are in native byte order. All packets but [`Hello`] have a fixed size and are built on the
//! stack, so that sending them allocates nothing. The first eight bytes of every packet keep their
//! meaning in all protocol versions: kind, then protocol version.

use serde::Deserialize;

use super::message::{Checkpoint, Command, Failure, Hello, MessageError, PROTOCOL, Reply};
use crate::heap::HeapCounters;
use crate::heap::allocators::{Allocator, AllocatorStats};
use crate::json::{self, JsonError};
use crate::report::{AllocationProfile, HeapChange, IterationRange, Plant, PlantKind};

/// Packets of fixed size: a head and this many words.
const WORDS: usize = 16;
pub(crate) const FIXED: usize = 8 + 8 * WORDS;
/// Room for the text of a failure.
pub(crate) const TEXT: usize = 1024;

const HELLO: u32 = 1;
const CHECKPOINT: u32 = 2;
const PROFILE: u32 = 3;
const FAILED: u32 = 4;
const ENDED: u32 = 5;
const ALLOCATORS: u32 = 6;
const RUN: u32 = 0x101;
const PROFILE_RUN: u32 = 0x102;
const SAMPLE: u32 = 0x103;
const FINISH: u32 = 0x104;
const TRIM: u32 = 0x105;
const ASK_ALLOCATORS: u32 = 0x106;
const RECORD: u32 = 0x107;
const DRIVE: u32 = 0x108;
const PLANT: u32 = 0x109;
const SNAPSHOT: u32 = 0x10a;
const GO_ON: u32 = 0x10b;

fn head(kind: u32) -> [u8; FIXED] {
    let mut packet = [0; FIXED];
    packet[..4].copy_from_slice(&kind.to_ne_bytes());
    packet[4..8].copy_from_slice(&PROTOCOL.to_ne_bytes());
    packet
}

fn fixed(kind: u32, words: &[u64]) -> [u8; FIXED] {
    let mut packet = head(kind);
    for (place, word) in packet[8..].chunks_exact_mut(8).zip(words) {
        place.copy_from_slice(&word.to_ne_bytes());
    }
    packet
}

fn words(packet: &[u8]) -> Result<[u64; WORDS], MessageError> {
    let body = packet.get(8..FIXED).ok_or(MessageError::Malformed)?;
    let mut words = [0; WORDS];
    for (word, bytes) in words.iter_mut().zip(body.chunks_exact(8)) {
        *word = u64::from_ne_bytes(bytes.try_into().map_err(|_| MessageError::Malformed)?);
    }
    Ok(words)
}

/// Kind of a packet; an error for another version.
fn kind(packet: &[u8]) -> Result<u32, MessageError> {
    let word = |at: usize| -> Result<u32, MessageError> {
        let bytes = packet.get(at..at + 4).ok_or(MessageError::Malformed)?;
        Ok(u32::from_ne_bytes(bytes.try_into().map_err(|_| MessageError::Malformed)?))
    };
    let (kind, version) = (word(0)?, word(4)?);
    if version != PROTOCOL {
        // In every version a hello is JSON that contains the version of the library.
        let library = (kind == HELLO)
            .then(|| packet.get(8..))
            .flatten()
            .and_then(|body| json::from_slice::<AnyHello>(body).ok().map(|hello| hello.library));
        return Err(MessageError::Version { theirs: version, library });
    }
    Ok(kind)
}

/// What the hello of every version has.
#[derive(Deserialize)]
struct AnyHello {
    library: String,
}

fn counters(words: &[u64]) -> HeapCounters {
    let word = |at: usize| words.get(at).copied().unwrap_or(0);
    HeapCounters {
        live_blocks: word(0) as i64,
        live_bytes: word(1) as i64,
        total_blocks: word(2),
        total_bytes: word(3),
    }
}

impl Command {
    pub(crate) fn encode(self) -> [u8; FIXED] {
        match self {
            Command::Run { iterations } => fixed(RUN, &[iterations]),
            Command::Profile { iterations } => fixed(PROFILE_RUN, &[iterations]),
            Command::Sample => fixed(SAMPLE, &[]),
            Command::Trim => fixed(TRIM, &[]),
            Command::Allocators => fixed(ASK_ALLOCATORS, &[]),
            Command::Drive { tasks, limit_ns } => fixed(DRIVE, &[tasks, limit_ns]),
            Command::Plant(Plant { kind, every, count, size }) => {
                fixed(PLANT, &[kind as u64, every, count, size])
            }
            Command::Record => fixed(RECORD, &[]),
            Command::Snapshot { length } => fixed(SNAPSHOT, &[length]),
            Command::Finish => fixed(FINISH, &[]),
            Command::GoOn => fixed(GO_ON, &[]),
        }
    }

    pub(crate) fn decode(packet: &[u8]) -> Result<Self, MessageError> {
        let kind = kind(packet)?;
        let [argument, second, third, fourth, ..] = words(packet)?;
        Ok(match kind {
            RUN => Command::Run { iterations: argument },
            PROFILE_RUN => Command::Profile { iterations: argument },
            SAMPLE => Command::Sample,
            TRIM => Command::Trim,
            ASK_ALLOCATORS => Command::Allocators,
            DRIVE => Command::Drive { tasks: argument, limit_ns: second },
            PLANT => Command::Plant(Plant {
                kind: *usize::try_from(argument)
                    .ok()
                    .and_then(|at| PlantKind::ALL.get(at))
                    .ok_or(MessageError::Malformed)?,
                every: second,
                count: third,
                size: fourth,
            }),
            RECORD => Command::Record,
            SNAPSHOT => Command::Snapshot { length: argument },
            FINISH => Command::Finish,
            GO_ON => Command::GoOn,
            _ => return Err(MessageError::Malformed),
        })
    }
}

impl Hello {
    /// The packet. Allocates, which is harmless: it is sent before anything is measured.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, JsonError> {
        let mut packet = head(HELLO)[..8].to_vec();
        packet.extend_from_slice(json::to_string(self)?.as_bytes());
        Ok(packet)
    }
}

impl Checkpoint {
    pub(crate) fn encode(&self) -> [u8; FIXED] {
        fixed(
            CHECKPOINT,
            &[
                self.iterations,
                self.cpu_ns,
                self.wall_ns,
                self.rust.live_blocks as u64,
                self.rust.live_bytes as u64,
                self.rust.total_blocks,
                self.rust.total_bytes,
                self.native.live_blocks as u64,
                self.native.live_bytes as u64,
                self.native.total_blocks,
                self.native.total_bytes,
                self.tasks.unwrap_or(UNKNOWN),
            ],
        )
    }
}

/// The packet of a profile.
pub(crate) fn encode_profile(profile: &AllocationProfile) -> [u8; FIXED] {
    let peak = profile.peak.unwrap_or_default();
    let (heap, c_heap) = (profile.heap.unwrap_or_default(), profile.c_heap.unwrap_or_default());
    let present = [profile.peak.is_some(), profile.heap.is_some(), profile.c_heap.is_some()];
    let flags = present.into_iter().chain([profile.one_thread]).enumerate();
    fixed(
        PROFILE,
        &[
            profile.iterations,
            profile.allocations.min,
            profile.allocations.max,
            profile.allocations.at,
            profile.bytes.min,
            profile.bytes.max,
            profile.bytes.at,
            flags.map(|(at, is)| u64::from(is) << at).sum(),
            peak.min,
            peak.max,
            peak.at,
            heap.min as u64,
            heap.max as u64,
            c_heap.min as u64,
            c_heap.max as u64,
        ],
    )
}

/// Words for each allocator: allocated, active, resident, retained; [`UNKNOWN`] for those that it does
/// not report.
const ALLOCATOR_WORDS: usize = 4;
const UNKNOWN: u64 = u64::MAX;

/// The packet of the allocators' statistics: first a word with one bit for each allocator that is
/// present, then the words of each, in the order of [`Allocator::ALL`].
pub(crate) fn encode_allocators(
    metrics: [Option<AllocatorStats>; Allocator::ALL.len()],
) -> [u8; FIXED] {
    let mut words = [UNKNOWN; 1 + ALLOCATOR_WORDS * Allocator::ALL.len()];
    words[0] = 0;
    for (at, of) in metrics.iter().enumerate() {
        let Some(of) = of else { continue };
        words[0] |= 1 << at;
        let values = [of.allocated, of.active, of.resident, of.retained];
        let place = &mut words[1 + at * ALLOCATOR_WORDS..][..ALLOCATOR_WORDS];
        for (word, value) in place.iter_mut().zip(values) {
            *word = value.unwrap_or(UNKNOWN);
        }
    }
    fixed(ALLOCATORS, &words)
}

fn decode_allocators(words: &[u64; WORDS]) -> Vec<AllocatorStats> {
    let present = Allocator::ALL.into_iter().enumerate().filter(|(at, _)| words[0] & 1 << at != 0);
    let metrics = present.map(|(at, allocator)| {
        let value = |word: usize| {
            let word = words[1 + at * ALLOCATOR_WORDS + word];
            (word != UNKNOWN).then_some(word)
        };
        AllocatorStats {
            allocator,
            allocated: value(0),
            active: value(1),
            resident: value(2),
            retained: value(3),
        }
    });
    metrics.collect()
}

/// The packet of a failure; the text is cut to [`TEXT`] bytes.
pub(crate) fn encode_failed(failure: Failure, text: &str) -> Vec<u8> {
    let mut end = text.len().min(TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut packet = fixed(FAILED, &[failure as u64]).to_vec();
    packet.extend_from_slice(&text.as_bytes()[..end]);
    packet
}

/// The packet of the regular end.
pub(crate) fn encode_ended() -> [u8; FIXED] {
    fixed(ENDED, &[])
}

impl Reply {
    pub(crate) fn decode(packet: &[u8]) -> Result<Self, MessageError> {
        let kind = kind(packet)?;
        if kind == HELLO {
            let body = packet.get(8..).ok_or(MessageError::Malformed)?;
            let hello = json::from_slice(body).map_err(|_| MessageError::Malformed)?;
            return Ok(Reply::Hello(Box::new(hello)));
        }
        let w = words(packet)?;
        Ok(match kind {
            CHECKPOINT => Reply::Checkpoint(Checkpoint {
                iterations: w[0],
                cpu_ns: w[1],
                wall_ns: w[2],
                rust: counters(&w[3..7]),
                native: counters(&w[7..11]),
                tasks: (w[11] != UNKNOWN).then_some(w[11]),
            }),
            PROFILE => Reply::Profile(AllocationProfile {
                iterations: w[0],
                allocations: IterationRange { min: w[1], max: w[2], at: w[3] },
                bytes: IterationRange { min: w[4], max: w[5], at: w[6] },
                peak: (w[7] & 1 != 0).then_some(IterationRange { min: w[8], max: w[9], at: w[10] }),
                heap: (w[7] & 2 != 0)
                    .then_some(HeapChange { min: w[11] as i64, max: w[12] as i64 }),
                c_heap: (w[7] & 4 != 0)
                    .then_some(HeapChange { min: w[13] as i64, max: w[14] as i64 }),
                one_thread: w[7] & 8 != 0,
            }),
            FAILED => Reply::Failed {
                failure: match w[0] {
                    1 => Failure::Panicked,
                    2 => Failure::ReturnedError,
                    3 => Failure::NeverIterated,
                    4 => Failure::CannotPlant,
                    5 => Failure::Snapshot,
                    _ => return Err(MessageError::Malformed),
                },
                text: String::from_utf8_lossy(packet.get(FIXED..).unwrap_or_default()).into_owned(),
            },
            ALLOCATORS => Reply::Allocators(decode_allocators(&w)),
            ENDED => Reply::Ended,
            _ => return Err(MessageError::Malformed),
        })
    }
}

#[cfg(test)]
mod tests;
