//! Threads by name.

use serde::{Deserialize, Serialize};

/// The threads with one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ThreadGroup {
    /// The name, of which the kernel keeps 15 bytes.
    pub name: String,
    /// Number of threads.
    pub count: u64,
}

/// Counts the threads with each name.
#[cfg(target_os = "linux")]
pub(in crate::process) fn group_threads(
    names: impl IntoIterator<Item = String>,
) -> Vec<ThreadGroup> {
    let mut counts = std::collections::BTreeMap::new();
    for name in names {
        *counts.entry(name).or_insert(0) += 1;
    }
    counts.into_iter().map(|(name, count)| ThreadGroup { name, count }).collect()
}

/// The names of the threads of a process.
#[cfg(target_os = "linux")]
pub(in crate::process) fn thread_names(
    process: &procfs::process::Process,
) -> std::io::Result<Vec<String>> {
    let tasks = process.tasks().map_err(crate::process::access::into_io)?;
    // A thread that has ended since it was listed is left out.
    let names = tasks.filter_map(|task| Some(task.ok()?.stat().ok()?.comm));
    Ok(names.collect())
}
