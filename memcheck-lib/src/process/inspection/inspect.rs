//! Inspects a process.

#[cfg(target_os = "linux")]
use super::read_tree::read_tree;
use super::result::Inspection;
#[cfg(target_os = "linux")]
use super::result::{INSPECTION_VERSION, KindSums};
#[cfg(target_os = "linux")]
use super::sentence_text::sentence;
use crate::process::error::ProcessError;
#[cfg(target_os = "linux")]
use crate::process::smaps::MappingKind;
#[cfg(target_os = "linux")]
use crate::process::snapshot::{ReadProcess, read};

/// Inspects a process: its mappings, footprint and resources; with `tree`, also the footprint of
/// its descendants. It only reads files of `/proc`, and the process keeps running.
///
/// # Errors
///
/// Fails if the process is gone, a zombie or a kernel thread, or does not let this user read its
/// memory.
///
/// ```
/// use memcheck::tool::process::{inspect, render};
///
/// # #[cfg(target_os = "linux")] {
/// let inspection = inspect(std::process::id() as i32, false)?;
/// assert!(inspection.sentence.contains("process uses"));
/// let text = render(&inspection, 100, false);
/// assert!(text.contains("virtual size (VSZ)"));
/// # }
/// # Ok::<(), memcheck::ProcessError>(())
/// ```
#[cfg(target_os = "linux")]
pub fn inspect(pid: i32, tree: bool) -> Result<Inspection, ProcessError> {
    /// The number of largest mappings to list: more do not fit on a screen with the rest.
    const LARGEST: usize = 10;

    let ReadProcess { snapshot, summary } = read(pid, LARGEST)?;
    let kinds = MappingKind::ALL
        .iter()
        .filter_map(|kind| Some(KindSums { kind: *kind, sums: *summary.by_kind.get(kind)? }));
    let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let command = command.split(|byte| *byte == 0).filter(|part| !part.is_empty());
    Ok(Inspection {
        version: INSPECTION_VERSION,
        sentence: sentence(&snapshot),
        command: command.map(|part| String::from_utf8_lossy(part).into_owned()).collect(),
        kinds: kinds.collect(),
        largest: summary.largest,
        largest_reserved: summary.largest_reserved,
        process: snapshot,
        tree: tree.then(|| read_tree(pid)),
    })
}

/// Inspects a process, on Linux only.
///
/// # Errors
///
/// Always fails.
#[cfg(not(target_os = "linux"))]
pub fn inspect(pid: i32, tree: bool) -> Result<Inspection, ProcessError> {
    let _ = (pid, tree);
    Err(ProcessError::Unsupported)
}
