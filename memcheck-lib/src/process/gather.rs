//! Reads everything about one process once.

use std::io;
use std::path::PathBuf;

use procfs::process::{Process, Status};
use rustix::fs::{AtFlags, FileType};

use super::descriptor_memory::{DescriptorScan, HeldFile, held_only_by_descriptors};
use super::descriptors::{self, Descriptor};
use super::error::ProcessError;
use super::fields::{Field, Fields};
use super::footprint::Footprint;
use super::identify;
use super::proc_files::{ProcDirectory, ProcFile};
use super::smaps::{Device, Entry, Header};
use super::snapshot::ProcessSnapshot;
use super::status::StatusFields;
use super::survey::Survey;
use super::tasks;
use crate::units::Bytes;

/// A snapshot and the survey it was made from.
pub(crate) struct Gathered {
    pub(crate) snapshot: ProcessSnapshot,
    pub(crate) survey: Survey,
}

impl ProcessSnapshot {
    /// Reads the calling process. What the reading itself opens is left out.
    ///
    /// # Errors
    ///
    /// When `/proc` cannot be read, or the process made itself non-dumpable.
    pub fn own() -> Result<ProcessSnapshot, ProcessError> {
        ProcessSnapshot::of(std::process::id().cast_signed())
    }

    /// Reads a process.
    ///
    /// # Errors
    ///
    /// When the process is gone, a zombie, a kernel thread, or does not permit reading its memory.
    pub fn of(pid: i32) -> Result<ProcessSnapshot, ProcessError> {
        gather(pid, 0).map(|gathered| gathered.snapshot)
    }
}

/// Reads a process. `largest` says how many single mappings the survey keeps.
pub(crate) fn gather(pid: i32, largest: usize) -> Result<Gathered, ProcessError> {
    identify::check(pid)?;
    let path = |name: &str| PathBuf::from(format!("/proc/{pid}/{name}"));
    let explain = |name: &str, error: io::Error| identify::explain(pid, path(name), error);

    // The footprint first: what this function allocates must not be in its own process's.
    let mut notes = Vec::new();
    let rollup = read_rollup_file(pid).map_err(|error| explain("smaps_rollup", error))?;
    let status = identify::read_status(pid).map_err(|error| explain("status", error))?;

    let mut held = Vec::new();
    let scanned = DescriptorScan::open(pid).and_then(|mut scan| {
        scan.scan(&mut held)?;
        notes.extend(scan.note().map(str::to_owned));
        Ok(())
    });
    let smaps = ProcFile::open(path("smaps")).map_err(|error| explain("smaps", error))?;
    let survey = Survey::read(smaps.text(), memory_devices(pid), largest, |entry| {
        let header = header(entry);
        held.iter_mut().for_each(|file| file.see_mapping(&header));
    })
    .map_err(|error| explain("smaps", error))?;
    // Closed before the descriptors are listed, which may be our own.
    drop(smaps);
    notes.extend(survey.notes.iter().cloned());

    let rollup = rollup.unwrap_or_else(|| {
        notes.push("no smaps_rollup (Linux before 4.14): the entries of smaps are summed".into());
        survey.as_rollup()
    });
    let status_fields = status_fields(&status);
    let footprint = Footprint::from_fields(&rollup, &status_fields, &mut |note| {
        if !notes.contains(&note) {
            notes.push(note);
        }
    });
    let mut or_note = |what: &str, error: io::Error| {
        notes.push(format!("/proc/{pid}/{what} could not be read: {error}"));
    };
    let fd_memory = match scanned {
        Ok(()) => {
            let in_mappings = super::watch::shared_memory_in_mappings(&rollup, &status_fields);
            Some(Bytes(held_only_by_descriptors(&mut held, in_mappings)))
        }
        Err(error) => {
            or_note("fd", error);
            None
        }
    };
    let descriptors = list_descriptors(pid, &held).map_err(|error| or_note("fd", error)).ok();
    let process = Process::new(pid).map_err(|error| explain("", identify::into_io(error)))?;
    let threads = tasks::thread_names(&process).map_err(|error| or_note("task", error)).ok();
    let children = tasks::children(&process).map_err(|error| or_note("task", error)).ok();

    let bytes = |field| rollup.get(field).map(Bytes);
    let sum = |a: Option<Bytes>, b: Option<Bytes>| Some(Bytes(a?.0.saturating_add(b?.0)));
    let kilobytes = |kb: Option<u64>| kb.map(|kb| Bytes(kb.saturating_mul(1024)));
    let has_flags = survey.has_flags;
    let snapshot = ProcessSnapshot {
        pid,
        name: status.name.clone(),
        footprint,
        fd_memory,
        resident: bytes(Field::Rss),
        unique: sum(bytes(Field::PrivateClean), bytes(Field::PrivateDirty)),
        proportional: bytes(Field::Pss),
        reserved: Some(survey.total.reserved),
        committed: has_flags.then(|| survey.committed()),
        untouched: has_flags.then_some(survey.total.untouched),
        page_cache: bytes(Field::PssFile),
        peak: kilobytes(status.vmhwm),
        swap: footprint.map(|footprint| Bytes(footprint.swap)),
        virtual_size: kilobytes(status.vmsize),
        threads: threads.map(tasks::group_threads),
        children,
        descriptors,
        mappings: Some(survey.total.mappings),
        max_mappings: procfs::sys::vm::max_map_count().ok(),
        groups: survey.groups.clone(),
        notes,
    };
    Ok(Gathered { snapshot, survey })
}

