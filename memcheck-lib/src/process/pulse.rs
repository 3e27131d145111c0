//! Looks at a process that are so cheap that they can be taken many times a second while it runs.

use std::io;
use std::path::PathBuf;

use super::footprint::Footprint;
use super::gather::read_rollup;
use super::proc_files::ProcFile;
use super::status::StatusFields;

/// Looks at one process. `statm` and `status` take no lock of the process; its footprint does, so
/// that is only read when the others say that it may be large.
#[derive(Debug)]
pub(crate) struct Pulse {
    pid: i32,
    statm: ProcFile,
    status: ProcFile,
    text: Vec<u8>,
}

impl Pulse {
    /// Opens the files.
    pub(crate) fn new(pid: i32) -> io::Result<Pulse> {
        let open = |name: &str| ProcFile::open(PathBuf::from(format!("/proc/{pid}/{name}")));
        Ok(Pulse { pid, statm: open("statm")?, status: open("status")?, text: Vec::new() })
    }

    /// Resident set in bytes, page cache included; some 2 µs. `None` once the process has ended.
    pub(crate) fn resident(&mut self) -> Option<u64> {
        let text = self.statm.read_into(&mut self.text).ok()?;
        resident_pages(text)?.checked_mul(rustix::param::page_size() as u64)
    }

    /// What a footprint can have beside the resident set: swapped out, huge pages, page tables.
    pub(crate) fn beyond_resident(&mut self) -> Option<u64> {
        let status = StatusFields::parse(self.status.read_into(&mut self.text).ok()?);
        let parts = [status.swap, status.hugetlb, status.page_tables];
        Some(parts.iter().flatten().fold(0, |sum, part| sum.saturating_add(*part)))
    }

    /// The live footprint. Of a process that forbids reading its memory, the resident set, which is
    /// no less.
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
    fn the_second_number_is_what_is_resident() {
        assert_eq!(resident_pages(b"33554432 812 700 10 0 90 0\n"), Some(812));
        assert_eq!(resident_pages(b""), None);
    }

    #[test]
    fn reads_this_process() {
        let mut pulse = Pulse::new(std::process::id().cast_signed()).expect("our own");
        let resident = pulse.resident().expect("alive");
        assert!(resident > 64 << 10);
        assert!(pulse.beyond_resident().is_some());
        let live = pulse.live_footprint().expect("alive");
        // The counters behind statm lag by some pages of each core.
        assert!(live < resident + (16 << 20), "{live} {resident}");
        assert!(Pulse::new(i32::MAX).is_err());
    }
}
