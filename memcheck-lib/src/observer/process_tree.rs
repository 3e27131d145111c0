//! Ending a worker and everything it started.

use std::fs;
use std::os::fd::AsFd;

use rustix::process::{
    Pid, PidfdFlags, Signal, getpid, kill_process, kill_process_group, pidfd_open,
    pidfd_send_signal,
};

use super::spawn::Worker;
use crate::protocol::message::VARIABLE;

/// Kills the worker, its process group if it leads one, and all processes that carry its mark.
/// To be called before the worker is waited for, while its number is still its own.
pub(super) fn end(worker: &Worker, own_group: bool) {
    if pidfd_send_signal(&worker.pidfd, Signal::KILL).is_err() {
        // Refused by a sandbox: who waits for the worker then must not wait for good.
        let _ = kill_process(worker.pid, Signal::KILL);
    }
    kill_tree(worker.pid, own_group, &format!("{VARIABLE}={}", worker.mark));
}

/// Kills the process group that `leader` leads, if it does, and all processes that have the entry
/// `mark` (`NAME=value`) in their environment: a child that made a session of its own or was
/// handed to init still has it. `leader` itself must not have been waited for.
fn kill_tree(leader: Pid, leads_group: bool, mark: &str) {
    if leads_group {
        let _ = kill_process_group(leader, Signal::KILL);
    }
    // Twice at most: what forked while the first look went by shows in the second.
    for _ in 0..2 {
        if kill_marked(mark, leader) == 0 {
            break;
        }
    }
}

/// Kills what a child process started: its process group, if it leads one, and every process that
/// has the entry `mark` (`NAME=value`) in its environment. Kill the child first, and wait for it
/// afterwards.
pub fn kill_process_tree(child: u32, mark: &str) {
    if let Some(child) = Pid::from_raw(child.cast_signed()) {
        kill_tree(child, true, mark);
    }
}

/// Kills the processes that have `mark` in their environment; says how many.
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
        // A pidfd first, so that what is killed is what was looked at.
        let Ok(pidfd) = pidfd_open(pid, PidfdFlags::empty()) else { continue };
        // Unreadable means not ours (or gone). The environment is as it was at exec.
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
    use crate::observer::spawn::spawn;

    #[test]
    fn a_worker_is_ended_also_where_its_pidfd_cannot() {
        let arguments = ["-c".into(), "while :; do sleep 60; done".into()].to_vec();
        let check = Some("none#0".to_owned());
        let launch = Launch { program: "/bin/sh".into(), arguments, check, ..Launch::default() };
        let mut worker = spawn(&launch).unwrap();
        worker.pidfd = fs::File::open("/dev/null").unwrap().into();
        end(&worker, false);
        assert_eq!(worker.child.wait().unwrap().signal(), Some(libc::SIGKILL));
    }
}
