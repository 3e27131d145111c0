//! Mappings, from `mmap` to `munmap`.
//!
//! A mapping is kept under its address with its length. One that is unmapped or mapped over in parts
//! is that many mappings, as the kernel counts them; all belong to the call that made it.

use std::cell::Cell;
use std::ffi::{c_int, c_void};

use rustix::fs::{CWD, Mode, OFlags};

use super::{aside, call_real, real_functions, recording, system_call};
use crate::recorder::ranges::{Maps, Range, Sorted};
use crate::recorder::{self, SiteKind, Tables};

real_functions! { mmap, mmap64, munmap, mremap }

thread_local! {
    /// Whether this thread holds the ranges: what a signal handler maps meanwhile is not recorded.
    static HOLDS: Cell<bool> = const { Cell::new(false) };
}

/// Remembers what is mapped and thus older than the recording.
pub(super) fn note_mapped_ones(tables: &Tables) {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    // Without the list, what goes of older mappings is part of the rest.
    let Ok(file) = rustix::fs::openat(CWD, "/proc/self/maps", flags, Mode::empty()) else { return };
    let (mut maps, mut text) = (Maps::default(), [0; 4096]);
    tables.ranges.hold(|sorted| {
        while let Ok(length @ 1..) = rustix::io::read(&file, &mut text[..]) {
            maps.read(&text[..length], |range| {
                if sorted.insert(range) {
                    tables.note_older(SiteKind::Mapping, range.start);
                }
            });
        }
    });
}

/// Runs `call` while no other thread changes what is mapped, unless this one is doing so already.
fn holding<T>(call: impl FnOnce(&mut Sorted<'_>) -> T) -> Option<T> {
    if HOLDS.with(|holds| holds.replace(true)) {
        return None;
    }
    let result = recorder::with_ranges(call);
    HOLDS.with(|holds| holds.set(false));
    result
}

fn failed(address: *mut c_void) -> bool {
    address == libc::MAP_FAILED
}

/// The pages from an address on.
fn pages(address: usize, length: usize) -> Range {
    let page = rustix::param::page_size();
    let end = address.saturating_add(length.checked_next_multiple_of(page).unwrap_or(length));
    Range { start: address as u64, end: end as u64 }
}

/// Nothing is mapped there any more.
fn clear(sorted: &mut Sorted<'_>, gone: Range) {
    while let Some(range) = sorted.first_over(gone) {
        sorted.remove(range.start);
        let left = range.without(gone).map(|of| of.filter(|&of| sorted.insert(of)));
        recorder::cut(SiteKind::Mapping, range, left);
    }
}

/// A mapping that the calling function made.
fn add(sorted: &mut Sorted<'_>, new: Range) {
    // What was there went by a way that is not seen.
    clear(sorted, new);
    // Without room it has no site.
    if sorted.insert(new) {
        recorder::acquired(SiteKind::Mapping, new.start, new.length() as usize);
    }
}

/// What the raw system call says, as the function does.
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
        call_real!(
            mmap(address, length, access, flags, fd, offset) -> *mut c_void,
            pointer(system_call!(SYS_mmap, address, length, access, flags, fd, offset))
        )
    };
    if recorder::is_on() { mapping(length, flags, call) } else { call() }
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
        call_real!(
            mmap64(address, length, access, flags, fd, offset) -> *mut c_void,
            pointer(system_call!(SYS_mmap, address, length, access, flags, fd, offset))
        )
    };
    if recorder::is_on() { mapping(length, flags, call) } else { call() }
}

/// A call that makes a mapping.
#[cold]
#[inline(never)]
pub(super) fn mapping(length: usize, flags: usize, call: impl Fn() -> *mut c_void) -> *mut c_void {
    if !recording() {
        return call();
    }
    let add = |sorted: &mut Sorted<'_>, new: *mut c_void| {
        if !failed(new) {
            aside(|| add(sorted, pages(new.addr(), length)));
        }
        new
    };
    // Over another one it takes that one's place at once; a new place belongs to this thread alone.
    if flags as c_int & libc::MAP_FIXED != 0 {
        return holding(|sorted| add(sorted, call())).unwrap_or_else(call);
    }
    let new = call();
    holding(|sorted| add(sorted, new));
    new
}

