//! What is recorded of a call: where a thing was acquired, until it is released.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering::Acquire, Ordering::Relaxed};

use super::SiteKind;
use super::live::{Key, Thing};
#[cfg(all(memcheck_calls, not(miri)))]
use super::ranges::Range;
use super::tables::{PARTS, Tables};
use super::walk::Start;
use crate::{forked, heap};

/// Written twice in the life of a worker: when recording begins, and when it ends.
pub(super) static ON: AtomicBool = AtomicBool::new(false);
pub(super) static TABLES: AtomicPtr<Tables> = AtomicPtr::new(std::ptr::null_mut());

thread_local! {
    /// Whether this thread is inside the recorder: what it acquires there, and what a signal
    /// handler acquires that interrupts it there, is not recorded. Without a destructor: nothing
    /// is registered.
    static RECORDING: Cell<bool> = const { Cell::new(false) };
}

/// Whether calls are recorded. One load of a word that nobody writes while iterations run.
#[inline(always)]
pub(crate) fn is_on() -> bool {
    ON.load(Relaxed)
}

/// What is recorded into.
#[cfg(all(memcheck_calls, not(miri)))]
pub(super) fn tables() -> Option<&'static Tables> {
    // SAFETY: the tables that recording was switched on with stay mapped for good.
    unsafe { TABLES.load(Acquire).as_ref() }
}

/// Runs `call` unless this thread is recording already. Not in a child: it shares the tables with
/// its parent, but what it acquires is none of the worker's.
#[inline(always)]
pub(super) fn recording_self<T>(call: impl FnOnce(&Tables) -> T) -> Option<T> {
    if forked::is_child() || RECORDING.with(|recording| recording.replace(true)) {
        return None;
    }
    // SAFETY: the tables that recording was switched on with stay mapped for good.
    let result = unsafe { TABLES.load(Acquire).as_ref() }.map(call);
    RECORDING.with(|recording| recording.set(false));
    result
}

/// Calls `$rust` with its three arguments and the registers of the function that calls it: stack
/// pointer, frame pointer and the address it goes on at. So the walk begins there, and no frame of
/// the recorder is ever stepped over.
macro_rules! with_registers {
    ($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) => $rust:ident) => {
        $(#[$doc])*
        #[cfg(target_arch = "x86_64")]
        #[unsafe(naked)]
        pub(super) extern "C" fn $name($($argument: $type),*) {
            std::arch::naked_asm!(
                "lea rcx, [rsp + 8]",
                "mov r8, rbp",
                "mov r9, [rsp]",
                "jmp {rust}",
                rust = sym $rust,
            )
        }

        $(#[$doc])*
        #[cfg(target_arch = "aarch64")]
        #[unsafe(naked)]
        pub(super) extern "C" fn $name($($argument: $type),*) {
            std::arch::naked_asm!(
                "mov x3, sp",
                "mov x4, x29",
                "mov x5, x30",
                "b {rust}",
                rust = sym $rust,
            )
        }
    };
}

with_registers! {
    /// Records that the caller acquired a thing.
    acquired(kind: usize, key: u64, bytes: usize) => acquired_from
}

with_registers! {
    /// Records that the caller resized a thing.
    resized(kind: usize, taken: &Taken, now: &Resized) => resized_from
}

extern "C" fn acquired_from(kind: usize, key: u64, bytes: usize, stack: u64, frame: u64, ret: u64) {
    let start = Start { stack, frame, ret };
    recording_self(|tables| {
        let site = tables.site_of(kind, start);
        tables.place(kind, Key::new(kind, key), site, 1, bytes as u64, false);
    });
}

/// Records that a thing is about to be released. Before the release: after it another thread may
/// get the same address.
#[cold]
#[inline(never)]
pub(super) fn released(kind: usize, key: u64, bytes: usize) {
    recording_self(|tables| tables.release(kind, Key::new(kind, key), bytes as i64));
}

/// A thing that is about to be resized and may be given another address.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    key: u64,
    /// What was known of it; nothing of what is older than the recording.
    thing: Option<Thing>,
}

/// What became of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resized {
    /// Its new key; `None` when it could not be resized and is as before.
    pub(super) key: Option<u64>,
    pub(super) old_bytes: usize,
    pub(super) new_bytes: usize,
}

/// Takes a thing out before it is resized: its address is free once it was moved.
#[cold]
#[inline(never)]
pub(super) fn taken(kind: usize, key: u64) -> Taken {
    let thing = recording_self(|tables| tables.live.remove(Key::new(kind, key))).flatten();
    Taken { key, thing }
}

/// Says whether a thing that was taken out was released: if not, it is put back.
#[cfg(all(memcheck_calls, not(miri)))]
pub(super) fn settle(kind: usize, taken: &Taken, released: bool) {
    let Some(thing) = taken.thing else { return };
    recording_self(|tables| {
        if !released {
            tables.put_back(kind, Key::new(kind, taken.key), thing);
            return;
        }
        tables.count(thing.site, -thing.blocks(), -(thing.bytes as i64));
        if thing.older {
            tables.older(kind, 1, 0);
        }
    });
}

