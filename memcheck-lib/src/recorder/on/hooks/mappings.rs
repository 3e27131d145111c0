//! Intercepts the functions that map and unmap memory.
//!
//! A mapping is kept under its address with its length. If a part of it is unmapped or replaced,
//! the remains are mappings of their own, as the kernel counts them. All belong to the call that
//! made the mapping.

use std::cell::Cell;
use std::ffi::{c_int, c_void};

use rustix::fs::{CWD, Mode, OFlags};

use super::next_definition::{call_next, next_definitions};
use super::scope::{keeping_errno, records};
use super::system_call::system_call;
use crate::metric::SiteKind;
use crate::recorder::on::events;
use crate::recorder::on::state::is_on;
use crate::recorder::on::tables::{AddressRange, MapsReader, SortedRanges, Tables};

next_definitions! { mmap, mmap64, munmap, mremap }

thread_local! {
    /// Whether this thread holds the lock of the ranges. A signal handler that interrupts it would
    /// wait for the lock forever, so its mappings are not recorded.
    static HOLDS_RANGES: Cell<bool> = const { Cell::new(false) };
}

/// Enters the mappings that are older than the recording.
pub(super) fn insert_mapped_ranges(tables: &Tables) {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    // Without the list, unmapping an older mapping counts as unattributed.
    let Ok(file) = rustix::fs::openat(CWD, "/proc/self/maps", flags, Mode::empty()) else { return };
    let (mut maps, mut text) = (MapsReader::default(), [0; 4096]);
    tables.ranges.with(|sorted| {
        while let Ok(length @ 1..) = rustix::io::read(&file, &mut text[..]) {
            maps.read(&text[..length], |range| {
                if sorted.insert(range) {
                    tables.insert_older(SiteKind::Mapping, range.start);
                }
            });
        }
    });
}

/// Runs `call` while no other thread changes the ranges. `None` if this thread already does.
fn with_ranges<T>(call: impl FnOnce(&mut SortedRanges<'_>) -> T) -> Option<T> {
    if HOLDS_RANGES.with(|holds| holds.replace(true)) {
        return None;
    }
    let result = events::with_ranges(call);
    HOLDS_RANGES.with(|holds| holds.set(false));
    result
}

fn failed(address: *mut c_void) -> bool {
    address == libc::MAP_FAILED
}

/// The pages of a mapping.
fn pages(address: usize, length: usize) -> AddressRange {
    let page = rustix::param::page_size();
    let end = address.saturating_add(length.checked_next_multiple_of(page).unwrap_or(length));
    AddressRange { start: address as u64, end: end as u64 }
}

/// Removes the ranges, or the parts of them, that are no longer mapped.
fn clear(sorted: &mut SortedRanges<'_>, gone: AddressRange) {
    while let Some(range) = sorted.first_overlap(gone) {
        sorted.remove(range.start);
        let remains = range.without(gone).map(|of| of.filter(|&of| sorted.insert(of)));
        events::divided(SiteKind::Mapping, range, remains);
    }
}

/// Adds a mapping that the calling function made.
fn add(sorted: &mut SortedRanges<'_>, new: AddressRange) {
    // A call that is not intercepted has unmapped what was there.
    clear(sorted, new);
    // If the table is full, the mapping is not recorded.
    if sorted.insert(new) {
        events::acquired(SiteKind::Mapping, new.start, new.length() as usize);
    }
}

/// The result of the raw system call as that of the function.
fn pointer(result: libc::c_long) -> *mut c_void {
    std::ptr::with_exposed_provenance_mut(result as usize)
}

pub(super) unsafe extern "C-unwind" fn mmap(
    address: usize,
    length: usize,
    access: usize,
    flags: usize,
    fd: usize,
    offset: usize,
) -> *mut c_void {
    let call = || {
        call_next!(
            mmap(address, length, access, flags, fd, offset) -> *mut c_void,
            pointer(system_call!(SYS_mmap, address, length, access, flags, fd, offset))
        )
    };
    if is_on() { map_by(length, flags, call) } else { call() }
}

pub(super) unsafe extern "C-unwind" fn mmap64(
    address: usize,
    length: usize,
    access: usize,
    flags: usize,
    fd: usize,
    offset: usize,
) -> *mut c_void {
    let call = || {
        call_next!(
            mmap64(address, length, access, flags, fd, offset) -> *mut c_void,
            pointer(system_call!(SYS_mmap, address, length, access, flags, fd, offset))
        )
    };
    if is_on() { map_by(length, flags, call) } else { call() }
}

/// Records a call that makes a mapping.
#[cold]
#[inline(never)]
pub(super) fn map_by(length: usize, flags: usize, call: impl Fn() -> *mut c_void) -> *mut c_void {
    if !records() {
        return call();
    }
    let add = |sorted: &mut SortedRanges<'_>, new: *mut c_void| {
        if !failed(new) {
            keeping_errno(|| add(sorted, pages(new.addr(), length)));
        }
        new
    };
    // With MAP_FIXED the mapping replaces another one at once, so the ranges must not change
    // meanwhile. A new address is known only to this thread.
    if flags as c_int & libc::MAP_FIXED != 0 {
        return with_ranges(|sorted| add(sorted, call())).unwrap_or_else(call);
    }
    let new = call();
    with_ranges(|sorted| add(sorted, new));
    new
}

