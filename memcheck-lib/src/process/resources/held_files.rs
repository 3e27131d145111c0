//! Memory that only a descriptor holds.
//!
//! A memfd that is written but not mapped is in no mapping, so it is not in the footprint. When its
//! descriptor is closed, the memory is freed. Each such file counts once, however many descriptors
//! it has, and without its mapped part, which is already in the footprint.

use std::ffi::CStr;
use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, FileType, Statx, StatxFlags};
use rustix::io::Errno;

use crate::process::proc_files::ProcDirectory;
use crate::process::smaps::{Device, MappingHeader};

/// An unlinked file on a file system in memory that the process has open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeldFile {
    pub(crate) device: Device,
    pub(crate) inode: u64,
    /// Its memory: `st_blocks`, in bytes.
    pub(crate) bytes: u64,
    /// Its mapped parts, as `(offset, end)` in the file.
    mapped: Vec<(u64, u64)>,
}

impl HeldFile {
    /// Notes a mapping, if it is one of this file.
    pub(crate) fn add_mapping(&mut self, mapping: &MappingHeader<'_>) {
        if (mapping.device, mapping.inode) == (self.device, self.inode) {
            let length = mapping.end - mapping.start;
            self.mapped.push((mapping.offset, mapping.offset.saturating_add(length)));
        }
    }

    /// The number of mapped bytes. A part that is mapped twice counts once.
    fn mapped_bytes(&mut self) -> u64 {
        self.mapped.sort_unstable();
        let (mut bytes, mut seen) = (0u64, 0u64);
        for (from, to) in &self.mapped {
            bytes = bytes.saturating_add(to.saturating_sub(*from.max(&seen)));
            seen = seen.max(*to);
        }
        bytes
    }
}

/// The memory that is in no mapping. A page that is mapped but was only written with `write` is in
/// no resident set. So at most `in_mappings` bytes are subtracted: the shared memory that the
/// process has resident or swapped out. Only a walk of smaps would say which file these bytes
/// belong to. So the sum can be too small if a file is mapped, but only written with `write`, while
/// the process has other shared memory. The error is at most the size of that other memory, so a
/// leak still shows.
pub(crate) fn held_only_by_descriptors(files: &mut [HeldFile], in_mappings: u64) -> u64 {
    let (mut bytes, mut mapped) = (0u64, 0u64);
    for file in files {
        bytes = bytes.saturating_add(file.bytes);
        mapped = mapped.saturating_add(file.mapped_bytes().min(file.bytes));
    }
    bytes.saturating_sub(mapped.min(in_mappings))
}

/// Counts the descriptors of a process and finds the memory that they hold.
#[derive(Debug)]
pub(crate) struct DescriptorScan {
    pid: i32,
    directory: ProcDirectory,
    /// The devices seen so far, and whether their file systems are in memory.
    devices: Vec<(Device, bool)>,
    /// Why the memory of a descriptor is unknown, for the first such descriptor.
    note: Option<String>,
}

impl DescriptorScan {
    pub(crate) fn open(pid: i32) -> io::Result<DescriptorScan> {
        let directory = ProcDirectory::open(format!("/proc/{pid}/fd").as_ref())?;
        Ok(DescriptorScan { pid, directory, devices: Vec::new(), note: None })
    }

    /// Why the memory of a descriptor is missing from the result.
    pub(crate) fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Counts the descriptors and collects the unlinked files in memory in `files`.
    pub(crate) fn scan(&mut self, files: &mut Vec<HeldFile>) -> io::Result<u64> {
        self.scan_with(files, status)
    }

    fn scan_with(
        &mut self,
        files: &mut Vec<HeldFile>,
        status: fn(&OwnedFd, &CStr) -> Result<Statx, Errno>,
    ) -> io::Result<u64> {
        let DescriptorScan { pid, directory, devices, note } = self;
        files.clear();
        let mut count = 0;
        directory.for_each(|fds, name| {
            count += 1;
            let stat = match status(fds, name) {
                Ok(stat) => stat,
                // It was closed since it was listed.
                Err(Errno::NOENT) => return Ok(()),
                Err(error) => {
                    note.get_or_insert_with(|| without_memory(*pid, name, error));
                    return Ok(());
                }
            };
            if let Some(file) = unlinked_file(&stat)
                && !files.iter().any(|f| (f.device, f.inode) == (file.device, file.inode))
                && is_in_memory(*pid, name, file.device, devices)
            {
                files.push(file);
            }
            Ok(())
        })?;
        Ok(count)
    }
}

