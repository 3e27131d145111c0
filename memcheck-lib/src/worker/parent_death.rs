//! A worker does not outlive its observer, and neither do its children.
//!
//! The kernel sends a worker a signal when the thread that spawned it ends (`PR_SET_PDEATHSIG`).
//! SIGKILL would leave the worker's own children behind, so it is a signal whose handler ends them
//! first. Until [`arm`] installs that, its default action ends the worker, which has no children
//! yet.
//!
//! The setting belongs to a thread (prctl(2)), and every thread that has one gets its signal sent
//! to the process. libtest runs a test in a thread of its own, so what counts is what the observer
//! sets between fork and exec: it is the main thread's for good.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::OnceLock;

use rustix::fs::{Mode, OFlags, RawDir, open, openat};
use rustix::process::{
    Pid, Signal, getpgrp, getpid, kill_current_process_group, kill_process, pidfd_send_signal,
};

use crate::forked;
use crate::protocol::message::VARIABLE;

/// What stands in the environment of the worker and of all it starts: `VARIABLE=value` and the NUL
/// that ends it.
static MARK: OnceLock<Vec<u8>> = OnceLock::new();

/// What the end of the observer is told with: a real-time signal that neither glibc (which takes
/// the first two) nor common runtimes use.
pub(crate) fn signal() -> Signal {
    // SAFETY: a valid real-time signal, for which only `arm` installs a handler.
    unsafe { Signal::from_raw_unchecked(libc::SIGRTMAX() - 2) }
}

/// Arms the worker: from now on the end of its observer ends its children too.
pub(crate) fn arm() {
    let _ =
        MARK.set(format!("{VARIABLE}={}\0", std::env::var(VARIABLE).unwrap_or_default()).into());
    forked::remember();
    let handler = observer_died as extern "C" fn(libc::c_int);
    // SAFETY: an all-zero `sigaction` is a valid one (no flags, empty mask), whose mask may be
    // filled; the handler makes raw system calls on its own stack only, which is allowed in a
    // signal handler.
    // Where this fails, the default action stays in force: the worker still dies.
    unsafe {
        let mut action: libc::sigaction = MaybeUninit::zeroed().assume_init();
        action.sa_sigaction = handler as usize;
        // It must come to its end, whatever else is sent to the worker.
        libc::sigfillset(&mut action.sa_mask);
        libc::sigaction(signal().as_raw(), &action, std::ptr::null_mut());
    }
}

/// Ends the calling process here and now if it is one that the worker's body has forked and that
/// goes on as the worker would: it must neither speak for the worker nor run iterations of its own.
#[inline]
pub(crate) fn end_if_forked() {
    if forked::is_child() {
        // SAFETY: ends the process without running anything more of it.
        unsafe { libc::_exit(0) }
    }
}

extern "C" fn observer_died(_signal: libc::c_int) {
    end_with_all();
}

/// Ends the worker and all that it started. Async-signal-safe.
pub(crate) fn end_with_all() {
    // Twice: what forked while the first look went by shows in the second.
    for _ in 0..2 {
        kill_marked();
    }
    kill_children(0);
    if getpgrp() == getpid() {
        // The worker leads a group of its own: whoever stayed in it goes with it. The worker too,
        // so nothing may come after this.
        let _ = kill_current_process_group(Signal::KILL);
    }
    let _ = kill_process(getpid(), Signal::KILL);
}

/// Kills all processes but this that carry the worker's mark: those that made a session of their
/// own or were handed to init have it too.
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
            // A directory of /proc serves as a pidfd (pidfd_send_signal(2)): what was looked at is
            // what is killed.
            let _ = pidfd_send_signal(&process, Signal::KILL);
        }
    }
}

/// Whether the environment of a process, as it was at exec, has `mark` in it.
fn has_in_environment(process: &OwnedFd, mark: &[u8]) -> bool {
    // Unreadable means not ours, or gone.
    let Ok(environment) = openat(process, "environ", OFlags::CLOEXEC, Mode::empty()) else {
        return false;
    };
    let mut buffer = [0u8; 2048];
    let mut kept = 0;
    // The mark is some fifty bytes long, so there is always room to read into.
    while let Ok(length @ 1..) = rustix::io::read(&environment, &mut buffer[kept..]) {
        let end = kept + length;
        if buffer[..end].windows(mark.len()).any(|part| part == mark) {
            return true;
        }
        // A mark may lie across two reads.
        kept = end.min(mark.len() - 1);
        buffer.copy_within(end - kept..end, 0);
    }
    false
}

/// Kills the calling process's descendants, as far as they are still its descendants. Reads
/// `/proc/self/task/TID/children`; takes no memory but its stack, `depth` bounds that.
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
        // One buffer of pids at a time; each is killed, so that reading again shows others.
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
