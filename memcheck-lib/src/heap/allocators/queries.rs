//! Calls the statistics and release functions of the allocators. Nothing here allocates on the Rust
//! heap.

use std::ffi::{CStr, c_char, c_int, c_void};

use super::functions::Function;
use super::stats::{Allocator, AllocatorStats};

/// `mallctl` of jemalloc. Arguments: name, pointer to the old value and to its size, pointer to the
/// new value, and its size.
type Mallctl =
    unsafe extern "C" fn(*const c_char, *mut c_void, *mut usize, *mut c_void, usize) -> c_int;
/// `mi_process_info` of mimalloc. Results: elapsed, user and system milliseconds, current and peak
/// resident bytes, current and peak committed bytes, page faults.
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

/// The statistics of an allocator, if this process has it.
pub(crate) fn stats(allocator: Allocator) -> Option<AllocatorStats> {
    match allocator {
        Allocator::Glibc => glibc(),
        Allocator::Jemalloc => jemalloc(),
        Allocator::Mimalloc => mimalloc(),
    }
}

/// Asks every allocator of this process to return unused memory to the kernel.
pub(crate) fn release_unused_memory() {
    if let Some(mallctl) = mallctl() {
        // First the cache of the calling thread: its blocks keep their pages from being purged.
        mallctl.call(c"thread.tcache.flush");
        // 4096 means all arenas (MALLCTL_ARENAS_ALL of jemalloc 5).
        mallctl.call(c"arena.4096.purge");
    }
    if let Some(address) = Function::MiCollect.address() {
        // SAFETY: this is `void mi_collect(bool force)`, in all versions of mimalloc.
        let collect: unsafe extern "C" fn(bool) = unsafe { std::mem::transmute(address) };
        // SAFETY: any thread can call it at any time.
        unsafe { collect(true) };
    }
    if let Some(address) = Function::MallocTrim.address() {
        // SAFETY: this is `int malloc_trim(size_t)` of glibc.
        let trim: unsafe extern "C" fn(usize) -> c_int = unsafe { std::mem::transmute(address) };
        // SAFETY: any thread can call it at any time.
        unsafe { trim(0) };
    }
}

fn glibc() -> Option<AllocatorStats> {
    let address = Function::Mallinfo2.address()?;
    // SAFETY: this is `struct mallinfo2 mallinfo2(void)` of glibc.
    let mallinfo2: unsafe extern "C" fn() -> Mallinfo2 = unsafe { std::mem::transmute(address) };
    // SAFETY: any thread can call it at any time.
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
    let address = Function::Mallctl.address().or_else(|| Function::PrefixedMallctl.address())?;
    // SAFETY: jemalloc's `mallctl` has had this signature since version 3.
    Some(Control(unsafe { std::mem::transmute::<*const (), Mallctl>(address) }))
}

impl Control {
    /// Calls a control that has no value.
    fn call(self, name: &CStr) {
        let null = std::ptr::null_mut();
        // SAFETY: the name is a C string, and no value is read or written. An unknown name is an
        // error without effect.
        unsafe { (self.0)(name.as_ptr(), null, null.cast(), null, 0) };
    }

    /// Refreshes the cached statistics.
    fn refresh(self) {
        let mut epoch = 1u64;
        let new = (&raw mut epoch).cast();
        let null = std::ptr::null_mut();
        // SAFETY: `epoch` takes a u64; any value refreshes the statistics.
        unsafe { (self.0)(c"epoch".as_ptr(), null, null.cast(), new, size_of::<u64>()) };
    }

    fn read(self, name: &CStr) -> Option<u64> {
        let mut value = 0usize;
        let mut size = size_of::<usize>();
        let old = (&raw mut value).cast();
        // SAFETY: jemalloc writes at most `size` bytes, and returns an error if the value has
        // another size.
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
    let address = Function::MiProcessInfo.address()?;
    // SAFETY: mimalloc's `mi_process_info` has had this signature since version 1.7.
    let info: MiProcessInfo = unsafe { std::mem::transmute(address) };
    let mut values = [0usize; 8];
    let [elapsed, user, system, resident, peak, commit, peak_commit, faults] =
        values.each_mut().map(|value| value as *mut usize);
    // SAFETY: all eight pointers are valid.
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
    fn glibc_statistics_count_a_large_block() {
        let before = stats(Allocator::Glibc).unwrap();
        let block = std::hint::black_box(vec![1u8; 64 << 20]);
        let after = stats(Allocator::Glibc).unwrap();
        // Other tests of this process allocate and free meanwhile, but no blocks of this size.
        assert!(after.allocated.unwrap() >= before.allocated.unwrap() + (48 << 20));
        assert!(after.active.unwrap() >= after.allocated.unwrap());
        drop(block);
        release_unused_memory();
    }

    #[test]
    fn an_allocator_that_is_not_linked_has_no_statistics() {
        assert_eq!(stats(Allocator::Jemalloc), None);
        assert_eq!(stats(Allocator::Mimalloc), None);
    }
}