pub(super) unsafe extern "C-unwind" fn munmap(address: usize, length: usize) -> c_int {
    let call = || {
        call_real!(
            munmap(address, length) -> c_int,
            system_call!(SYS_munmap, address, length) as c_int
        )
    };
    if recorder::is_on() { unmapping(address, length, call) } else { call() }
}

/// A call that unmaps.
#[cold]
#[inline(never)]
pub(super) fn unmapping(address: usize, length: usize, call: impl Fn() -> c_int) -> c_int {
    if !recording() {
        return call();
    }
    let seen = |sorted: &mut Sorted<'_>| {
        let result = call();
        if result == 0 {
            aside(|| clear(sorted, pages(address, length)));
        }
        result
    };
    holding(seen).unwrap_or_else(&call)
}

pub(super) unsafe extern "C-unwind" fn mremap(
    old: usize,
    old_length: usize,
    new_length: usize,
    flags: usize,
    wanted: usize,
) -> *mut c_void {
    let call = || {
        call_real!(
            mremap(old, old_length, new_length, flags, wanted) -> *mut c_void,
            pointer(system_call!(SYS_mremap, old, old_length, new_length, flags, wanted))
        )
    };
    if !recorder::is_on() {
        return call();
    }
    // Of a shared mapping another one was asked for, or the old one stays where it is, empty.
    if old_length == 0 || flags & libc::MREMAP_DONTUNMAP as usize != 0 {
        return mapping(new_length, libc::MAP_FIXED as usize, call);
    }
    remapping(old, old_length, new_length, call)
}

/// A call that resizes or moves a mapping or a part of one.
#[cold]
#[inline(never)]
fn remapping(
    old: usize,
    old_length: usize,
    new_length: usize,
    call: impl Fn() -> *mut c_void,
) -> *mut c_void {
    if !recording() {
        return call();
    }
    let seen = |sorted: &mut Sorted<'_>| {
        let new = call();
        if !failed(new) {
            let (from, to) = (pages(old, old_length), pages(new.addr(), new_length));
            aside(|| match from.start == to.start {
                true => resized(sorted, from, to),
                false => moved(sorted, from, to),
            });
        }
        new
    };
    holding(seen).unwrap_or_else(&call)
}

/// A mapping that was resized where it is: what it has more belongs to the calling function.
fn resized(sorted: &mut Sorted<'_>, from: Range, to: Range) {
    if to.end <= from.end {
        return clear(sorted, Range { start: to.end, end: from.end });
    }
    clear(sorted, Range { start: from.end, end: to.end });
    // It may begin before the part that was asked for.
    let last = Range { start: from.end.saturating_sub(1), ..from };
    match sorted.first_over(last) {
        Some(range) => replace(sorted, range, Range { end: to.end, ..range }),
        None => add(sorted, Range { start: from.end, end: to.end }),
    }
}

/// A mapping that was moved, or a part of one: then the rest stays where it was.
fn moved(sorted: &mut Sorted<'_>, from: Range, to: Range) {
    clear(sorted, to);
    let Some(range) = sorted.first_over(from) else { return add(sorted, to) };
    // The part that is moved, cut out of what it was in.
    let part = Range { start: range.start.max(from.start), end: range.end.min(from.end) };
    sorted.remove(range.start);
    let [before, behind] = range.without(part).map(|of| of.filter(|&of| sorted.insert(of)));
    // The part itself is put in last, so that it is the one that keeps what cannot be divided.
    sorted.insert(part);
    recorder::cut(SiteKind::Mapping, range, [Some(part), before, behind]);
    replace(sorted, part, to);
    // What else was moved with it is one mapping now.
    clear(sorted, from);
}

/// A mapping is another one now, resized by the calling function if it is larger.
fn replace(sorted: &mut Sorted<'_>, range: Range, new: Range) {
    let taken = recorder::taking(SiteKind::Mapping, range.start);
    sorted.remove(range.start);
    if sorted.insert(new) {
        taken.resize(new.start, range.length() as usize, new.length() as usize);
    } else {
        taken.settle(true);
    }
}
