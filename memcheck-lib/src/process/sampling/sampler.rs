//! The sampler: repeated cheap readings of one process.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::PathBuf;

use rustix::fs::{Mode, OFlags};

use super::sample::Sample;
use crate::process::access;
use crate::process::error::ProcessError;
use crate::process::memory::{Footprint, StatusFields, shared_memory_in_mappings};
use crate::process::proc_files::{ProcDirectory, ProcFile};
use crate::process::resources::{
    DescriptorScan, HeldFile, MappingCounts, held_only_by_descriptors,
};
use crate::process::smaps::{Fields, SmapsSummary};

/// Reads one process repeatedly, from outside. Its files of `/proc` stay open between readings,
/// which saves a third of the time and makes sure that it does not read another process that got
/// the same ID.
///
/// Reading a small process takes some 40 µs of one processor, nearly all of it in the kernel for
/// smaps_rollup, maps and status. The process keeps running. The time grows with the resident
/// pages, the mappings (0.2 to 0.5 µs each, half of it for counting them), the descriptors and the
/// threads (some µs each).
///
/// ```
/// use memcheck::tool::process::Sampler;
///
/// let mut sampler = Sampler::new(std::process::id() as i32)?;
/// let sample = sampler.sample();
/// assert!(sample.footprint.is_some_and(|footprint| footprint.live() > 0));
/// # Ok::<(), memcheck::ProcessError>(())
/// ```
#[derive(Debug)]
pub struct Sampler {
    pid: i32,
    status: ProcFile,
    memory: MemoryFile,
    maps: ProcFile,
    descriptors: DescriptorScan,
    tasks: ProcDirectory,
    children: ChildSource,
    /// The unlinked files in memory of the last reading. Kept only to reuse its allocation.
    held: Vec<HeldFile>,
    text: Vec<u8>,
    notes: Vec<String>,
    /// The highest number of threads at a reading so far.
    most_threads: u64,
    /// The number of processors that this process may use.
    processors: u64,
}

/// The file that the memory is read from.
#[derive(Debug)]
enum MemoryFile {
    Rollup(ProcFile),
    /// Linux before 4.14 has no smaps_rollup, so the entries of smaps are summed.
    Smaps(ProcFile),
}

/// How children are found.
#[derive(Clone, Copy, Debug)]
enum ChildSource {
    /// `task/TID/children` of every thread.
    Listed,
    /// The parent of every process: for kernels without CONFIG_PROC_CHILDREN.
    Searched,
}