/// The status of the file of a descriptor. It also fails if the file system does not answer
/// (ESTALE, a FUSE file system whose process has died).
fn status(fds: &OwnedFd, name: &CStr) -> Result<Statx, Errno> {
    let wanted = StatxFlags::TYPE | StatxFlags::NLINK | StatxFlags::INO | StatxFlags::BLOCKS;
    // DONT_SYNC: a network file system that does not answer must not block the observer.
    rustix::fs::statx(fds, name, AtFlags::STATX_DONT_SYNC, wanted)
}

fn without_memory(pid: i32, name: &CStr, error: Errno) -> String {
    format!(
        "/proc/{pid}/fd/{} is counted, but its memory could not be read: {}",
        name.to_string_lossy(),
        io::Error::from(error)
    )
}

/// The file of a descriptor, if it is an unlinked regular file with data. Only such a file is held
/// by descriptors: a file that has a name stays when they are closed.
fn unlinked_file(stat: &Statx) -> Option<HeldFile> {
    let regular = FileType::from_raw_mode(stat.stx_mode.into()) == FileType::RegularFile;
    if !regular || stat.stx_nlink != 0 || stat.stx_blocks == 0 {
        return None;
    }
    Some(HeldFile {
        device: Device { major: stat.stx_dev_major, minor: stat.stx_dev_minor },
        inode: stat.stx_ino,
        // The unit is 512 bytes on every file system (statx(2)).
        bytes: stat.stx_blocks.saturating_mul(512),
        mapped: Vec::new(),
    })
}

/// `f_type` of tmpfs (also memfd and shared memory), hugetlbfs and ramfs, from statfs(2).
const FILE_SYSTEMS_IN_MEMORY: [u64; 3] = [0x0102_1994, 0x9584_58f6, 0x8584_58f6];

fn is_in_memory(pid: i32, name: &CStr, device: Device, known: &mut Vec<(Device, bool)>) -> bool {
    // A file system in memory has no block device.
    if device.major != 0 {
        return false;
    }
    if let Some((_, in_memory)) = known.iter().find(|(of, _)| *of == device) {
        return *in_memory;
    }
    let path = format!("/proc/{pid}/fd/{}", name.to_string_lossy());
    let Ok(system) = rustix::fs::statfs(&path) else { return false };
    // The type of `f_type` differs between architectures; the values have 32 bits on all of them.
    let in_memory = FILE_SYSTEMS_IN_MEMORY.contains(&(system.f_type as u64 & 0xffff_ffff));
    known.push((device, in_memory));
    in_memory
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(bytes: u64, mapped: &[(u64, u64)]) -> HeldFile {
        HeldFile { device: Device::default(), inode: 1, bytes, mapped: mapped.to_vec() }
    }

    #[test]
    fn mapped_parts_are_subtracted_once() {
        assert_eq!(file(100, &[]).mapped_bytes(), 0);
        assert_eq!(file(100, &[(0, 50), (0, 50), (25, 75)]).mapped_bytes(), 75);
        assert_eq!(file(100, &[(60, 70), (0, 10)]).mapped_bytes(), 20);
        assert_eq!(held_only_by_descriptors(&mut [file(100, &[(0, 50)])], 1000), 50);
        assert_eq!(held_only_by_descriptors(&mut [file(100, &[(0, 500)])], 1000), 0);
    }

    #[test]
    fn a_descriptor_whose_file_does_not_answer_is_counted() {
        let mut scan = DescriptorScan::open(std::process::id().cast_signed()).unwrap();
        let mut files = Vec::new();
        let count = scan.scan_with(&mut files, |_, _| Err(Errno::STALE)).unwrap();
        // At least the standard streams of the test.
        assert!(count >= 3 && files.is_empty());
        assert!(scan.note().unwrap().contains("is counted, but its memory"));
    }

    #[test]
    fn mapped_but_unused_parts_are_not_subtracted() {
        assert_eq!(held_only_by_descriptors(&mut [file(100, &[(0, 100)])], 0), 100);
        let mut files = [file(100, &[(0, 100)]), file(64, &[])];
        assert_eq!(held_only_by_descriptors(&mut files, 40), 124);
    }
}
