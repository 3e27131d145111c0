//! An arena that reserves 136 GiB of address space and uses a few pages of it.
//!
//! The Go runtime did this up to version 1.4: at start it mapped 128 GiB for objects and 8 GiB for a bitmap
//! of them, both without access (`PROT_NONE`), and made pieces of both readable and writable when it needed
//! them. `ps` showed 136 GiB of virtual size for a program of 2 MiB, and nothing was wrong.
//!
//! Address space costs nothing; touched pages do. So `Arena` passes while it returns its pieces, and fails
//! when it forgets to, although its virtual size is the same to the byte in both cases. The heap counters see
//! neither: only the kernel is involved, no allocator.

use std::io;
use std::ops::Range;
use std::ptr::NonNull;

const GIB: usize = 1 << 30;
/// Address space for objects.
pub const OBJECTS: usize = 128 * GIB;
/// Address space for the bitmap: one byte for 16 bytes of objects.
pub const BITMAP: usize = 8 * GIB;
/// Objects are taken in pieces of this size, whose part of the bitmap is one page.
pub const PIECE: usize = 64 * 1024;

/// Address space without access, of which pieces can be made memory.
#[derive(Debug)]
struct Reservation {
    start: NonNull<u8>,
    size: usize,
}

impl Reservation {
    fn new(size: usize) -> io::Result<Self> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: a new mapping wherever the kernel has room overlaps nothing.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), size, libc::PROT_NONE, flags, -1, 0) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or_else(|| io::Error::other("mapped at 0"))?;
        Ok(Reservation { start, size })
    }

    /// Makes a piece readable and writable, and touches its pages.
    fn commit(&mut self, piece: Range<usize>) -> io::Result<()> {
        self.protect(&piece, libc::PROT_READ | libc::PROT_WRITE)?;
        // SAFETY: `protect` has checked that the piece is inside, and made it writable.
        unsafe { self.start.as_ptr().add(piece.start).write_bytes(1, piece.len()) };
        Ok(())
    }

    /// Gives the pages of a piece back. The address space stays.
    fn release(&mut self, piece: Range<usize>) -> io::Result<()> {
        self.protect(&piece, libc::PROT_NONE)?;
        // SAFETY: `protect` has checked that the piece is inside; no pointer into it is left.
        let result = unsafe {
            let start = self.start.as_ptr().add(piece.start);
            libc::madvise(start.cast(), piece.len(), libc::MADV_DONTNEED)
        };
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    fn protect(&mut self, piece: &Range<usize>, access: i32) -> io::Result<()> {
        if piece.start > piece.end || piece.end > self.size {
            return Err(io::Error::other("the arena is used up"));
        }
        // SAFETY: the piece is inside of the mapping, which is this reservation's own.
        let result = unsafe {
            let start = self.start.as_ptr().add(piece.start);
            libc::mprotect(start.cast(), piece.len(), access)
        };
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        // SAFETY: only this reservation has the mapping, and no pointer into it is left.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.size) };
    }
}

/// An arena for objects.
#[derive(Debug)]
pub struct Arena {
    objects: Reservation,
    bitmap: Reservation,
    /// Pieces before this one are in use.
    next: usize,
}

impl Arena {
    /// Reserves the address space. No page of it is memory yet.
    pub fn new() -> io::Result<Self> {
        let (objects, bitmap) = (Reservation::new(OBJECTS)?, Reservation::new(BITMAP)?);
        Ok(Arena { objects, bitmap, next: 0 })
    }

    /// Takes `pieces` more into use.
    pub fn grow(&mut self, pieces: usize) -> io::Result<()> {
        let more = self.next..self.next + pieces;
        self.objects.commit(more.start * PIECE..more.end * PIECE)?;
        self.bitmap.commit(more.start * PIECE / 16..more.end * PIECE / 16)?;
        self.next = more.end;
        Ok(())
    }

    /// Returns all pieces and begins again.
    pub fn reset(&mut self) -> io::Result<()> {
        self.objects.release(0..self.next * PIECE)?;
        self.bitmap.release(0..self.next * PIECE / 16)?;
        self.next = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use memcheck::{Workload, memcheck};

    /// Passes: 1 MiB of objects and its bitmap are taken and given back.
    #[memcheck]
    fn gives_its_pieces_back(workload: Workload) -> io::Result<()> {
        let mut arena = Arena::new()?;
        workload.iterate(|| {
            arena.grow(16)?;
            arena.reset()
        });
        Ok(())
    }

    /// Fails: one piece is taken and kept.
    #[memcheck]
    fn forgets_to_give_its_pieces_back(workload: Workload) -> io::Result<()> {
        let mut arena = Arena::new()?;
        workload.iterate(|| arena.grow(1));
        Ok(())
    }
}
