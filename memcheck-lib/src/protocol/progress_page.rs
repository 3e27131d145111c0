//! The progress page: memory that observer and worker share, with the worker's current iteration. It
//! stays readable after the worker has ended.

use std::os::fd::{AsFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use rustix::io;
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

const LENGTH: usize = 4096;

/// The contents of the page. A new page is all zero, which is valid.
#[repr(C)]
struct Contents {
    /// The last iteration that has begun, counted from 1.
    begun: AtomicU64,
    /// Iterations that have ended.
    done: AtomicU64,
}

/// A mapping of the page.
#[derive(Debug)]
pub(crate) struct ProgressPage {
    contents: NonNull<Contents>,
}

// SAFETY: the contents are atomics in a mapping that lives as long as the `ProgressPage`.
unsafe impl Send for ProgressPage {}
// SAFETY: as above.
unsafe impl Sync for ProgressPage {}

impl ProgressPage {
    /// A new page and the descriptor through which the worker maps it too.
    pub(crate) fn create() -> io::Result<(ProgressPage, OwnedFd)> {
        let file = memfd_create("memcheck", MemfdFlags::CLOEXEC)?;
        ftruncate(&file, LENGTH as u64)?;
        Ok((ProgressPage::map(&file)?, file))
    }

    /// Maps the page behind a descriptor, which may be closed afterwards.
    pub(crate) fn map(file: impl AsFd) -> io::Result<ProgressPage> {
        // SAFETY: a new mapping at an address of the kernel's choice overlaps no existing mapping.
        let address = unsafe {
            mmap(
                std::ptr::null_mut(),
                LENGTH,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::SHARED,
                file,
                0,
            )
        }?;
        NonNull::new(address.cast())
            .map(|contents| ProgressPage { contents })
            .ok_or(io::Errno::NOMEM)
    }

    fn contents(&self) -> &Contents {
        // SAFETY: the mapping is page-aligned, longer than `Contents`, readable and writable, and
        // is unmapped only in `drop`. The file behind it was made long enough and is never made
        // shorter, so no access can raise SIGBUS.
        unsafe { self.contents.as_ref() }
    }

    /// The address of the mapping. The file behind it may become longer.
    pub(crate) fn address(&self) -> NonNull<u8> {
        self.contents.cast()
    }

    /// Notes that an iteration begins.
    #[inline]
    pub(crate) fn begin(&self, iteration: u64) {
        self.contents().begun.store(iteration, Relaxed);
    }

    /// Notes that an iteration has ended.
    #[inline]
    pub(crate) fn end(&self, iteration: u64) {
        self.contents().done.store(iteration, Relaxed);
    }

    /// Iterations that have ended.
    pub(crate) fn done(&self) -> u64 {
        self.contents().done.load(Relaxed)
    }

    /// The iteration that has begun and has not ended.
    pub(crate) fn current(&self) -> Option<u64> {
        let begun = self.contents().begun.load(Relaxed);
        (begun > self.done()).then_some(begun)
    }
}

impl Drop for ProgressPage {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and nothing borrowed from it outlives `self`. That it could
        // not be unmapped would cost address space only.
        let _ = unsafe { munmap(self.contents.as_ptr().cast(), LENGTH) };
    }
}
