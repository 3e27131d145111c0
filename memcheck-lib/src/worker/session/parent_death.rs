//! When the observer ends, its worker ends too, with all processes that the worker started.
//!
//! The kernel sends a worker a signal when the thread that spawned it ends (`PR_SET_PDEATHSIG`).
//! SIGKILL would leave the worker's children running, so the signal is one whose handler kills them
//! first. Until [`arm`] installs the handler, the default action ends the worker, which has no children
//! yet.
//!
//! The setting belongs to a thread (prctl(2)), and the signal goes to the whole process. libtest runs a
//! test in a thread of its own, so the observer makes the setting between fork and exec: it then belongs
//! to the main thread, which lives as long as the process.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::OnceLock;

use rustix::fs::{Mode, OFlags, RawDir, open, openat};
use rustix::process::{
    Pid, Signal, getpgrp, getpid, kill_current_process_group, kill_process, pidfd_send_signal,
};

use crate::forked;
use crate::protocol::handshake::{WORKER_VARIABLE, parent_death_signal};

/// The entry in the environment of the worker and of all processes that it starts: `VARIABLE=value` and
/// the terminating NUL.
static MARK: OnceLock<Vec<u8>> = OnceLock::new();

/// Installs the handler: from now on the end of the observer also ends the worker's children.
pub(crate) fn arm() {
    let value = std::env::var(WORKER_VARIABLE).unwrap_or_default();
    let _ = MARK.set(format!("{WORKER_VARIABLE}={value}\0").into());
    forked::remember();
    let handler = observer_died as extern "C" fn(libc::c_int);
    // SAFETY: an all-zero `sigaction` is a valid one (no flags, empty mask), whose mask may be
    // filled; the handler makes raw system calls on its own stack only, which is allowed in a
    // signal handler.
    // Where this fails, the default action stays in force: the worker still dies.
    unsafe {
        let mut action: libc::sigaction = MaybeUninit::zeroed().assume_init();
        action.sa_sigaction = handler as usize;
        // No other signal may interrupt the handler.
        libc::sigfillset(&mut action.sa_mask);
        libc::sigaction(parent_death_signal().as_raw(), &action, std::ptr::null_mut());
    }
}

/// Ends the calling process at once if the worker's body forked it: it must neither send packets for the
/// worker nor run iterations.
#[inline]
pub(crate) fn exit_if_forked() {
    if forked::is_child() {
        // SAFETY: ends the process without running anything more of it.
        unsafe { libc::_exit(0) }
    }
}

extern "C" fn observer_died(_signal: libc::c_int) {
    end_process_tree();
}

/// Ends the worker and all processes that it started. Async-signal-safe.
pub(crate) fn end_process_tree() {
    // Twice: a process that forked during the first pass shows in the second.
    for _ in 0..2 {
        kill_marked();
    }
    kill_children(0);
    if getpgrp() == getpid() {
        // The worker leads its own process group: this kills all processes in it, the worker
        // included, so nothing can follow.
        let _ = kill_current_process_group(Signal::KILL);
    }
    let _ = kill_process(getpid(), Signal::KILL);
}

/// Kills all other processes that carry the worker's mark. Those that called `setsid` or were reparented
/// to init carry it too.
fn kill_marked() {
    let Some(mark) = MARK.get() else { return };
    let directory = OFlags::DIRECTORY | OFlags::CLOEXEC;
    let Ok(processes) = open("/proc", directory, Mode::empty()) else { return };
    let mut buffer = [MaybeUninit::uninit(); 1024];
    let mut entries = RawDir::new(processes.as_fd(), &mut buffer);
    while let Some(Ok(entry)) = entries.next() {
        let pid = pid_from(entry.file_name().to_bytes());
        if pid.is_none() || pid == Some(getpid()) {
            continue;
        }
        let Ok(process) = openat(&processes, entry.file_name(), directory, Mode::empty()) else {
            continue;
        };
        if has_in_environment(&process, mark) {
            // A directory of /proc serves as a pidfd (pidfd_send_signal(2)), so the signal cannot hit
            // another process that got the same number.
            let _ = pidfd_send_signal(&process, Signal::KILL);
        }
    }
}

/// Whether the environment of a process, as it was at exec, contains `mark`.
fn has_in_environment(process: &OwnedFd, mark: &[u8]) -> bool {
    // An unreadable process belongs to another user, or has ended.
    let Ok(environment) = openat(process, "environ", OFlags::CLOEXEC, Mode::empty()) else {
        return false;
    };
    let mut buffer = [0u8; 2048];
    let mut kept = 0;
    // The mark is about fifty bytes long, so the buffer always has room.
    while let Ok(length @ 1..) = rustix::io::read(&environment, &mut buffer[kept..]) {
        let end = kept + length;
        if buffer[..end].windows(mark.len()).any(|part| part == mark) {
            return true;
        }
        // The mark may span two reads.
        kept = end.min(mark.len() - 1);
        buffer.copy_within(end - kept..end, 0);
    }
    false
}

/// Kills the descendants of the calling process that were not reparented. Reads
/// `/proc/self/task/TID/children`; uses no memory but its stack, which `depth` bounds.
fn kill_children(depth: u32) {
    let Ok(tasks) = open("/proc/self/task", OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
    else {
        return;
    };
    kill_children_of(&tasks, depth);
}

fn kill_children_of(tasks: &OwnedFd, depth: u32) {
    let mut buffer = [MaybeUninit::uninit(); 1024];
    let mut entries = RawDir::new(tasks.as_fd(), &mut buffer);
    while let Some(Ok(task)) = entries.next() {
        let Ok(task) =
            openat(tasks, task.file_name(), OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        else {
            continue;
        };
        let Ok(children) = openat(&task, "children", OFlags::CLOEXEC, Mode::empty()) else {
            continue;
        };
        let mut text = [0u8; 512];
        // One buffer of process IDs at a time: those are killed, so the next read shows others.
        let Ok(length) = rustix::io::read(&children, &mut text) else { continue };
        for pid in text[..length].split(|&byte| byte == b' ').filter_map(pid_from) {
            if depth < 16 {
                kill_descendants(pid, depth + 1);
            }
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

fn kill_descendants(pid: Pid, depth: u32) {
    // "/proc/4194304/task", written without allocating.
    let mut path = [0u8; 32];
    let mut digits = [0u8; 10];
    let mut number = pid.as_raw_nonzero().get().unsigned_abs();
    let mut first = digits.len();
    while number > 0 {
        first -= 1;
        digits[first] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    let parts: [&[u8]; 3] = [b"/proc/", &digits[first..], b"/task"];
    let mut length = 0;
    for part in parts {
        path[length..length + part.len()].copy_from_slice(part);
        length += part.len();
    }
    if let Ok(tasks) = open(&path[..length], OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()) {
        kill_children_of(&tasks, depth);
    }
}

fn pid_from(text: &[u8]) -> Option<Pid> {
    let number = std::str::from_utf8(text.trim_ascii()).ok()?.parse().ok()?;
    Pid::from_raw(number)
}
