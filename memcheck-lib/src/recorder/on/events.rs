//! Turns calls that acquire, resize or release a resource into entries of the tables.

use std::sync::atomic::Ordering::Relaxed;

#[cfg(all(memcheck_calls, not(miri)))]
use super::state::tables;
use super::state::with_tables;
#[cfg(all(memcheck_calls, not(miri)))]
use super::tables::{AddressRange, SortedRanges};
use super::tables::{COUNTER_PARTS, Key, Resource, Tables};
use super::unwind::Registers;
use crate::metric::SiteKind;
use crate::thread_slot;

/// Calls `$rust` with its three arguments and the registers of the calling function: stack pointer,
/// frame pointer and return address. So the walk starts at the caller and steps over no frame of
/// the recorder.
macro_rules! with_registers {
    ($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) => $rust:ident) => {
        $(#[$doc])*
        #[cfg(target_arch = "x86_64")]
        #[unsafe(naked)]
        extern "C" fn $name($($argument: $type),*) {
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
        extern "C" fn $name($($argument: $type),*) {
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
    /// Records that the caller acquired a resource.
    acquired_by_caller(kind: usize, key: u64, bytes: usize) => acquired_from
}

with_registers! {
    /// Records that the caller resized a resource.
    resized_by_caller(kind: usize, taken: &Taken, now: &Resized) => resized_from
}

/// Records that the calling function acquired a resource: a block at an address, a descriptor.
#[inline(always)]
pub(crate) fn acquired(kind: SiteKind, key: u64, bytes: usize) {
    acquired_by_caller(number(kind), key, bytes);
}

/// Records that a resource is about to be released. Call it before the release: afterwards another
/// thread may get the same address.
#[inline(always)]
pub(crate) fn released(kind: SiteKind, key: u64, bytes: usize) {
    release(number(kind), key, bytes);
}

/// Records a resize around the call that does it. `resize` returns the new key and size, or `None`
/// if the resource stays as it was.
#[inline(always)]
pub(crate) fn resizing<T>(
    kind: SiteKind,
    key: u64,
    old_bytes: usize,
    resize: impl FnOnce() -> (T, Option<(u64, usize)>),
) -> T {
    let taken = take(number(kind), key);
    let (result, now) = resize();
    let now = Resized {
        key: now.map(|(key, _)| key),
        old_bytes,
        new_bytes: now.map_or(old_bytes, |(_, bytes)| bytes),
    };
    resized_by_caller(number(kind), &taken, &now);
    result
}

/// A resource that a call is about to release or replace. It is out of the tables until the result
/// of the call is known.
#[cfg(all(memcheck_calls, not(miri)))]
#[derive(Clone, Copy, Debug)]
pub(super) struct PendingRelease {
    kind: SiteKind,
    taken: Taken,
}

/// Takes a resource out of the tables before the call that may release it. Unlike with
/// [`released`], an unknown resource does not count as one that is older than the recording.
#[cfg(all(memcheck_calls, not(miri)))]
pub(super) fn releasing(kind: SiteKind, key: u64) -> PendingRelease {
    PendingRelease { kind, taken: take(number(kind), key) }
}

#[cfg(all(memcheck_calls, not(miri)))]
impl PendingRelease {
    /// Records that the calling function resized the resource instead.
    #[inline(always)]
    pub(super) fn resized(&self, key: u64, old_bytes: usize, new_bytes: usize) {
        let now = Resized { key: Some(key), old_bytes, new_bytes };
        resized_by_caller(number(self.kind), &self.taken, &now);
    }

    /// Records whether the call released the resource. If it did not, the resource is put back.
    pub(super) fn finish(&self, released: bool) {
        let kind = number(self.kind);
        let Some(resource) = self.taken.resource else { return };
        with_tables(|tables| {
            if !released {
                tables.put_back(kind, Key::new(kind, self.taken.key), resource);
                return;
            }
            tables.count(resource.site, -resource.blocks(), -(resource.bytes as i64));
            if resource.older {
                tables.count_older_release(kind, 1, 0);
            }
        });
    }
}

/// Runs `call` on the known mappings, while no other thread changes them.
#[cfg(all(memcheck_calls, not(miri)))]
pub(super) fn with_ranges<T>(call: impl FnOnce(&mut SortedRanges<'_>) -> T) -> Option<T> {
    tables().map(|tables| tables.ranges.with(call))
}

/// Records the remains, at most three, of a mapping that lost a part or was divided.
#[cfg(all(memcheck_calls, not(miri)))]
pub(super) fn divided<const REMAINS: usize>(
    kind: SiteKind,
    whole: AddressRange,
    remains: [Option<AddressRange>; REMAINS],
) {
    let kind = number(kind);
    with_tables(|tables| {
        let Some(resource) = tables.live.remove(Key::new(kind, whole.start)) else { return };
        let parts = remains.iter().flatten();
        let lost = whole.length() - parts.clone().map(|part| part.length()).sum::<u64>();
        // A mapping that is older than the recording first loses what it grew by since.
        let mut bytes = resource.bytes.saturating_sub(lost);
        let more = parts.clone().count() as i64 - 1;
        tables.count(resource.site, more * resource.blocks(), bytes as i64 - resource.bytes as i64);
        if resource.older {
            let older_bytes = (lost - (resource.bytes - bytes)) as i64;
            tables.count_older_release(kind, -more, older_bytes);
        }
        for part in parts {
            let of_part = bytes.min(part.length());
            bytes -= of_part;
            let remain = Resource { bytes: of_part, ..resource };
            tables.put_back(kind, Key::new(kind, part.start), remain);
        }
    });
}

extern "C" fn acquired_from(kind: usize, key: u64, bytes: usize, stack: u64, frame: u64, ret: u64) {
    let caller = Registers { stack, frame, ret };
    with_tables(|tables| {
        let site = tables.site_of_caller(kind, caller);
        tables.insert(kind, Key::new(kind, key), site, 1, bytes as u64, false);
    });
}

#[cold]
#[inline(never)]
fn release(kind: usize, key: u64, bytes: usize) {
    with_tables(|tables| tables.release(kind, Key::new(kind, key), bytes as i64));
}

/// A resource that is out of the tables while a call resizes it.
#[derive(Clone, Copy, Debug)]
struct Taken {
    key: u64,
    /// `None` for a resource that is older than the recording.
    resource: Option<Resource>,
}

/// The result of a resize.
#[derive(Clone, Copy, Debug)]
struct Resized {
    /// The new key; `None` if the resize failed and the resource is as before.
    key: Option<u64>,
    old_bytes: usize,
    new_bytes: usize,
}

/// Takes a resource out before a resize: once the resource has moved, another thread may get its
/// old address.
#[cold]
#[inline(never)]
fn take(kind: usize, key: u64) -> Taken {
    let resource = with_tables(|tables| tables.live.remove(Key::new(kind, key))).flatten();
    Taken { key, resource }
}

extern "C" fn resized_from(
    kind: usize,
    taken: &Taken,
    now: &Resized,
    stack: u64,
    frame: u64,
    ret: u64,
) {
    let caller = Registers { stack, frame, ret };
    with_tables(|tables| {
        let Some(key) = now.key else {
            if let Some(resource) = taken.resource {
                tables.put_back(kind, Key::new(kind, taken.key), resource);
            }
            return;
        };
        tables.resize(kind, Key::new(kind, key), taken.resource, now, caller);
    });
}

impl Tables {
    /// Enters a resource that is older than the recording. It counts at no site.
    #[cfg(all(memcheck_calls, not(miri)))]
    pub(super) fn insert_older(&self, kind: SiteKind, key: u64) {
        let older = Resource { site: 0, older: true, bytes: 0 };
        // If the table is full, the release of this resource counts as unattributed.
        let _ = self.live.insert(Key::new(number(kind), key), older);
    }

    fn site_of_caller(&self, kind: usize, caller: Registers) -> Option<u32> {
        let slot = thread_slot::own();
        self.walkers.walk(slot, &self.rule_cache, caller, |stack| self.site(kind, &stack))
    }

    /// Counts a resource at its site and enters it.
    #[inline(always)]
    fn insert(
        &self,
        kind: usize,
        key: Key,
        site: Option<u32>,
        blocks: i64,
        bytes: u64,
        older: bool,
    ) {
        if let Some(site) = site
            && let Ok(before) = self.live.insert(key, Resource { site, older, bytes })
        {
            self.count(site, blocks, bytes as i64);
            if let Some(before) = before {
                // A call that is not intercepted has released the resource with this key.
                self.count(before.site, -before.blocks(), -(before.bytes as i64));
            }
            return;
        }
        let counters = &self.unattributed[kind];
        counters.dropped_blocks.fetch_add(blocks, Relaxed);
        counters.dropped_bytes.fetch_add(bytes as i64, Relaxed);
    }

    fn put_back(&self, kind: usize, key: Key, resource: Resource) {
        if self.live.insert(key, resource).is_err() {
            let (blocks, bytes) = (resource.blocks(), resource.bytes as i64);
            self.count(resource.site, -blocks, -bytes);
            let counters = &self.unattributed[kind];
            counters.dropped_blocks.fetch_add(blocks, Relaxed);
            counters.dropped_bytes.fetch_add(bytes, Relaxed);
        }
    }

    #[inline(always)]
    fn count(&self, site: u32, blocks: i64, bytes: i64) {
        let part = thread_slot::own().unwrap_or(0) % COUNTER_PARTS;
        let survivors = &self.survivors[part][site as usize];
        survivors.blocks.fetch_add(blocks, Relaxed);
        survivors.bytes.fetch_add(bytes, Relaxed);
    }

    fn count_older_release(&self, kind: usize, blocks: i64, bytes: i64) {
        let counters = &self.unattributed[kind];
        counters.older_blocks.fetch_sub(blocks, Relaxed);
        counters.older_bytes.fetch_sub(bytes, Relaxed);
    }

    #[inline(always)]
    fn release(&self, kind: usize, key: Key, bytes: i64) {
        match self.live.remove(key) {
            Some(resource) => {
                self.count(resource.site, -resource.blocks(), -(resource.bytes as i64));
                let rest = bytes - resource.bytes as i64;
                if resource.older || rest != 0 {
                    self.count_older_release(kind, 1 - resource.blocks(), rest);
                }
            }
            None => self.count_older_release(kind, 1, bytes),
        }
    }

    /// A resource that grew moves to the site of the call that made it grow: a container that
    /// doubles belongs to the line that pushes to it. A resource that shrank keeps its site.
    fn resize(
        &self,
        kind: usize,
        key: Key,
        resource: Option<Resource>,
        now: &Resized,
        caller: Registers,
    ) {
        let (old, new) = (now.old_bytes as u64, now.new_bytes as u64);
        match resource {
            Some(resource) if new > old => {
                let (blocks, bytes) = (resource.blocks(), resource.bytes);
                self.count(resource.site, -blocks, -(bytes as i64));
                let site = self.site_of_caller(kind, caller);
                self.insert(kind, key, site, blocks, bytes + (new - old), resource.older);
            }
            Some(resource) => {
                let lost = old - new;
                let left = resource.bytes.saturating_sub(lost);
                self.count(resource.site, 0, left as i64 - resource.bytes as i64);
                // A resource that is older than the recording can lose more than it grew by since.
                self.count_older_release(kind, 0, (lost - (resource.bytes - left)) as i64);
                self.put_back(kind, key, Resource { bytes: left, ..resource });
            }
            None if new > old => {
                let site = self.site_of_caller(kind, caller);
                self.insert(kind, key, site, 0, new - old, true);
            }
            None => self.count_older_release(kind, 0, (old - new) as i64),
        }
    }
}

/// The number of a kind in the tables.
#[inline(always)]
fn number(kind: SiteKind) -> usize {
    kind as usize
}
