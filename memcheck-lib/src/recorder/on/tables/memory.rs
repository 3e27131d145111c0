//! The mapping that holds the tables.

use std::os::fd::AsFd;
use std::ptr::NonNull;

use rustix::io;
use rustix::mm::{MapFlags, MremapFlags, ProtFlags, mmap, mremap, munmap};

use super::layout::{LENGTH, Tables};

/// Bytes before the tables in the shared file: the page with the worker's progress.
const PROGRESS_PAGE: usize = 4096;

/// Length of the shared file of a worker that records, in bytes.
pub(crate) const FILE_LENGTH: usize = PROGRESS_PAGE + LENGTH;

/// A mapping of the progress page and the tables.
#[derive(Debug)]
pub(crate) struct Memory {
    address: NonNull<u8>,
}

// SAFETY: the tables are `Sync`, and the mapping is unmapped only when this is dropped.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

impl Memory {
    /// Maps the shared file, which has [`FILE_LENGTH`] bytes.
    pub(crate) fn of_file(file: impl AsFd) -> io::Result<Memory> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping at an address that the kernel chooses does not touch other memory.
        let address =
            unsafe { mmap(std::ptr::null_mut(), FILE_LENGTH, access, MapFlags::SHARED, file, 0) }?;
        Memory::at(address)
    }

    /// Maps the whole file whose first page is mapped at `page`. This needs no descriptor, so a
    /// body that has used up its descriptors can be recorded too.
    pub(crate) fn next_to_page(page: NonNull<u8>) -> io::Result<Memory> {
        // SAFETY: with an old size of 0, mremap(2) leaves a shared mapping as it is and maps the
        // same file a second time, at an address that the kernel chooses.
        let address =
            unsafe { mremap(page.as_ptr().cast(), 0, FILE_LENGTH, MremapFlags::MAYMOVE) }?;
        Memory::at(address)
    }

    /// Tables that only this process has.
    #[cfg(test)]
    pub(in crate::recorder::on) fn private() -> io::Result<Memory> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: a new mapping at an address that the kernel chooses does not touch other memory.
        let address = unsafe {
            rustix::mm::mmap_anonymous(std::ptr::null_mut(), FILE_LENGTH, access, flags)
        }?;
        Memory::at(address)
    }

    fn at(address: *mut std::ffi::c_void) -> io::Result<Memory> {
        let address = NonNull::new(address.cast()).ok_or(io::Errno::NOMEM)?;
        Ok(Memory { address })
    }

    pub(crate) fn tables(&self) -> &Tables {
        // SAFETY: the mapping is page-aligned, readable, writable and long enough for `Tables` (its
        // file has `FILE_LENGTH` bytes and is never truncated). It is unmapped only in `drop`. All
        // zero bytes are valid tables.
        unsafe { &*self.address.as_ptr().add(PROGRESS_PAGE).cast() }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: `self` owns the mapping, and no borrow of it outlives `self`. A failure costs
        // only address space.
        let _ = unsafe { munmap(self.address.as_ptr().cast(), FILE_LENGTH) };
    }
}
