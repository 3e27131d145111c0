//! What a recording needs from a worker, in addition to iterations and counters.

use std::fs;

use crate::observer::worker_handle::interruption::Interruption;
use crate::observer::worker_process::process::WorkerProcess;
use crate::process;
use crate::protocol::message::{Checkpoint, Command};
use crate::recorder::{FILE_LENGTH, Memory};

/// Whether a worker has started to record.
#[derive(Debug)]
pub(in crate::observer) enum Started {
    /// What it records stays readable after its end.
    Recording(Memory, Checkpoint),
    /// It cannot record. A message with the reason.
    Unavailable(String),
}

/// A worker that can be recorded. The default is one that cannot.
pub(in crate::observer) trait Recordable {
    /// Starts to record call stacks.
    fn start_recording(&mut self) -> Result<Started, Interruption> {
        Ok(Started::Unavailable("call stacks of this worker cannot be recorded".to_owned()))
    }
    /// Its `/proc/PID/maps`, empty if it cannot be read.
    fn maps(&self) -> Vec<u8> {
        Vec::new()
    }
    /// The IDs of its threads, empty if they cannot be read.
    fn threads(&self) -> Vec<u32> {
        Vec::new()
    }
    /// The IDs of its child processes, empty if they cannot be read.
    fn children(&self) -> Vec<u32> {
        Vec::new()
    }
}

impl Recordable for WorkerProcess<'_> {
    fn start_recording(&mut self) -> Result<Started, Interruption> {
        let memory = match shared_memory(self) {
            Ok(memory) => memory,
            Err(error) => {
                return Ok(Started::Unavailable(format!(
                    "call stacks were not recorded: cannot map the memory for them ({error}). Check the limits of address space and memory (`ulimit -v`, cgroup)"
                )));
            }
        };
        debug_assert!(!memory.tables().is_started());
        let checkpoint = self.checkpoint(Command::Record)?;
        if memory.tables().is_started() {
            return Ok(Started::Recording(memory, checkpoint));
        }
        Ok(Started::Unavailable("call stacks were not recorded: the worker did not start to record. Build the test with the feature `sites` of memcheck-lib (one of its default features), and check the limits of address space and memory (`ulimit -v`, cgroup)".to_owned()))
    }

    fn maps(&self) -> Vec<u8> {
        fs::read(format!("/proc/{}/maps", self.session.pid())).unwrap_or_default()
    }

    fn threads(&self) -> Vec<u32> {
        let folder = fs::read_dir(format!("/proc/{}/task", self.session.pid()));
        let names = folder.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.file_name()));
        names.filter_map(|name| name.to_str()?.parse().ok()).collect()
    }

    fn children(&self) -> Vec<u32> {
        process::child_numbers(self.session.pid())
    }
}

/// Extends the file shared with the worker and maps the part for the recorder.
fn shared_memory(worker: &WorkerProcess<'_>) -> std::io::Result<Memory> {
    let file = worker.session.shared_file();
    rustix::fs::ftruncate(file, FILE_LENGTH as u64)?;
    Ok(Memory::of_file(file)?)
}
