//! Files and directories of `/proc/PID` that stay open between two readings.
//!
//! An open file of `/proc` belongs to its process. When another process gets the same ID, reading
//! fails with ESRCH instead of returning the numbers of the other process.

use std::ffi::CStr;
use std::fs::File;
use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, RawDir, SeekFrom};

/// A file that is read from its start each time.
#[derive(Debug)]
pub(crate) struct ProcFile {
    path: PathBuf,
    file: File,
}

impl ProcFile {
    pub(crate) fn open(path: PathBuf) -> io::Result<ProcFile> {
        let file = File::open(&path)?;
        Ok(ProcFile { path, file })
    }

    /// Opens the file again. This is needed after `exec`: the open file belongs to the memory of
    /// the old program and fails with ESRCH.
    pub(crate) fn reopen(&mut self) -> io::Result<()> {
        self.file = File::open(&self.path)?;
        Ok(())
    }

    /// A reader of the text from its start, for reading in pieces.
    pub(crate) fn text(&self) -> Text<'_> {
        Text { file: &self.file, offset: 0 }
    }

    /// Reads the whole text into `buffer`, which grows as needed.
    pub(crate) fn read_into<'buffer>(
        &self,
        buffer: &'buffer mut Vec<u8>,
    ) -> io::Result<&'buffer [u8]> {
        buffer.resize(buffer.capacity().max(4096), 0);
        let mut length = 0;
        loop {
            match self.file.read_at(&mut buffer[length..], length as u64)? {
                0 => return Ok(&buffer[..length]),
                read => length += read,
            }
            if length == buffer.len() {
                buffer.resize(length * 2, 0);
            }
        }
    }
}

/// Reads an open file from its start without moving its position.
#[derive(Debug)]
pub(crate) struct Text<'file> {
    file: &'file File,
    offset: u64,
}

impl Read for Text<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.offset)?;
        self.offset += read as u64;
        Ok(read)
    }
}

/// A directory that is listed repeatedly.
#[derive(Debug)]
pub(crate) struct ProcDirectory {
    fd: OwnedFd,
    entries: Vec<u8>,
}

impl ProcDirectory {
    pub(crate) fn open(path: &Path) -> io::Result<ProcDirectory> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(CWD, path, flags, Mode::empty())?;
        Ok(ProcDirectory { fd, entries: Vec::with_capacity(4096) })
    }

    /// The descriptor that it is read through, which appears in the list of this process's own.
    pub(crate) fn number(&self) -> i32 {
        self.fd.as_raw_fd()
    }

    /// Calls `visit` with the directory and the name of each entry whose name is a number.
    pub(crate) fn for_each(
        &mut self,
        mut visit: impl FnMut(&OwnedFd, &CStr) -> io::Result<()>,
    ) -> io::Result<()> {
        rustix::fs::seek(&self.fd, SeekFrom::Start(0))?;
        let space: &mut [MaybeUninit<u8>] = self.entries.spare_capacity_mut();
        let mut entries = RawDir::new(self.fd.as_fd(), space);
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let name = entry.file_name();
            if name.to_bytes().first().is_some_and(u8::is_ascii_digit) {
                visit(&self.fd, name)?;
            }
        }
        Ok(())
    }
}
