//! The sampler: cheap readings of one process, again and again.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::PathBuf;

use rustix::fs::{Mode, OFlags};

use super::descriptor_memory::{DescriptorScan, HeldFile, held_only_by_descriptors};
use super::error::ProcessError;
use super::fields::{Field, Fields};
use super::footprint::Footprint;
use super::identify;
use super::mappings::Mappings;
use super::proc_files::{ProcDirectory, ProcFile};
use super::sample::Sample;
use super::status::StatusFields;
use super::survey::Survey;

/// Reads one process again and again, from outside. Its files of `/proc` stay open in between,
/// which takes a third off the cost of a reading and rules out another process that was given the
/// same pid.
///
/// A reading of a small process takes some 40 µs of one processor, nearly all of it in the kernel
/// for smaps_rollup, maps and status, and stops nothing in the process. It grows with the pages the
/// process has resident, its mappings (0.2 to 0.5 µs each, half of it for counting them), its
/// descriptors and its threads (some µs each).
///
/// ```
/// use memcheck::process::Watch;
///
/// let mut watch = Watch::new(std::process::id() as i32)?;
/// let sample = watch.sample();
/// assert!(sample.footprint.is_some_and(|footprint| footprint.live() > 0));
/// # Ok::<(), memcheck::process::ProcessError>(())
/// ```
#[derive(Debug)]
pub struct Watch {
    pid: i32,
    status: ProcFile,
    memory: Memory,
    maps: ProcFile,
    descriptors: DescriptorScan,
    tasks: ProcDirectory,
    children: Children,
    /// Files in memory that were found behind descriptors; kept for its allocation.
    held: Vec<HeldFile>,
    text: Vec<u8>,
    notes: Vec<String>,
    /// The most threads that it ever had at a reading.
    most_threads: u64,
    /// Processors that it may use.
    processors: u64,
}

/// Where the memory metrics come from.
#[derive(Debug)]
enum Memory {
    Rollup(ProcFile),
    /// Before Linux 4.14 there is no smaps_rollup: the entries of smaps are summed.
    Smaps(ProcFile),
}

/// Where children are found.
#[derive(Clone, Copy, Debug)]
enum Children {
    /// `task/TID/children` of every thread.
    Listed,
    /// A kernel without CONFIG_PROC_CHILDREN: the parent of every process is looked at.
    Searched,
}