/// Says what is left of a mapping that lost a part, or was divided: at most three.
#[cfg(all(memcheck_calls, not(miri)))]
pub(super) fn cut<const PARTS: usize>(kind: usize, whole: Range, left: [Option<Range>; PARTS]) {
    recording_self(|tables| {
        let Some(thing) = tables.live.remove(Key::new(kind, whole.start)) else { return };
        let parts = left.iter().flatten();
        let lost = whole.length() - parts.clone().map(|part| part.length()).sum::<u64>();
        // Of one that is older than the recording, what it grew by since goes first.
        let mut bytes = thing.bytes.saturating_sub(lost);
        let more = parts.clone().count() as i64 - 1;
        tables.count(thing.site, more * thing.blocks(), bytes as i64 - thing.bytes as i64);
        if thing.older {
            tables.older(kind, -more, (lost - (thing.bytes - bytes)) as i64);
        }
        for part in parts {
            let of_part = bytes.min(part.length());
            bytes -= of_part;
            tables.put_back(kind, Key::new(kind, part.start), Thing { bytes: of_part, ..thing });
        }
    });
}

extern "C" fn resized_from(
    kind: usize,
    taken: &Taken,
    now: &Resized,
    stack: u64,
    frame: u64,
    ret: u64,
) {
    let start = Start { stack, frame, ret };
    recording_self(|tables| {
        let Some(key) = now.key else {
            if let Some(thing) = taken.thing {
                tables.put_back(kind, Key::new(kind, taken.key), thing);
            }
            return;
        };
        tables.resize(kind, Key::new(kind, key), taken.thing, now, start);
    });
}

impl Tables {
    /// Remembers a thing as older than the recording. Its site is none: nothing is counted there.
    #[cfg(all(memcheck_calls, not(miri)))]
    pub(super) fn note_older(&self, kind: SiteKind, key: u64) {
        let kind = number(kind);
        // Without room for it, its release will be part of the rest.
        let _ = self.live.insert(Key::new(kind, key), Thing { site: 0, older: true, bytes: 0 });
    }

    fn site_of(&self, kind: usize, start: Start) -> Option<u32> {
        let slot = heap::thread_slot();
        self.walks.walk(slot, &self.rules, start, |stack| self.site(kind, &stack))
    }

    /// Counts a thing at its site and remembers it.
    #[inline(always)]
    fn place(
        &self,
        kind: usize,
        key: Key,
        site: Option<u32>,
        blocks: i64,
        bytes: u64,
        older: bool,
    ) {
        if let Some(site) = site
            && let Ok(before) = self.live.insert(key, Thing { site, older, bytes })
        {
            self.count(site, blocks, bytes as i64);
            if let Some(before) = before {
                // It was released by a way that is not seen.
                self.count(before.site, -before.blocks(), -(before.bytes as i64));
            }
            return;
        }
        let tally = &self.tallies[kind];
        tally.unplaced_blocks.fetch_add(blocks, Relaxed);
        tally.unplaced_bytes.fetch_add(bytes as i64, Relaxed);
    }

    fn put_back(&self, kind: usize, key: Key, thing: Thing) {
        if self.live.insert(key, thing).is_err() {
            let (blocks, bytes) = (thing.blocks(), thing.bytes as i64);
            self.count(thing.site, -blocks, -bytes);
            let tally = &self.tallies[kind];
            tally.unplaced_blocks.fetch_add(blocks, Relaxed);
            tally.unplaced_bytes.fetch_add(bytes, Relaxed);
        }
    }

    #[inline(always)]
    fn count(&self, site: u32, blocks: i64, bytes: i64) {
        let part = heap::thread_slot().unwrap_or(0) % PARTS;
        let survivors = &self.survivors[part][site as usize];
        survivors.blocks.fetch_add(blocks, Relaxed);
        survivors.bytes.fetch_add(bytes, Relaxed);
    }

    fn older(&self, kind: usize, blocks: i64, bytes: i64) {
        let tally = &self.tallies[kind];
        tally.older_blocks.fetch_sub(blocks, Relaxed);
        tally.older_bytes.fetch_sub(bytes, Relaxed);
    }

    #[inline(always)]
    fn release(&self, kind: usize, key: Key, bytes: i64) {
        match self.live.remove(key) {
            Some(thing) => {
                self.count(thing.site, -thing.blocks(), -(thing.bytes as i64));
                let rest = bytes - thing.bytes as i64;
                if thing.older || rest != 0 {
                    self.older(kind, 1 - thing.blocks(), rest);
                }
            }
            None => self.older(kind, 1, bytes),
        }
    }

    /// A thing that grew belongs to the call that made it grow: a container that doubles, to the
    /// line that pushes to it. One that shrank stays where it was.
    fn resize(&self, kind: usize, key: Key, thing: Option<Thing>, now: &Resized, start: Start) {
        let (old, new) = (now.old_bytes as u64, now.new_bytes as u64);
        match thing {
            Some(thing) if new > old => {
                self.count(thing.site, -thing.blocks(), -(thing.bytes as i64));
                let site = self.site_of(kind, start);
                self.place(kind, key, site, thing.blocks(), thing.bytes + (new - old), thing.older);
            }
            Some(thing) => {
                let lost = old - new;
                let left = thing.bytes.saturating_sub(lost);
                self.count(thing.site, 0, left as i64 - thing.bytes as i64);
                // Of a thing that is older than the recording more may go than it grew by since.
                self.older(kind, 0, (lost - (thing.bytes - left)) as i64);
                self.put_back(kind, key, Thing { bytes: left, ..thing });
            }
            None if new > old => {
                let site = self.site_of(kind, start);
                self.place(kind, key, site, 0, new - old, true);
            }
            None => self.older(kind, 0, (old - new) as i64),
        }
    }
}

impl Thing {
    /// What it counts at its site.
    #[inline(always)]
    fn blocks(self) -> i64 {
        i64::from(!self.older)
    }
}

/// The number of a kind in the tables.
#[inline(always)]
pub(super) fn number(kind: SiteKind) -> usize {
    kind as usize
}
