//! Threads and children.

use serde::{Deserialize, Serialize};

/// Threads of one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ThreadGroup {
    /// The name, of which the kernel keeps 15 bytes.
    pub name: String,
    /// How many threads have it.
    pub count: u64,
}

/// A child process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ChildProcess {
    /// Its pid.
    pub pid: i32,
    /// Name of its command.
    pub name: String,
    /// Whether it has ended and was not waited for.
    pub zombie: bool,
}

/// Counts names.
pub(crate) fn group_threads(names: impl IntoIterator<Item = String>) -> Vec<ThreadGroup> {
    let mut counts = std::collections::BTreeMap::new();
    for name in names {
        *counts.entry(name).or_insert(0) += 1;
    }
    counts.into_iter().map(|(name, count)| ThreadGroup { name, count }).collect()
}

#[cfg(memcheck_sites)]
pub(crate) use self::linux::child_numbers;
#[cfg(target_os = "linux")]
pub(crate) use self::linux::{children, thread_names};

#[cfg(target_os = "linux")]
mod linux {
    use std::io;

    use procfs::process::{Process, all_processes};

    use super::ChildProcess;
    use crate::process::identify::into_io;

    /// The names of the threads of a process.
    pub(crate) fn thread_names(process: &Process) -> io::Result<Vec<String>> {
        let tasks = process.tasks().map_err(into_io)?;
        // A thread that has ended since it was listed is left out.
        let names = tasks.filter_map(|task| Some(task.ok()?.stat().ok()?.comm));
        Ok(names.collect())
    }

    /// The children of all threads of a process, in the order of their pids.
    pub(crate) fn children(process: &Process) -> io::Result<Vec<ChildProcess>> {
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

    /// The numbers of a process's children, none where they cannot be read.
    #[cfg(memcheck_sites)]
    pub(crate) fn child_numbers(pid: i32) -> Vec<u32> {
        let children = Process::new(pid).map_err(into_io).and_then(|of| children(&of));
        children.into_iter().flatten().map(|child| child.pid.cast_unsigned()).collect()
    }

    /// `None` when the kernel keeps no lists (CONFIG_PROC_CHILDREN).
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

    fn child(pid: i32) -> Option<ChildProcess> {
        let stat = Process::new(pid).ok()?.stat().ok()?;
        Some(ChildProcess { pid, name: stat.comm, zombie: stat.state == 'Z' })
    }
}
