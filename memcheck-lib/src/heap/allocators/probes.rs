//! Asking the allocators. Nothing here allocates on the Rust heap.

use std::ffi::{CStr, c_char, c_int, c_void};

use super::entries::Entry;
use super::{Allocator, AllocatorStats};

/// `mallctl` of jemalloc: name, where the old value goes and its size, the new value and its size.
type Mallctl =
    unsafe extern "C" fn(*const c_char, *mut c_void, *mut usize, *mut c_void, usize) -> c_int;
/// `mi_process_info` of mimalloc: elapsed, user and system milliseconds, current and peak resident,
/// current and peak committed bytes, page faults.
type MiProcessInfo = unsafe extern "C" fn(
    *mut usize,
    *mut usize,
    *mut usize,
    *mut usize,
    *mut usize,
    *mut usize,
    *mut usize,
    *mut usize,
);

/// glibc's `struct mallinfo2` (malloc/malloc.h, since 2.33).
#[repr(C)]
struct Mallinfo2 {
    arena: usize,
    ordblks: usize,
    smblks: usize,
    hblks: usize,
    hblkhd: usize,
    usmblks: usize,
    fsmblks: usize,
    uordblks: usize,
    fordblks: usize,
    keepcost: usize,
}

/// What the allocator says, if it is in this process.
pub(crate) fn metrics(allocator: Allocator) -> Option<AllocatorStats> {
    match allocator {
        Allocator::Glibc => glibc(),
        Allocator::Jemalloc => jemalloc(),
        Allocator::Mimalloc => mimalloc(),
    }
}

/// Asks every allocator of this process to return what it does not need.
pub(crate) fn give_back() {
    if let Some(mallctl) = mallctl() {
        // The calling thread's cache first: what is in it keeps its pages from being purged.
        mallctl.call(c"thread.tcache.flush");
        // 4096 is MALLCTL_ARENAS_ALL of jemalloc 5: all arenas.
        mallctl.call(c"arena.4096.purge");
    }
    if let Some(address) = Entry::MiCollect.address() {
        // SAFETY: `void mi_collect(bool force)` of mimalloc, in all its versions.
        let collect: unsafe extern "C" fn(bool) = unsafe { std::mem::transmute(address) };
        // SAFETY: may be called at any time by any thread.
        unsafe { collect(true) };
    }
    if let Some(address) = Entry::MallocTrim.address() {
        // SAFETY: `int malloc_trim(size_t)` of glibc.
        let trim: unsafe extern "C" fn(usize) -> c_int = unsafe { std::mem::transmute(address) };
        // SAFETY: may be called at any time by any thread.
        unsafe { trim(0) };
    }
}

fn glibc() -> Option<AllocatorStats> {
    let address = Entry::Mallinfo2.address()?;
    // SAFETY: `struct mallinfo2 mallinfo2(void)` of glibc.
    let mallinfo2: unsafe extern "C" fn() -> Mallinfo2 = unsafe { std::mem::transmute(address) };
    // SAFETY: may be called at any time by any thread.
    let info = unsafe { mallinfo2() };
    Some(AllocatorStats {
        allocated: Some((info.uordblks + info.hblkhd) as u64),
        active: Some((info.arena + info.hblkhd) as u64),
        retained: Some(info.fordblks as u64),
        ..AllocatorStats::of(Allocator::Glibc)
    })
}

/// jemalloc's control function.
#[derive(Clone, Copy)]
struct Control(Mallctl);

fn mallctl() -> Option<Control> {
    let address = Entry::Mallctl.address().or_else(|| Entry::PrefixedMallctl.address())?;
    // SAFETY: jemalloc's `mallctl` has had this form since version 3.
    Some(Control(unsafe { std::mem::transmute::<*const (), Mallctl>(address) }))
}

impl Control {
    /// Runs a control without a value.
    fn call(self, name: &CStr) {
        let null = std::ptr::null_mut();
        // SAFETY: the name is a C string, no value is read or written. An unknown name is an error
        // that changes nothing.
        unsafe { (self.0)(name.as_ptr(), null, null.cast(), null, 0) };
    }

    /// Has the metrics be taken anew.
    fn refresh(self) {
        let mut epoch = 1u64;
        let new = (&raw mut epoch).cast();
        let null = std::ptr::null_mut();
        // SAFETY: `epoch` takes a u64; any value advances it.
        unsafe { (self.0)(c"epoch".as_ptr(), null, null.cast(), new, size_of::<u64>()) };
    }

    fn read(self, name: &CStr) -> Option<u64> {
        let mut value = 0usize;
        let mut size = size_of::<usize>();
        let old = (&raw mut value).cast();
        // SAFETY: jemalloc writes at most `size` bytes, and answers with an error if that is not
        // the value's size.
        let error = unsafe { (self.0)(name.as_ptr(), old, &raw mut size, std::ptr::null_mut(), 0) };
        (error == 0).then_some(value as u64)
    }
}

fn jemalloc() -> Option<AllocatorStats> {
    let mallctl = mallctl()?;
    mallctl.refresh();
    Some(AllocatorStats {
        allocated: mallctl.read(c"stats.allocated"),
        active: mallctl.read(c"stats.active"),
        resident: mallctl.read(c"stats.resident"),
        retained: mallctl.read(c"stats.retained"),
        ..AllocatorStats::of(Allocator::Jemalloc)
    })
}

fn mimalloc() -> Option<AllocatorStats> {
    let address = Entry::MiProcessInfo.address()?;
    // SAFETY: mimalloc's `mi_process_info` has had this form since version 1.7.
    let info: MiProcessInfo = unsafe { std::mem::transmute(address) };
    let mut values = [0usize; 8];
    let [elapsed, user, system, resident, peak, commit, peak_commit, faults] =
        values.each_mut().map(|value| value as *mut usize);
    // SAFETY: eight valid places.
    unsafe { info(elapsed, user, system, resident, peak, commit, peak_commit, faults) };
    Some(AllocatorStats {
        active: Some(values[5] as u64),
        resident: Some(values[3] as u64),
        ..AllocatorStats::of(Allocator::Mimalloc)
    })
}

#[cfg(all(test, not(miri)))]
mod tests {
    use super::*;

    #[cfg(target_env = "gnu")]
    #[test]
    fn glibc_tells_of_a_large_block() {
        let before = metrics(Allocator::Glibc).unwrap();
        let block = std::hint::black_box(vec![1u8; 64 << 20]);
        let after = metrics(Allocator::Glibc).unwrap();
        // Other tests of this process allocate and free meanwhile, but nothing of this size.
        assert!(after.allocated.unwrap() >= before.allocated.unwrap() + (48 << 20));
        assert!(after.active.unwrap() >= after.allocated.unwrap());
        drop(block);
        give_back();
    }

    #[test]
    fn an_allocator_that_is_not_there_says_nothing() {
        assert_eq!(metrics(Allocator::Jemalloc), None);
        assert_eq!(metrics(Allocator::Mimalloc), None);
    }
}
