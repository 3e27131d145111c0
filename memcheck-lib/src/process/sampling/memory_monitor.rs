//! Readings of the memory of a process that are cheap enough to be made many times a second while
//! it runs.

use std::io;
use std::path::PathBuf;

use crate::process::memory::{Footprint, StatusFields, read_rollup};
use crate::process::proc_files::ProcFile;

/// Reads the memory of one process. Reading `statm` and `status` takes no lock of the process.
/// Reading the footprint does, so read it only when the others say that it can be large.
#[derive(Debug)]
pub(crate) struct MemoryMonitor {
    pid: i32,
    statm: ProcFile,
    status: ProcFile,
    text: Vec<u8>,
}

impl MemoryMonitor {
    /// Opens the files of a process.
    pub(crate) fn new(pid: i32) -> io::Result<MemoryMonitor> {
        let open = |name: &str| ProcFile::open(PathBuf::from(format!("/proc/{pid}/{name}")));
        Ok(MemoryMonitor { pid, statm: open("statm")?, status: open("status")?, text: Vec::new() })
    }

    /// The resident set in bytes, with page cache. This takes some 2 µs. `None` once the process
    /// has ended.
    pub(crate) fn resident(&mut self) -> Option<u64> {
        let text = self.statm.read_into(&mut self.text).ok()?;
        resident_pages(text)?.checked_mul(rustix::param::page_size() as u64)
    }

    /// The parts of a footprint that are not in the resident set: swap, huge pages, page tables.
    pub(crate) fn beyond_resident(&mut self) -> Option<u64> {
        let status = StatusFields::parse(self.status.read_into(&mut self.text).ok()?);
        let parts = [status.swap, status.hugetlb, status.page_tables];
        Some(parts.iter().flatten().fold(0, |sum, part| sum.saturating_add(*part)))
    }

    /// The live footprint. If the process does not let this user read its memory, the resident set,
    /// which is at least as large.
    pub(crate) fn live_footprint(&mut self) -> Option<u64> {
        match read_rollup(self.pid) {
            Ok(rollup) => {
                let status = StatusFields::parse(self.status.read_into(&mut self.text).ok()?);
                let footprint = Footprint::from_fields(&rollup, &status, &mut |_| {})?;
                Some(footprint.live())
            }
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => self.resident(),
            Err(_) => None,
        }
    }
}

/// The second number of `statm`.
fn resident_pages(text: &[u8]) -> Option<u64> {
    let number = text.split(|byte| *byte == b' ').nth(1)?;
    std::str::from_utf8(number).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_number_of_statm_is_the_resident_set() {
        assert_eq!(resident_pages(b"33554432 812 700 10 0 90 0\n"), Some(812));
        assert_eq!(resident_pages(b""), None);
    }

    #[test]
    fn the_own_process_can_be_read() {
        let mut monitor = MemoryMonitor::new(std::process::id().cast_signed())
            .expect("a process can read itself");
        let resident = monitor.resident().expect("the process is running");
        assert!(resident > 64 << 10);
        assert!(monitor.beyond_resident().is_some());
        let live = monitor.live_footprint().expect("the process is running");
        // The counters of statm lag by some pages per core.
        assert!(live < resident + (16 << 20), "{live} {resident}");
        assert!(MemoryMonitor::new(i32::MAX).is_err());
    }
}
