//! Intercepts the functions that start child processes and wait for them. A child is recorded until
//! a call has waited for it: until then, a child that has ended stays as a zombie.
//!
//! Not intercepted are `vfork`, which cannot be wrapped (the child would return from the wrapper
//! and overwrite the parent's stack), and the children of `popen` and `system`, which glibc starts
//! and waits for with internal calls.

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::ptr::{from_mut, with_exposed_provenance, with_exposed_provenance_mut};

use super::descriptor_events::opened;
use super::next_definition::{call_next, call_next_or_fail, next_definitions};
use super::scope::{keeping_errno, records};
use super::system_call::system_call;
use crate::metric::SiteKind;
use crate::recorder::on::events;
use crate::recorder::on::state::is_on;

next_definitions! {
    fork, _Fork, clone, posix_spawn, posix_spawnp, pidfd_spawn, pidfd_spawnp, pidfd_getpid, wait,
    wait3, wait4, waitid, waitpid,
}

/// Records the result of a function that returns the ID of a new child to its parent, and returns
/// it.
#[inline(always)]
pub(super) fn started(pid: c_int) -> c_int {
    if is_on() && pid > 0 {
        record_start(pid);
    }
    pid
}

#[cold]
#[inline(never)]
fn record_start(pid: c_int) {
    if records() {
        keeping_errno(|| events::acquired(SiteKind::Child, pid as u64, 0));
    }
}

/// Whether `clone` with these flags starts a process that is a child of the caller.
pub(super) fn starts_child(flags: u64) -> bool {
    flags & (libc::CLONE_THREAD | libc::CLONE_PARENT) as u64 == 0
}

/// Intercepts functions that return once in the parent and once in the child.
macro_rules! intercept_fork {
    ($($name:ident)*) => { $(
        #[allow(non_snake_case, reason = "they have the names of the functions")]
        pub(super) unsafe extern "C-unwind" fn $name() -> c_int {
            started(call_next_or_fail!($name() -> c_int, -1))
        }
    )* };
}

intercept_fork! { fork _Fork }

/// The child of `clone` starts in a function of its own, on a stack of its own, so it does not
/// return from here.
pub(super) unsafe extern "C-unwind" fn clone(
    start: usize,
    stack: usize,
    flags: usize,
    argument: usize,
    parent_number: usize,
    thread_local: usize,
    child_number: usize,
) -> c_int {
    let pid = call_next_or_fail!(
        clone(start, stack, flags, argument, parent_number, thread_local, child_number) -> c_int,
        -1
    );
    if starts_child(flags as u64) { started(pid) } else { pid }
}

/// Intercepts functions that start a program and write the ID or the descriptor of the child to
/// their first argument, if it is not null.
macro_rules! intercept_spawn {
    ($($name:ident records $record:ident;)*) => { $(
        pub(super) unsafe extern "C-unwind" fn $name(
            child: usize,
            path: usize,
            actions: usize,
            attributes: usize,
            arguments: usize,
            environment: usize,
        ) -> c_int {
            let call = |child: usize| {
                call_next_or_fail!(
                    $name(child, path, actions, attributes, arguments, environment) -> c_int,
                    libc::ENOSYS
                )
            };
            if !is_on() {
                return call(child);
            }
            let mut own: c_int = -1;
            let child = if child == 0 { from_mut(&mut own).expose_provenance() } else { child };
            let result = call(child);
            if result == 0 {
                // SAFETY: the call succeeded, so it has written the child there.
                $record(unsafe { with_exposed_provenance::<c_int>(child).read() });
            }
            result
        }
    )* };
}

intercept_spawn! {
    posix_spawn records started;
    posix_spawnp records started;
    pidfd_spawn records started_with_pidfd;
    pidfd_spawnp records started_with_pidfd;
}

/// Records a child and the new descriptor that refers to it.
fn started_with_pidfd(pidfd: c_int) -> c_int {
    let pidfd = opened(pidfd) as usize;
    started(keeping_errno(|| call_next_or_fail!(pidfd_getpid(pidfd) -> c_int, -1)))
}

