//! Reads the sums over all mappings of a process.

use std::io;

use procfs::process::Process;

use super::status::StatusFields;
use crate::process::proc_files::ProcFile;
use crate::process::smaps::{Device, Field, Fields, SmapsSummary};

/// The sums over all mappings of a process, also on kernels without smaps_rollup.
pub(in crate::process) fn read_rollup(pid: i32) -> io::Result<Fields> {
    if let Some(fields) = read_rollup_file(pid)? {
        return Ok(fields);
    }
    let smaps = ProcFile::open(format!("/proc/{pid}/smaps").into())?;
    let summary = SmapsSummary::read(smaps.text(), in_memory_devices(pid), 0, |_| {})?;
    Ok(summary.as_rollup())
}

/// Reads smaps_rollup. `None` if the kernel does not have it.
pub(in crate::process) fn read_rollup_file(pid: i32) -> io::Result<Option<Fields>> {
    let file = match ProcFile::open(format!("/proc/{pid}/smaps_rollup").into()) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut fields = Fields::default();
    for line in file.read_into(&mut Vec::new())?.split(|byte| *byte == b'\n') {
        fields.read_line(line);
    }
    Ok(Some(fields))
}

/// The devices of mounted file systems that are in memory. Without this list, a file on a tmpfs
/// other than `/dev/shm` counts as a file on a disk, and its pages as page cache.
pub(in crate::process) fn in_memory_devices(pid: i32) -> Vec<Device> {
    let mounts = Process::new(pid).and_then(|process| process.mountinfo());
    let Ok(mounts) = mounts else { return Vec::new() };
    let in_memory = |kind: &str| matches!(kind, "tmpfs" | "devtmpfs" | "ramfs" | "hugetlbfs");
    let device = |text: &str| {
        let (major, minor) = text.split_once(':')?;
        Some(Device { major: major.parse().ok()?, minor: minor.parse().ok()? })
    };
    mounts
        .into_iter()
        .filter(|mount| in_memory(&mount.fs_type))
        .filter_map(|mount| device(&mount.majmin))
        .collect()
}

/// The shared memory that a process has resident through mappings, or swapped out.
pub(in crate::process) fn shared_memory_in_mappings(rollup: &Fields, status: &StatusFields) -> u64 {
    // Before Linux 4.5 there is no RssShmem; then everything that is mapped counts as resident.
    let Some(resident) = status.rss_shmem else { return u64::MAX };
    // `Swap` includes shared memory, `VmSwap` does not.
    let swapped = rollup.get(Field::Swap).unwrap_or(0).saturating_sub(status.swap.unwrap_or(0));
    let huge = rollup
        .get(Field::PrivateHugetlb)
        .unwrap_or(0)
        .saturating_add(rollup.get(Field::SharedHugetlb).unwrap_or(0));
    resident.saturating_add(swapped).saturating_add(huge)
}
