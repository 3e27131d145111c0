//! Mappings, from `mmap` to `munmap`.
//!
//! A mapping is kept under its address with its length. What is unmapped from its start on is exact,
//! also of several in a row or on top of another; of one that loses a piece of its middle or its end
//! the bytes stay as they were.

use std::ffi::{c_int, c_void};

use super::{aside, call_real, real_functions, recording, system_call};
use crate::recorder::{self, SiteKind, Taking};

/// Mappings that one call can unmap and each be known of, …
const AT_ONCE: usize = 8;
/// … if they begin in the first so many pages: each is asked for.
const ASKED_FOR: usize = 1024;

real_functions! { mmap, mmap64, munmap, mremap }

fn whole_pages(length: usize) -> usize {
    length.next_multiple_of(rustix::param::page_size())
}

fn failed(address: *mut c_void) -> bool {
    address == libc::MAP_FAILED
}

#[inline(always)]
fn given(address: *mut c_void, length: usize) -> *mut c_void {
    if recorder::is_on() && !failed(address) {
        record(address, length);
    }
    address
}

#[cold]
#[inline(never)]
fn record(address: *mut c_void, length: usize) {
    if recording() {
        let key = address.addr() as u64;
        aside(|| recorder::acquired(SiteKind::Mapping, key, whole_pages(length)));
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
    let new = call_real!(
        mmap(address, length, access, flags, fd, offset) -> *mut c_void,
        pointer(system_call!(SYS_mmap, address, length, access, flags, fd, offset))
    );
    given(new, length)
}

pub(super) unsafe extern "C-unwind" fn mmap64(
    address: usize,
    length: usize,
    access: usize,
    flags: usize,
    fd: usize,
    offset: usize,
) -> *mut c_void {
    let new = call_real!(
        mmap64(address, length, access, flags, fd, offset) -> *mut c_void,
        pointer(system_call!(SYS_mmap, address, length, access, flags, fd, offset))
    );
    given(new, length)
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

#[cold]
#[inline(never)]
fn unmapping(address: usize, length: usize, call: impl FnOnce() -> c_int) -> c_int {
    if !recording() {
        return call();
    }
    let end = address.saturating_add(whole_pages(length));
    let pages = (address..end).step_by(rustix::param::page_size()).take(ASKED_FOR);
    let mut taken: [Option<Taking>; AT_ONCE] = [None; AT_ONCE];
    aside(|| {
        let mut places = taken.iter_mut();
        let asked = pages.map(|page| recorder::taking(SiteKind::Mapping, page as u64));
        for known in asked.filter(|one| one.bytes().is_some()) {
            match places.next() {
                Some(place) => *place = Some(known),
                None => {
                    known.settle(false);
                    break;
                }
            }
        }
    });
    let result = call();
    aside(|| {
        for one in taken.iter().flatten() {
            let after = one.key() + one.bytes().unwrap_or(0) as u64;
            if result == 0 && after > end as u64 {
                // Its end is still there.
                let left = (after - end as u64) as usize;
                one.resize(end as u64, one.bytes().unwrap_or(left), left);
            } else {
                one.settle(result == 0);
            }
        }
    });
    result
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
        return given(call(), new_length);
    }
    remapping(old, old_length, new_length, call)
}

#[cold]
#[inline(never)]
fn remapping(
    old: usize,
    old_length: usize,
    new_length: usize,
    call: impl FnOnce() -> *mut c_void,
) -> *mut c_void {
    if !recording() {
        return call();
    }
    let taken = aside(|| recorder::taking(SiteKind::Mapping, old as u64));
    let new = call();
    aside(|| {
        if failed(new) {
            taken.settle(false);
        } else {
            taken.resize(new.addr() as u64, whole_pages(old_length), whole_pages(new_length));
        }
    });
    new
}
