//! The mapping in which the tables lie.

use std::os::fd::AsFd;
use std::ptr::NonNull;

use rustix::io;
use rustix::mm::{MapFlags, MremapFlags, ProtFlags, mmap, mremap, munmap};

use super::tables::{LENGTH, Tables};

/// Bytes before the tables in the shared file: the page on which the worker's iterations stand.
const BEFORE: usize = 4096;

/// Bytes of the shared file once there is recording.
pub(crate) const FILE_LENGTH: usize = BEFORE + LENGTH;

/// A mapping of the tables.
#[derive(Debug)]
pub(crate) struct Memory {
    address: NonNull<u8>,
    /// Bytes before the tables.
    before: usize,
}

// SAFETY: the tables may be used by several threads, and the mapping lives as long as this.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

impl Memory {
    /// The tables of the shared file, which has [`FILE_LENGTH`] bytes.
    pub(crate) fn of_file(file: impl AsFd) -> io::Result<Memory> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping at an address of the kernel's choice touches no memory of ours.
        let address =
            unsafe { mmap(std::ptr::null_mut(), FILE_LENGTH, access, MapFlags::SHARED, file, 0) }?;
        Memory::at(address, BEFORE)
    }

    /// The tables of the file of which the first page is mapped at `page`: a second mapping of it,
    /// for which no descriptor is needed. A body that has used them all up can be recorded too.
    pub(crate) fn beside(page: NonNull<u8>) -> io::Result<Memory> {
        // SAFETY: with an old size of 0 a shared mapping stays as it is, and a new one of the same
        // file is made at an address of the kernel's choice (mremap(2)).
        let address =
            unsafe { mremap(page.as_ptr().cast(), 0, FILE_LENGTH, MremapFlags::MAYMOVE) }?;
        Memory::at(address, BEFORE)
    }

    /// Tables of this process's own.
    #[cfg(test)]
    pub(super) fn private() -> io::Result<Memory> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: a new mapping at an address of the kernel's choice touches no memory of ours.
        let address = unsafe {
            rustix::mm::mmap_anonymous(std::ptr::null_mut(), BEFORE + LENGTH, access, flags)
        }?;
        Memory::at(address, BEFORE)
    }

    fn at(address: *mut std::ffi::c_void, before: usize) -> io::Result<Memory> {
        let address = NonNull::new(address.cast()).ok_or(io::Errno::NOMEM)?;
        Ok(Memory { address, before })
    }

    pub(crate) fn tables(&self) -> &Tables {
        // SAFETY: the mapping is page-aligned, readable and writable, long enough for `Tables`
        // (the file behind it has `FILE_LENGTH` bytes and nobody makes it shorter), and is
        // unmapped only in `drop`. All zero bytes are valid tables.
        unsafe { &*self.address.as_ptr().add(self.before).cast() }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and nothing borrowed from it outlives `self`. That it could
        // not be unmapped would cost address space only.
        let _ = unsafe { munmap(self.address.as_ptr().cast(), self.before + LENGTH) };
    }
}
