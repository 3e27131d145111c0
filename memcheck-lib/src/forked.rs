//! Distinguishes a process from those that it forks, whichever call forks them: a raw system call
//! (`syscall`, `clone`) runs none of the handlers of `pthread_atfork`.
//!
//! A child that shares the memory of its parent until it starts another program (`vfork`) is not
//! recognized as a child.

use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous};

/// A word that is 1 in this process and 0 in every child: the kernel replaces its page with an empty one
/// in a child (MADV_WIPEONFORK, madvise(2)). Null before [`remember`], and if there is no such page.
static HERE: AtomicPtr<AtomicU32> = AtomicPtr::new(std::ptr::null_mut());

/// Set by the handler of `pthread_atfork`, for kernels without such a page.
static FORKED: AtomicBool = AtomicBool::new(false);

/// Makes the calling process the one whose children [`is_child`] recognizes. Call it once.
pub(crate) fn remember() {
    unsafe extern "C" fn forked() {
        FORKED.store(true, Ordering::Relaxed);
    }
    // SAFETY: the handler only stores to an atomic, which is allowed in a child after fork.
    unsafe { libc::pthread_atfork(None, None, Some(forked)) };
    const LENGTH: usize = 4096;
    let access = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a new mapping at an address of the kernel's choice overlaps no existing mapping.
    let page = unsafe { mmap_anonymous(std::ptr::null_mut(), LENGTH, access, MapFlags::PRIVATE) };
    let Ok(page) = page else { return };
    // SAFETY: the advice is for the mapping that was just made.
    if unsafe { madvise(page, LENGTH, Advice::LinuxWipeOnFork) }.is_ok() {
        let word = page.cast::<AtomicU32>();
        // SAFETY: the page is writable and is never unmapped. All zero bytes are a valid word.
        unsafe { &*word }.store(1, Ordering::Relaxed);
        HERE.store(word, Ordering::Release);
    }
}

/// Whether the process that called [`remember`] forked this one.
#[inline]
pub(crate) fn is_child() -> bool {
    // SAFETY: null, or the word of `remember`, which is never unmapped, in a child neither.
    let here = unsafe { HERE.load(Ordering::Acquire).as_ref() };
    here.is_some_and(|here| here.load(Ordering::Relaxed) == 0) || FORKED.load(Ordering::Relaxed)
}
