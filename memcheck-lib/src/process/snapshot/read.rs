//! Reads everything about one process once.

use std::io;
use std::path::PathBuf;

use procfs::process::{Process, Status};
use rustix::fs::{AtFlags, FileType};

use super::process_snapshot::ProcessSnapshot;
use crate::process::access;
use crate::process::error::ProcessError;
use crate::process::memory::{
    Footprint, from_procfs, in_memory_devices, read_rollup_file, shared_memory_in_mappings,
};
use crate::process::proc_files::{ProcDirectory, ProcFile};
use crate::process::resources::{
    Descriptor, DescriptorScan, HeldFile, children, group_threads, held_only_by_descriptors,
    kind_of, thread_names,
};
use crate::process::smaps::{Device, Field, Fields, MappingHeader, SmapsEntry, SmapsSummary};
use crate::units::Bytes;

/// A snapshot, and the summary of smaps that it was made from.
pub(in crate::process) struct ReadProcess {
    pub(in crate::process) snapshot: ProcessSnapshot,
    pub(in crate::process) summary: SmapsSummary,
}

impl ProcessSnapshot {
    /// Reads the calling process. The snapshot does not contain what the reading itself opens.
    ///
    /// # Errors
    ///
    /// Fails if `/proc` cannot be read, or if the process made itself non-dumpable.
    #[doc(hidden)]
    pub fn own() -> Result<ProcessSnapshot, ProcessError> {
        ProcessSnapshot::of(std::process::id().cast_signed())
    }

    /// Reads a process.
    ///
    /// # Errors
    ///
    /// Fails if the process is gone, a zombie or a kernel thread, or does not let this user read
    /// its memory.
    #[doc(hidden)]
    pub fn of(pid: i32) -> Result<ProcessSnapshot, ProcessError> {
        read(pid, 0).map(|read| read.snapshot)
    }
}

/// Reads a process. The summary keeps the `largest` single mappings.
pub(in crate::process) fn read(pid: i32, largest: usize) -> Result<ReadProcess, ProcessError> {
    access::check(pid)?;
    let path = |name: &str| PathBuf::from(format!("/proc/{pid}/{name}"));
    let explain = |name: &str, error: io::Error| access::explain(pid, path(name), error);

    // The footprint first: if the process reads itself, what this function allocates must not be in
    // it.
    let mut notes = Vec::new();
    let rollup = read_rollup_file(pid).map_err(|error| explain("smaps_rollup", error))?;
    let status = access::read_status(pid).map_err(|error| explain("status", error))?;

    let mut held = Vec::new();
    let scanned = DescriptorScan::open(pid).and_then(|mut scan| {
        scan.scan(&mut held)?;
        notes.extend(scan.note().map(str::to_owned));
        Ok(())
    });
    let smaps = ProcFile::open(path("smaps")).map_err(|error| explain("smaps", error))?;
    let summary = SmapsSummary::read(smaps.text(), in_memory_devices(pid), largest, |entry| {
        let header = header(entry);
        held.iter_mut().for_each(|file| file.add_mapping(&header));
    })
    .map_err(|error| explain("smaps", error))?;
    // Close it before the descriptors are listed, which may be those of this process.
    drop(smaps);
    notes.extend(summary.notes.iter().cloned());

    let rollup = rollup.unwrap_or_else(|| {
        notes.push(
            "this kernel has no smaps_rollup (Linux before 4.14): the entries of smaps are summed"
                .into(),
        );
        summary.as_rollup()
    });
    let status_fields = from_procfs(&status);
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
            let in_mappings = shared_memory_in_mappings(&rollup, &status_fields);
            Some(Bytes(held_only_by_descriptors(&mut held, in_mappings)))
        }
        Err(error) => {
            or_note("fd", error);
            None
        }
    };
    let descriptors = list_descriptors(pid, &held).map_err(|error| or_note("fd", error)).ok();
    let process = Process::new(pid).map_err(|error| explain("", access::into_io(error)))?;
    let threads = thread_names(&process).map_err(|error| or_note("task", error)).ok();
    let children = children(&process).map_err(|error| or_note("task", error)).ok();

    let snapshot = ProcessSnapshot {
        fd_memory,
        threads: threads.map(group_threads),
        children,
        descriptors,
        max_mappings: procfs::sys::vm::max_map_count().ok(),
        notes,
        ..memory_of(pid, &status, footprint, &rollup, &summary)
    };
    Ok(ReadProcess { snapshot, summary })
}

/// The part of a snapshot that is about memory.
fn memory_of(
    pid: i32,
    status: &Status,
    footprint: Option<Footprint>,
    rollup: &Fields,
    summary: &SmapsSummary,
) -> ProcessSnapshot {
    let bytes = |field| rollup.get(field).map(Bytes);
    let sum = |a: Option<Bytes>, b: Option<Bytes>| Some(Bytes(a?.0.saturating_add(b?.0)));
    let kilobytes = |kb: Option<u64>| kb.map(|kb| Bytes(kb.saturating_mul(1024)));
    ProcessSnapshot {
        pid,
        name: status.name.clone(),
        footprint,
        fd_memory: None,
        resident: bytes(Field::Rss),
        unique: sum(bytes(Field::PrivateClean), bytes(Field::PrivateDirty)),
        proportional: bytes(Field::Pss),
        reserved: Some(summary.total.reserved),
        committed: summary.has_flags.then(|| summary.committed()),
        untouched: summary.has_flags.then_some(summary.total.untouched),
        page_cache: bytes(Field::PssFile),
        peak: kilobytes(status.vmhwm),
        swap: footprint.map(|footprint| Bytes(footprint.swap)),
        virtual_size: kilobytes(status.vmsize),
        threads: None,
        children: None,
        descriptors: None,
        mappings: Some(summary.total.mappings),
        max_mappings: None,
        groups: summary.groups.clone(),
        notes: Vec::new(),
    }
}

fn header(entry: &SmapsEntry) -> MappingHeader<'_> {
    MappingHeader {
        start: entry.start,
        end: entry.end,
        permissions: entry.permissions,
        offset: entry.offset,
        device: entry.device,
        inode: entry.inode,
        name: &entry.name,
    }
}

/// The descriptors of a process, by number. The list of the `procfs` crate opens one more
/// descriptor for each, which would show if the process reads itself; only its parser of targets is
/// used.
fn list_descriptors(pid: i32, held: &[HeldFile]) -> io::Result<Vec<Descriptor>> {
    let mut list = Vec::new();
    let mut directory = ProcDirectory::open(format!("/proc/{pid}/fd").as_ref())?;
    let ours = (pid == std::process::id().cast_signed()).then(|| directory.number());
    directory.for_each(|fds, name| {
        let Ok(number) = name.to_string_lossy().parse::<i32>() else { return Ok(()) };
        if ours == Some(number) {
            return Ok(());
        }
        // A descriptor that was closed since it was listed is left out.
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
        let kind = kind_of(&target, file_type);
        list.push(Descriptor { number, kind, target, memory });
        Ok(())
    })?;
    list.sort_by_key(|descriptor| descriptor.number);
    Ok(list)
}