impl Sampler {
    /// Opens the files of a process.
    ///
    /// # Errors
    ///
    /// Fails if the process is gone, a zombie or a kernel thread, or does not let this user read
    /// its memory.
    pub fn new(pid: i32) -> Result<Sampler, ProcessError> {
        access::check(pid)?;
        let path = |name: &str| PathBuf::from(format!("/proc/{pid}/{name}"));
        let open = |name: &str| {
            ProcFile::open(path(name)).map_err(|error| access::explain(pid, path(name), error))
        };
        let mut notes = Vec::new();
        let memory = match ProcFile::open(path("smaps_rollup")) {
            Ok(file) => MemoryFile::Rollup(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                notes.push(
                    "this kernel has no smaps_rollup (Linux before 4.14): smaps is read at each \
                     checkpoint, which is slower"
                        .to_owned(),
                );
                MemoryFile::Smaps(open("smaps")?)
            }
            Err(error) => return Err(access::explain(pid, path("smaps_rollup"), error)),
        };
        let explain = |name: &str, error| access::explain(pid, path(name), error);
        let children = match File::open(path(&format!("task/{pid}/children"))) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                notes.push(
                    "this kernel has no lists of children (CONFIG_PROC_CHILDREN): all processes are \
                     searched, which is slower"
                        .to_owned(),
                );
                ChildSource::Searched
            }
            _ => ChildSource::Listed,
        };
        Ok(Sampler {
            pid,
            status: open("status")?,
            memory,
            maps: open("maps")?,
            descriptors: DescriptorScan::open(pid).map_err(|error| explain("fd", error))?,
            tasks: ProcDirectory::open(&path("task")).map_err(|error| explain("task", error))?,
            children,
            held: Vec::new(),
            text: Vec::new(),
            notes,
            most_threads: 0,
            processors: rustix::thread::sched_getaffinity(None).map_or(1, |set| set.count().into()),
        })
    }

    /// The ID of the process.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Reads the process. A field that cannot be read is `None`.
    pub fn sample(&mut self) -> Sample {
        let status = self.read_status();
        let rollup = status.as_ref().and_then(|_| self.read_memory());
        let mut sample = Sample {
            threads: status.and_then(|status| status.threads),
            children: self.count_children(),
            fds: self.count_descriptors(),
            ..Sample::default()
        };
        // After the descriptors: it passes each mapping to the files that they refer to.
        let mappings = self.count_mappings();
        self.most_threads = self.most_threads.max(sample.threads.unwrap_or(0));
        sample.mappings = mappings.map(|of| of.count);
        sample.thread_mappings =
            mappings.map(|of| of.of_threads(self.most_threads, self.processors));
        if let (Some(status), Some(rollup)) = (status, rollup) {
            let notes = &mut self.notes;
            sample.footprint =
                Footprint::from_fields(&rollup, &status, &mut |note| add_note(notes, note));
            // Both lists are needed: the held files, and their mapped parts.
            if sample.fds.is_some() && sample.mappings.is_some() {
                sample.fd_memory = Some(held_only_by_descriptors(
                    &mut self.held,
                    shared_memory_in_mappings(&rollup, &status),
                ));
            }
        }
        sample
    }

    /// Why metrics are missing, or differ from those on current kernels. Each reason is listed
    /// once.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    fn read_status(&mut self) -> Option<StatusFields> {
        match self.status.read_into(&mut self.text) {
            Ok(text) => Some(StatusFields::parse(text)),
            Err(error) => {
                self.note_unreadable("status", &error);
                None
            }
        }
    }

    fn read_memory(&mut self) -> Option<Fields> {
        let read = self.read_memory_once().or_else(|_| {
            // If the process has called exec, its memory is new and the files must be opened again.
            match &mut self.memory {
                MemoryFile::Rollup(file) | MemoryFile::Smaps(file) => file.reopen()?,
            }
            self.maps.reopen()?;
            self.read_memory_once()
        });
        match read {
            Ok(fields) => Some(fields),
            Err(error) => {
                self.note_unreadable("smaps_rollup", &error);
                None
            }
        }
    }

    fn read_memory_once(&mut self) -> io::Result<Fields> {
        let mut sum = Fields::default();
        match &self.memory {
            MemoryFile::Rollup(file) => {
                for line in file.read_into(&mut self.text)?.split(|byte| *byte == b'\n') {
                    sum.read_line(line);
                }
            }
            MemoryFile::Smaps(file) => {
                sum = SmapsSummary::read(file.text(), Vec::new(), 0, |_| {})?.as_rollup();
            }
        }
        Ok(sum)
    }

    fn count_descriptors(&mut self) -> Option<u64> {
        match self.descriptors.scan(&mut self.held) {
            Ok(count) => {
                if let Some(note) = self.descriptors.note() {
                    add_note(&mut self.notes, note.to_owned());
                }
                Some(count)
            }
            Err(error) => {
                self.note_unreadable("fd", &error);
                None
            }
        }
    }

    /// Counts the lines of maps. No file contains the number; of the files with a line for each
    /// mapping, maps is the cheapest, because it needs no walk over the pages.
    fn count_mappings(&mut self) -> Option<MappingCounts> {
        let text = BufReader::with_capacity(PIECE, self.maps.text());
        match MappingCounts::read(text, &mut self.held) {
            // A process that is ending has no mappings; a running one always has some.
            Ok(MappingCounts { count: 0, .. }) => None,
            Ok(mappings) => Some(mappings),
            Err(error) => {
                self.note_unreadable("maps", &error);
                None
            }
        }
    }

    fn count_children(&mut self) -> Option<u64> {
        let counted = match self.children {
            ChildSource::Listed => count_listed_children(&mut self.tasks),
            ChildSource::Searched => search_children(self.pid),
        };
        match counted {
            Ok(count) => Some(count),
            Err(error) => {
                self.note_unreadable("task", &error);
                None
            }
        }
    }

    fn note_unreadable(&mut self, name: &str, error: &io::Error) {
        let note = format!("/proc/{}/{name} could not be read: {error}", self.pid);
        add_note(&mut self.notes, note);
    }
}

fn add_note(notes: &mut Vec<String>, note: String) {
    if !notes.contains(&note) {
        notes.push(note);
    }
}

/// The kernel returns at most one page of maps per read.
const PIECE: usize = 4096;

fn count_bytes(mut text: impl Read, wanted: u8) -> io::Result<u64> {
    let mut piece = [0; PIECE];
    let mut count = 0;
    loop {
        match text.read(&mut piece)? {
            0 => return Ok(count),
            read => count += piece[..read].iter().filter(|byte| **byte == wanted).count() as u64,
        }
    }
}

fn count_listed_children(tasks: &mut ProcDirectory) -> io::Result<u64> {
    let mut count = 0;
    let mut path = Vec::with_capacity(32);
    tasks.for_each(|directory, tid| {
        path.clear();
        path.extend_from_slice(tid.to_bytes());
        path.extend_from_slice(b"/children");
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(directory, path.as_slice(), flags, Mode::empty()) {
            Ok(file) => File::from(file),
            // The thread has ended since it was listed, and its children have another parent.
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::SRCH) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        // The list is process IDs with a space after each.
        match count_bytes(file, b' ') {
            Ok(children) => count += children,
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error()) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    })?;
    Ok(count)
}

fn search_children(pid: i32) -> io::Result<u64> {
    let processes = procfs::process::all_processes().map_err(io::Error::other)?;
    let parents = processes.filter_map(|process| process.ok()?.stat().ok());
    Ok(parents.filter(|stat| stat.ppid == pid).count() as u64)
}

#[cfg(test)]
mod tests;