impl Watch {
    /// Opens the files of a process.
    ///
    /// # Errors
    ///
    /// When the process is gone, a zombie, a kernel thread, or does not permit reading its memory.
    pub fn new(pid: i32) -> Result<Watch, ProcessError> {
        identify::check(pid)?;
        let path = |name: &str| PathBuf::from(format!("/proc/{pid}/{name}"));
        let open = |name: &str| {
            ProcFile::open(path(name)).map_err(|error| identify::explain(pid, path(name), error))
        };
        let mut notes = Vec::new();
        let memory = match ProcFile::open(path("smaps_rollup")) {
            Ok(file) => Memory::Rollup(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                notes.push(
                    "no smaps_rollup (Linux before 4.14): full smaps is read at each checkpoint, \
                     which is slower"
                        .to_owned(),
                );
                Memory::Smaps(open("smaps")?)
            }
            Err(error) => return Err(identify::explain(pid, path("smaps_rollup"), error)),
        };
        let explain = |name: &str, error| identify::explain(pid, path(name), error);
        let children = match File::open(path(&format!("task/{pid}/children"))) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                notes.push(
                    "this kernel lists no children (CONFIG_PROC_CHILDREN): they are searched \
                     among all processes, which is slower"
                        .to_owned(),
                );
                Children::Searched
            }
            _ => Children::Listed,
        };
        Ok(Watch {
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

    /// The process that is read.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Reads the process. What cannot be read is `None`.
    pub fn sample(&mut self) -> Sample {
        let status = self.read_status();
        let rollup = status.as_ref().and_then(|_| self.read_memory());
        let mut sample = Sample {
            threads: status.and_then(|status| status.threads),
            children: self.count_children(),
            fds: self.count_descriptors(),
            ..Sample::default()
        };
        // After the descriptors: it shows each mapping to the files that were found behind them.
        let mappings = self.count_mappings();
        self.most_threads = self.most_threads.max(sample.threads.unwrap_or(0));
        sample.mappings = mappings.map(|of| of.count);
        sample.thread_mappings =
            mappings.map(|of| of.of_threads(self.most_threads, self.processors));
        if let (Some(status), Some(rollup)) = (status, rollup) {
            let notes = &mut self.notes;
            sample.footprint =
                Footprint::from_fields(&rollup, &status, &mut |note| add_note(notes, note));
            // Both lists are needed: which files are held, and what of them is mapped.
            if sample.fds.is_some() && sample.mappings.is_some() {
                sample.fd_memory = Some(held_only_by_descriptors(
                    &mut self.held,
                    shared_memory_in_mappings(&rollup, &status),
                ));
            }
        }
        sample
    }

    /// Why metrics are missing or not what they are on current kernels; each reason once.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    fn read_status(&mut self) -> Option<StatusFields> {
        match self.status.read_into(&mut self.text) {
            Ok(text) => Some(StatusFields::parse(text)),
            Err(error) => {
                self.could_not_read("status", &error);
                None
            }
        }
    }

    fn read_memory(&mut self) -> Option<Fields> {
        let read = self.read_memory_once().or_else(|_| {
            // The process may have called exec: its memory is another one now.
            match &mut self.memory {
                Memory::Rollup(file) | Memory::Smaps(file) => file.reopen()?,
            }
            self.maps.reopen()?;
            self.read_memory_once()
        });
        match read {
            Ok(fields) => Some(fields),
            Err(error) => {
                self.could_not_read("smaps_rollup", &error);
                None
            }
        }
    }

    fn read_memory_once(&mut self) -> io::Result<Fields> {
        let mut sum = Fields::default();
        match &self.memory {
            Memory::Rollup(file) => {
                for line in file.read_into(&mut self.text)?.split(|byte| *byte == b'\n') {
                    sum.read_line(line);
                }
            }
            Memory::Smaps(file) => {
                sum = Survey::read(file.text(), Vec::new(), 0, |_| {})?.as_rollup();
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
                self.could_not_read("fd", &error);
                None
            }
        }
    }

    /// Counts the lines of maps: no file tells the number, and maps, without the page walk of
    /// smaps, is the cheapest that has a line for each.
    fn count_mappings(&mut self) -> Option<Mappings> {
        let text = BufReader::with_capacity(PIECE, self.maps.text());
        match Mappings::read(text, &mut self.held) {
            // A process that is ending has none; a living one always has some.
            Ok(Mappings { count: 0, .. }) => None,
            Ok(mappings) => Some(mappings),
            Err(error) => {
                self.could_not_read("maps", &error);
                None
            }
        }
    }

    fn count_children(&mut self) -> Option<u64> {
        let counted = match self.children {
            Children::Listed => count_listed_children(&mut self.tasks),
            Children::Searched => search_children(self.pid),
        };
        match counted {
            Ok(count) => Some(count),
            Err(error) => {
                self.could_not_read("task", &error);
                None
            }
        }
    }

    fn could_not_read(&mut self, name: &str, error: &io::Error) {
        let note = format!("/proc/{}/{name} could not be read: {error}", self.pid);
        add_note(&mut self.notes, note);
    }
}

fn add_note(notes: &mut Vec<String>, note: String) {
    if !notes.contains(&note) {
        notes.push(note);
    }
}

/// Shared memory that the process has resident through mappings, or swapped out.
pub(crate) fn shared_memory_in_mappings(rollup: &Fields, status: &StatusFields) -> u64 {
    // RssShmem is missing before Linux 4.5; then everything mapped counts as resident.
    let Some(resident) = status.rss_shmem else { return u64::MAX };
    // Swap counts shared memory, VmSwap does not.
    let swapped = rollup.get(Field::Swap).unwrap_or(0).saturating_sub(status.swap.unwrap_or(0));
    let huge = rollup
        .get(Field::PrivateHugetlb)
        .unwrap_or(0)
        .saturating_add(rollup.get(Field::SharedHugetlb).unwrap_or(0));
    resident.saturating_add(swapped).saturating_add(huge)
}

/// The kernel hands maps out in pieces of a page.
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
            // The thread has ended since it was listed; its children have another parent now.
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::SRCH) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        // The list is pids with a space after each.
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
