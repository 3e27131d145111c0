//! The mappings of a process, counted; and those among them that the C library makes for threads.
//!
//! glibc maps an arena when threads allocate at the same time, up to eight for each processor
//! (malloc/arena.c), and every thread has a stack. So the number of mappings rises whenever more
//! threads meet than ever before. Threads are counted by themselves.

use std::io::{self, BufRead};

use super::descriptor_memory::HeldFile;
use super::smaps::Header;

/// `HEAP_MAX_SIZE`: the size of an arena, and what its address is a multiple of.
const ARENA: u64 = 64 << 20;
/// Largest guard below a stack.
const GUARD: u64 = 64 << 10;
/// Arenas for each processor.
const ARENAS: u64 = 8;
/// Stacks of a thread: its own, and that for its signals.
const STACKS: u64 = 2;

/// The mappings of a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mappings {
    pub(super) count: u64,
    /// Each an accessible mapping above a guard.
    stacks: u64,
    /// Each an accessible mapping and the rest of its 64 MiB.
    arenas: u64,
    below: Option<Below>,
}

/// What the mapping below may be the lower half of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Below {
    Guard { end: u64 },
    Arena { end: u64, rest: u64 },
}

impl Mappings {
    /// Reads maps, and shows each line to the files.
    pub(super) fn read(mut text: impl BufRead, files: &mut [HeldFile]) -> io::Result<Mappings> {
        let (mut mappings, mut line) = (Mappings::default(), Vec::with_capacity(128));
        loop {
            line.clear();
            if text.read_until(b'\n', &mut line)? == 0 {
                return Ok(mappings);
            }
            let header = Header::parse(line.strip_suffix(b"\n").unwrap_or(&line));
            if let Some(header) = &header {
                files.iter_mut().for_each(|file| file.see_mapping(header));
            }
            mappings.see(header.as_ref());
        }
    }

    fn see(&mut self, header: Option<&Header<'_>>) {
        self.count += 1;
        let below = self.below.take();
        let Some(header) = header.filter(|of| of.name.is_empty() && of.inode == 0) else { return };
        let Header { start, end, .. } = *header;
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

    /// How many of them are for so many threads: no more than those and the C library would have, so
    /// that mappings which only look like these, and the stacks of threads that nobody joined, do not
    /// hide among them.
    pub(super) fn of_threads(&self, threads: u64, processors: u64) -> u64 {
        let stacks = self.stacks.min(threads.saturating_mul(STACKS));
        2 * (stacks + self.arenas.min(processors.saturating_mul(ARENAS)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Mappings {
        Mappings::read(text.as_bytes(), &mut []).expect("text")
    }

    #[test]
    fn stacks_and_arenas_are_told_from_the_rest() {
        // Two arenas side by side, a thread's two stacks, and mappings of another kind.
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
    fn mappings_that_only_look_like_those_of_threads_hide_no_more_than_there_would_be() {
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