pub(super) unsafe extern "C-unwind" fn munmap(address: usize, length: usize) -> c_int {
    let call = || {
        call_next!(
            munmap(address, length) -> c_int,
            system_call!(SYS_munmap, address, length) as c_int
        )
    };
    if is_on() { unmap_by(address, length, call) } else { call() }
}

/// Records a call that unmaps memory.
#[cold]
#[inline(never)]
pub(super) fn unmap_by(address: usize, length: usize, call: impl Fn() -> c_int) -> c_int {
    if !records() {
        return call();
    }
    let recorded = |sorted: &mut SortedRanges<'_>| {
        let result = call();
        if result == 0 {
            keeping_errno(|| clear(sorted, pages(address, length)));
        }
        result
    };
    with_ranges(recorded).unwrap_or_else(&call)
}

pub(super) unsafe extern "C-unwind" fn mremap(
    old: usize,
    old_length: usize,
    new_length: usize,
    flags: usize,
    wanted: usize,
) -> *mut c_void {
    let call = || {
        call_next!(
            mremap(old, old_length, new_length, flags, wanted) -> *mut c_void,
            pointer(system_call!(SYS_mremap, old, old_length, new_length, flags, wanted))
        )
    };
    if !is_on() {
        return call();
    }
    // The old mapping stays: with a length of 0 the call maps a shared mapping a second time, and
    // with MREMAP_DONTUNMAP the old addresses stay mapped, empty.
    if old_length == 0 || flags & libc::MREMAP_DONTUNMAP as usize != 0 {
        return map_by(new_length, libc::MAP_FIXED as usize, call);
    }
    remap_by(old, old_length, new_length, call)
}

/// Records a call that resizes or moves a mapping or a part of one.
#[cold]
#[inline(never)]
fn remap_by(
    old: usize,
    old_length: usize,
    new_length: usize,
    call: impl Fn() -> *mut c_void,
) -> *mut c_void {
    if !records() {
        return call();
    }
    let recorded = |sorted: &mut SortedRanges<'_>| {
        let new = call();
        if !failed(new) {
            let (from, to) = (pages(old, old_length), pages(new.addr(), new_length));
            keeping_errno(|| match from.start == to.start {
                true => resized(sorted, from, to),
                false => moved(sorted, from, to),
            });
        }
        new
    };
    with_ranges(recorded).unwrap_or_else(&call)
}

/// Records a resize in place. The growth belongs to the calling function.
fn resized(sorted: &mut SortedRanges<'_>, from: AddressRange, to: AddressRange) {
    if to.end <= from.end {
        return clear(sorted, AddressRange { start: to.end, end: from.end });
    }
    clear(sorted, AddressRange { start: from.end, end: to.end });
    // The call can name a part of the mapping, so find the mapping that contains its last byte.
    let last = AddressRange { start: from.end.saturating_sub(1), ..from };
    match sorted.first_overlap(last) {
        Some(range) => replace(sorted, range, AddressRange { end: to.end, ..range }),
        None => add(sorted, AddressRange { start: from.end, end: to.end }),
    }
}

/// Records the move of a mapping, or of a part of one: then the rest stays.
fn moved(sorted: &mut SortedRanges<'_>, from: AddressRange, to: AddressRange) {
    clear(sorted, to);
    let Some(range) = sorted.first_overlap(from) else { return add(sorted, to) };
    // Divide the mapping into the moved part and the rest.
    let part = AddressRange { start: range.start.max(from.start), end: range.end.min(from.end) };
    sorted.remove(range.start);
    let [before, behind] = range.without(part).map(|of| of.filter(|&of| sorted.insert(of)));
    // The moved part comes first in the list, so that it gets the bytes if they do not suffice.
    sorted.insert(part);
    events::divided(SiteKind::Mapping, range, [Some(part), before, behind]);
    replace(sorted, part, to);
    // The move joins all mappings in the range to one.
    clear(sorted, from);
}

/// Replaces a range by its new place and size. If it grew, it belongs to the calling function.
fn replace(sorted: &mut SortedRanges<'_>, range: AddressRange, new: AddressRange) {
    let pending = events::releasing(SiteKind::Mapping, range.start);
    sorted.remove(range.start);
    if sorted.insert(new) {
        pending.resized(new.start, range.length() as usize, new.length() as usize);
    } else {
        pending.finish(true);
    }
}
