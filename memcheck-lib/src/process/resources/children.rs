//! Child processes.

#[cfg(target_os = "linux")]
use std::io;

#[cfg(target_os = "linux")]
use procfs::process::{Process, all_processes};
use serde::{Deserialize, Serialize};

#[cfg(target_os = "linux")]
use crate::process::access::into_io;

/// A child process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ChildProcess {
    /// Process ID.
    pub pid: i32,
    /// Name of its command.
    pub name: String,
    /// Whether it has ended and its parent has not waited for it.
    pub zombie: bool,
}

/// The children of all threads of a process, by process ID.
#[cfg(target_os = "linux")]
pub(in crate::process) fn children(process: &Process) -> io::Result<Vec<ChildProcess>> {
    let mut children: Vec<ChildProcess> = match listed(process)? {
        Some(pids) => pids.into_iter().filter_map(child).collect(),
        None => all_processes()
            .map_err(into_io)?
            .filter_map(|other| other.ok()?.stat().ok())
            .filter(|stat| stat.ppid == process.pid)
            .filter_map(|stat| child(stat.pid))
            .collect(),
    };
    children.sort_by_key(|child| child.pid);
    Ok(children)
}

/// The process IDs of the children of a process. Empty if they cannot be read.
#[cfg(memcheck_sites)]
pub(crate) fn child_numbers(pid: i32) -> Vec<u32> {
    let children = Process::new(pid).map_err(into_io).and_then(|of| children(&of));
    children.into_iter().flatten().map(|child| child.pid.cast_unsigned()).collect()
}

/// `None` if the kernel has no lists of children (CONFIG_PROC_CHILDREN).
#[cfg(target_os = "linux")]
fn listed(process: &Process) -> io::Result<Option<Vec<i32>>> {
    let mut pids = Vec::new();
    let mut any = false;
    for task in process.tasks().map_err(into_io)? {
        let Ok(children) = task.and_then(|task| task.children()) else { continue };
        any = true;
        pids.extend(children.iter().filter_map(|pid| i32::try_from(*pid).ok()));
    }
    Ok(any.then_some(pids))
}

#[cfg(target_os = "linux")]
fn child(pid: i32) -> Option<ChildProcess> {
    let stat = Process::new(pid).ok()?.stat().ok()?;
    Some(ChildProcess { pid, name: stat.comm, zombie: stat.state == 'Z' })
}
