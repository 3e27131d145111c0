//! Counts the mappings of a process, and those that the C library makes for threads.
//!
//! Every thread has a stack, and glibc maps an arena when threads allocate at the same time, up to
//! eight per processor (malloc/arena.c). So the number of mappings rises whenever more threads run
//! at once than ever before. Threads are a metric of their own, so these mappings are counted
//! separately.

use std::io::{self, BufRead};

use super::held_files::HeldFile;
use crate::process::smaps::MappingHeader;

/// The size and the alignment of an arena (`HEAP_MAX_SIZE` in glibc's malloc/arena.c).
const ARENA: u64 = 64 << 20;
/// The largest guard below a stack; pthreads uses one page, the JVM up to 16.
const GUARD: u64 = 64 << 10;
/// Limit of arenas per processor (`NARENAS_FROM_NCORES` in glibc's malloc/malloc.c).
const ARENAS_PER_PROCESSOR: u64 = 8;
/// Stacks per thread: its own, and its alternate signal stack.
const STACKS_PER_THREAD: u64 = 2;

/// The numbers of mappings of a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::process) struct MappingCounts {
    pub(in crate::process) count: u64,
    /// Each is an accessible mapping above a guard.
    stacks: u64,
    /// Each is an accessible mapping and the inaccessible rest of its 64 MiB.
    arenas: u64,
    below: Option<Below>,
}

/// The mapping below, if it can be the lower part of a stack or an arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Below {
    Guard { end: u64 },
    Arena { end: u64, rest: u64 },
}

impl MappingCounts {
    /// Reads maps, and passes each mapping to the files.
    pub(in crate::process) fn read(
        mut text: impl BufRead,
        files: &mut [HeldFile],
    ) -> io::Result<MappingCounts> {
        let (mut mappings, mut line) = (MappingCounts::default(), Vec::with_capacity(128));
        loop {
            line.clear();
            if text.read_until(b'\n', &mut line)? == 0 {
                return Ok(mappings);
            }
            let header = MappingHeader::parse(line.strip_suffix(b"\n").unwrap_or(&line));
            if let Some(header) = &header {
                files.iter_mut().for_each(|file| file.add_mapping(header));
            }
            mappings.add(header.as_ref());
        }
    }

    fn add(&mut self, header: Option<&MappingHeader<'_>>) {
        self.count += 1;
        let below = self.below.take();
        let Some(header) = header.filter(|of| of.name.is_empty() && of.inode == 0) else { return };
        let MappingHeader { start, end, .. } = *header;
        match (&header.permissions, below) {
            (b"rw-p", Some(Below::Guard { end: below })) if below == start => self.stacks += 1,
            (b"---p", Some(Below::Arena { end: below, rest })) if below == start && end >= rest => {
                self.arenas += 1;
            }
            (b"---p", _) if end - start <= GUARD => self.below = Some(Below::Guard { end }),
            (b"rw-p", _) if start.is_multiple_of(ARENA) => {
                self.below = Some(Below::Arena { end, rest: start.saturating_add(ARENA) });
            }
            _ => {}
        }
    }

    /// The number of mappings for threads. It is limited to what so many threads and the C library
    /// can have: mappings that only look similar, and the stacks of threads that were never joined,
    /// still count as leaks.
    pub(in crate::process) fn of_threads(&self, threads: u64, processors: u64) -> u64 {
        let stacks = self.stacks.min(threads.saturating_mul(STACKS_PER_THREAD));
        2 * (stacks + self.arenas.min(processors.saturating_mul(ARENAS_PER_PROCESSOR)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> MappingCounts {
        MappingCounts::read(text.as_bytes(), &mut []).expect("reading a slice cannot fail")
    }

    #[test]
    fn stacks_and_arenas_are_recognized() {
        // Two adjacent arenas, the two stacks of a thread, and other mappings.
        let text = "\
55d0c0000000-55d0c0021000 rw-p 00000000 00:00 0                          [heap]
7f1000000000-7f1000021000 rw-p 00000000 00:00 0 
7f1000021000-7f1004000000 ---p 00000000 00:00 0 
7f1004000000-7f1004042000 rw-p 00000000 00:00 0 
7f1004042000-7f1008000000 ---p 00000000 00:00 0 
7f100a000000-7f100a001000 ---p 00000000 00:00 0 
7f100a001000-7f100a003000 rw-p 00000000 00:00 0 
7f100a003000-7f100a004000 ---p 00000000 00:00 0 
7f100a004000-7f100a204000 rw-p 00000000 00:00 0 
7f100b000000-7f100b002000 rw-p 00000000 00:00 0 
7f100c000000-7f100c001000 rw-p 00000000 00:00 0 
7f1010000000-7f1010001000 r--p 00000000 08:01 77                         /lib/libc.so
";
        let mappings = read(text);
        assert_eq!((mappings.count, mappings.stacks, mappings.arenas), (12, 2, 2));
        assert_eq!(mappings.of_threads(2, 2), 8);
    }

    #[test]
    fn similar_mappings_count_only_up_to_the_limit() {
        let guarded = |number: u64| {
            let start = 0x7f10_0000_0000 + number * 0x10_0000;
            let (guard, end) = (start + 0x1000, start + 0x8000);
            format!(
                "{start:x}-{guard:x} ---p 00000000 00:00 0 \n{guard:x}-{end:x} rw-p 00000000 00:00 0 \n"
            )
        };
        let mappings = read(&(0..100).map(guarded).collect::<String>());
        assert_eq!(mappings.count, 200);
        assert_eq!(mappings.of_threads(1, 2), 4);
        assert_eq!(mappings.of_threads(1000, 2), 200);
        let single = |number: u64| {
            let start = 0x7f10_0000_0000 + number * 0x10_0000;
            format!("{start:x}-{:x} rw-p 00000000 00:00 0 \n", start + 0x1000)
        };
        let mappings = read(&(0..100).map(single).collect::<String>());
        assert_eq!((mappings.count, mappings.of_threads(1, 2)), (100, 0));
    }
}
