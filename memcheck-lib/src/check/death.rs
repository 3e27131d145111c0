//! A worker does not outlive its observer, and neither do its children.
//!
//! The kernel sends a worker a signal when the thread that spawned it ends (`PR_SET_PDEATHSIG`).
//! From fork until [`arm`] that signal is SIGKILL. Then it is one with a handler, because SIGKILL
//! would leave the worker's own children behind: the handler ends them first.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{Mode, OFlags, RawDir, open, openat};
use rustix::process::{
    Pid, Signal, getpgrp, getpid, kill_current_process_group, kill_process,
    set_parent_process_death_signal,
};

/// A real-time signal that neither glibc (which takes the first two) nor common runtimes use.
fn signal_number() -> i32 {
    libc::SIGRTMAX() - 2
}

/// Arms the worker: from now on the end of its observer ends its children too.
pub(super) fn arm() {
    let handler = observer_died as extern "C" fn(libc::c_int);
    // SAFETY: an all-zero `sigaction` is a valid one (no flags, empty mask); the handler makes
    // raw system calls on its own stack only, which is allowed in a signal handler.
    let installed = unsafe {
        let mut action: libc::sigaction = MaybeUninit::zeroed().assume_init();
        action.sa_sigaction = handler as usize;
        libc::sigaction(signal_number(), &action, std::ptr::null_mut()) == 0
    };
    if installed {
        // SAFETY: the number is a valid real-time signal, whose handler was just installed.
        let signal = unsafe { Signal::from_raw_unchecked(signal_number()) };
        // Where this fails, SIGKILL stays in force: the worker still dies.
        let _ = set_parent_process_death_signal(Some(signal));
    }
}

extern "C" fn observer_died(_signal: libc::c_int) {
    if getpgrp() == getpid() {
        // The worker leads a group of its own: whoever stayed in it goes with it.
        let _ = kill_current_process_group(Signal::KILL);
    }
    kill_children(0);
    let _ = kill_process(getpid(), Signal::KILL);
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
