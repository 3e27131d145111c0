//! The threads of a process: how many there are, and whether they run.

use std::fs;

/// Whether a process has more than one thread.
pub(super) fn has_other_threads(pid: i32) -> bool {
    // The link count of a directory is 2 plus the number of its folders (proc_task_getattr in
    // fs/proc/base.c adds the number of threads).
    rustix::fs::stat(format!("/proc/{pid}/task")).is_ok_and(|status| status.st_nlink > 3)
}

/// Whether no thread of a process runs or waits for a disk. The thread that iterates sleeps too while it
/// waits for a command.
pub(super) fn all_sleep(pid: i32) -> bool {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return true };
    tasks.flatten().all(|task| {
        let stat = fs::read(task.path().join("stat")).unwrap_or_default();
        !matches!(state(&stat), Some(b'R' | b'D'))
    })
}

/// The state letter in a line of `/proc/PID/task/TID/stat`. It follows the name, which is in parentheses
/// and may contain any byte (proc_pid_stat(5)).
fn state(stat: &[u8]) -> Option<u8> {
    let name_ends = stat.iter().rposition(|&byte| byte == b')')?;
    stat.get(name_ends + 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_follows_any_name() {
        assert_eq!(state(b"12 (tokio-rt) S 1 2 3"), Some(b'S'));
        assert_eq!(state(b"12 (a) R (b) D 1 2 3"), Some(b'D'));
        assert_eq!(state(b""), None);
        assert_eq!(state(b"12 (x)"), None);
    }

    #[test]
    fn a_running_thread_is_not_asleep() {
        let pid = rustix::process::getpid().as_raw_nonzero().get();
        // libtest's main thread waits for this one, which runs.
        assert!(has_other_threads(pid));
        assert!(!all_sleep(pid));
    }
}