/// Records that a call has waited for a child that has ended. Another child can have its ID from
/// now on, but the kernel reuses an ID only after all others.
fn reaped(pid: c_int) {
    if pid > 0 && records() {
        keeping_errno(|| events::releasing(SiteKind::Child, pid as u64).finish(true));
    }
}

/// Records a call that waits for a child and writes its status to `status`, if that is not null.
#[inline(always)]
pub(super) fn wait_by(status: usize, call: impl FnOnce(usize) -> c_int) -> c_int {
    if is_on() { recorded_wait(status, call) } else { call(status) }
}

#[cold]
#[inline(never)]
fn recorded_wait(status: usize, call: impl FnOnce(usize) -> c_int) -> c_int {
    let mut own: c_int = 0;
    let address = if status == 0 { from_mut(&mut own).expose_provenance() } else { status };
    let pid = call(address);
    if pid > 0 {
        // SAFETY: the call returned a child, so it has written the status.
        let status = unsafe { with_exposed_provenance::<c_int>(address).read() };
        // A child that was stopped or continued still exists.
        if libc::WIFEXITED(status) || libc::WIFSIGNALED(status) {
            reaped(pid);
        }
    }
    pid
}

/// Waits for any child (waitpid(2)).
const ANY_CHILD: c_int = -1;

pub(super) unsafe extern "C-unwind" fn wait(status: usize) -> c_int {
    wait_by(status, |status| {
        call_next!(
            wait(status) -> c_int,
            system_call!(SYS_wait4, ANY_CHILD, status, 0, 0) as c_int
        )
    })
}

pub(super) unsafe extern "C-unwind" fn waitpid(pid: usize, status: usize, options: usize) -> c_int {
    wait_by(status, |status| {
        call_next!(
            waitpid(pid, status, options) -> c_int,
            system_call!(SYS_wait4, pid, status, options, 0) as c_int
        )
    })
}

pub(super) unsafe extern "C-unwind" fn wait3(status: usize, options: usize, usage: usize) -> c_int {
    wait_by(status, |status| {
        call_next!(
            wait3(status, options, usage) -> c_int,
            system_call!(SYS_wait4, ANY_CHILD, status, options, usage) as c_int
        )
    })
}

pub(super) unsafe extern "C-unwind" fn wait4(
    pid: usize,
    status: usize,
    options: usize,
    usage: usize,
) -> c_int {
    wait_by(status, |status| {
        call_next!(
            wait4(pid, status, options, usage) -> c_int,
            system_call!(SYS_wait4, pid, status, options, usage) as c_int
        )
    })
}

pub(super) unsafe extern "C-unwind" fn waitid(
    kind: usize,
    number: usize,
    info: usize,
    options: usize,
) -> c_int {
    waitid_by(info, options, |info| {
        call_next!(
            waitid(kind, number, info, options) -> c_int,
            system_call!(SYS_waitid, kind, number, info, options, 0) as c_int
        )
    })
}

/// Records a call that waits for a child and writes a `siginfo_t` to `info`, if that is not null.
#[inline(always)]
pub(super) fn waitid_by(info: usize, options: usize, call: impl FnOnce(usize) -> c_int) -> c_int {
    // With WNOWAIT the child stays, and another call can wait for it.
    let stays = options as c_int & libc::WNOWAIT != 0;
    if is_on() && !stays { recorded_waitid(info, call) } else { call(info) }
}

#[cold]
#[inline(never)]
fn recorded_waitid(info: usize, call: impl FnOnce(usize) -> c_int) -> c_int {
    let mut own = MaybeUninit::<libc::siginfo_t>::zeroed();
    let address = if info == 0 { own.as_mut_ptr().expose_provenance() } else { info };
    let info: *mut libc::siginfo_t = with_exposed_provenance_mut(address);
    let result = call(address);
    if result == 0 {
        // SAFETY: the call succeeded, so it has written the structure: all zero without a child.
        let (code, pid) = unsafe { ((*info).si_code, (*info).si_pid()) };
        if [libc::CLD_EXITED, libc::CLD_KILLED, libc::CLD_DUMPED].contains(&code) {
            reaped(pid);
        }
    }
    result
}
