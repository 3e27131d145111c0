//! Ends a worker and all processes that it started.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};

use rustix::process::{
    Pid, PidfdFlags, Signal, getpid, kill_process, kill_process_group, pidfd_open,
    pidfd_send_signal,
};

use crate::protocol::handshake::WORKER_VARIABLE;

/// Kills a worker, its process group if it leads one, and all processes that carry its mark, the value of
/// [`WORKER_VARIABLE`]. Call it before the worker is waited for: its process ID is reused afterwards.
pub(super) fn kill_worker(worker: Pid, pidfd: &OwnedFd, own_group: bool, mark: &str) {
    if pidfd_send_signal(pidfd, Signal::KILL).is_err() {
        // A sandbox refuses this call. Without the kill, waiting for the worker would never end.
        let _ = kill_process(worker, Signal::KILL);
    }
    kill_tree(worker, own_group, &format!("{WORKER_VARIABLE}={mark}"));
}

/// Kills the process group of `leader`, if it leads one, and all processes with the entry `mark`
/// (`NAME=value`) in their environment: a child that called `setsid` or was reparented to init still has
/// it. `leader` itself must not have been waited for.
fn kill_tree(leader: Pid, leads_group: bool, mark: &str) {
    if leads_group {
        let _ = kill_process_group(leader, Signal::KILL);
    }
    // Twice at most: a process that forked during the first pass shows in the second.
    for _ in 0..2 {
        if kill_marked(mark, leader) == 0 {
            break;
        }
    }
}

/// Kills the processes that a child process started: its process group, if it leads one, and every
/// process with the entry `mark` (`NAME=value`) in its environment. Kill the child first, and wait for it
/// afterwards.
pub fn kill_process_tree(child: u32, mark: &str) {
    if let Some(child) = Pid::from_raw(child.cast_signed()) {
        kill_tree(child, true, mark);
    }
}

/// Kills the processes that have `mark` in their environment; returns how many.
fn kill_marked(mark: &str, worker: Pid) -> usize {
    let Ok(processes) = fs::read_dir("/proc") else { return 0 };
    let me = getpid();
    let mut killed = 0;
    for process in processes.flatten() {
        let name = process.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw)
        else {
            continue;
        };
        if pid == worker || pid == me {
            continue;
        }
        // The pidfd first: the signal then cannot hit another process that got the same ID.
        let Ok(pidfd) = pidfd_open(pid, PidfdFlags::empty()) else { continue };
        // An unreadable process belongs to another user, or has ended. The environment is that at exec.
        let Ok(environment) = fs::read(process.path().join("environ")) else { continue };
        if environment.split(|&byte| byte == 0).any(|entry| entry == mark.as_bytes())
            && pidfd_send_signal(pidfd.as_fd(), Signal::KILL).is_ok()
        {
            killed += 1;
        }
    }
    killed
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;
    use crate::observer::Launch;
    use crate::observer::worker_process::spawn::spawn;

    #[test]
    fn a_worker_is_killed_by_its_id_if_its_pidfd_fails() {
        let arguments = ["-c".into(), "while :; do sleep 60; done".into()].to_vec();
        let check = Some("none#0".to_owned());
        let launch = Launch { program: "/bin/sh".into(), arguments, check, ..Launch::default() };
        let mut worker = spawn(&launch).unwrap();
        worker.pidfd = fs::File::open("/dev/null").unwrap().into();
        kill_worker(worker.pid, &worker.pidfd, false, &worker.mark);
        assert_eq!(worker.child.wait().unwrap().signal(), Some(libc::SIGKILL));
    }
}