/// Sums over all mappings of a process, also where the kernel has no smaps_rollup.
pub(crate) fn read_rollup(pid: i32) -> io::Result<Fields> {
    if let Some(fields) = read_rollup_file(pid)? {
        return Ok(fields);
    }
    let smaps = ProcFile::open(format!("/proc/{pid}/smaps").into())?;
    let survey = Survey::read(smaps.text(), memory_devices(pid), 0, |_| {})?;
    Ok(survey.as_rollup())
}

/// `None` when the kernel has no such file.
fn read_rollup_file(pid: i32) -> io::Result<Option<Fields>> {
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

pub(crate) fn status_fields(status: &Status) -> StatusFields {
    let bytes = |kb: Option<u64>| kb.map(|kb| kb.saturating_mul(1024));
    StatusFields {
        page_tables: bytes(status.vmpte),
        rss_shmem: bytes(status.rssshmem),
        swap: bytes(status.vmswap),
        hugetlb: bytes(status.hugetlbpages),
        threads: Some(status.threads),
    }
}

fn header(entry: &Entry) -> Header<'_> {
    Header {
        start: entry.start,
        end: entry.end,
        permissions: entry.permissions,
        offset: entry.offset,
        device: entry.device,
        inode: entry.inode,
        name: &entry.name,
    }
}

/// The devices of the file systems in memory that the process has mounted. Without the list, files
/// on a tmpfs elsewhere than `/dev/shm` are called files, and their pages page cache.
fn memory_devices(pid: i32) -> Vec<Device> {
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

/// The descriptors of a process, by number. The `procfs` crate's list opens one more descriptor for
/// each while it reads, which would show when the process is our own; its parser of targets is used.
fn list_descriptors(pid: i32, held: &[HeldFile]) -> io::Result<Vec<Descriptor>> {
    let mut list = Vec::new();
    let mut directory = ProcDirectory::open(format!("/proc/{pid}/fd").as_ref())?;
    let ours = (pid == std::process::id().cast_signed()).then(|| directory.number());
    directory.for_each(|fds, name| {
        let Ok(number) = name.to_string_lossy().parse::<i32>() else { return Ok(()) };
        if ours == Some(number) {
            return Ok(());
        }
        // Closed since it was listed: left out.
        let Ok(link) = rustix::fs::readlinkat(fds, name, Vec::new()) else { return Ok(()) };
        let target = link.to_string_lossy().into_owned();
        let stat = rustix::fs::statx(
            fds,
            name,
            AtFlags::STATX_DONT_SYNC,
            rustix::fs::StatxFlags::TYPE | rustix::fs::StatxFlags::INO,
        )
        .ok();
        let file_type = stat.as_ref().map(|stat| FileType::from_raw_mode(stat.stx_mode.into()));
        let memory = stat.and_then(|stat| {
            let device = Device { major: stat.stx_dev_major, minor: stat.stx_dev_minor };
            let file = held.iter().find(|f| (f.device, f.inode) == (device, stat.stx_ino))?;
            Some(Bytes(file.bytes))
        });
        let kind = descriptors::kind_of(&target, file_type);
        list.push(Descriptor { number, kind, target, memory });
        Ok(())
    })?;
    list.sort_by_key(|descriptor| descriptor.number);
    Ok(list)
}
