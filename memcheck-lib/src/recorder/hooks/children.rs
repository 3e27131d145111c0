//! Child processes, from the call that starts one to the call that is told of its end: until then
//! one that has ended stays as a zombie.
//!
//! Not seen are `vfork`, which no function may stand in front of (the child would return from it,
//! over the stack of the parent), and the children of `popen` and `system`, which glibc starts and
//! waits for within itself.

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::ptr::{from_mut, with_exposed_provenance, with_exposed_provenance_mut};

use super::{aside, call_found, call_real, descriptors, real_functions, recording, system_call};
use crate::recorder::{self, SiteKind};

real_functions! {
    fork, _Fork, clone, posix_spawn, posix_spawnp, pidfd_spawn, pidfd_spawnp, pidfd_getpid, wait,
    wait3, wait4, waitid, waitpid,
}

/// What a function says that gives the child's number to its parent.
#[inline(always)]
pub(super) fn started(pid: c_int) -> c_int {
    if recorder::is_on() && pid > 0 {
        record(pid);
    }
    pid
}

#[cold]
#[inline(never)]
fn record(pid: c_int) {
    if recording() {
        aside(|| recorder::acquired(SiteKind::Child, pid as u64, 0));
    }
}

/// Whether what `clone` makes is a child of the caller, and a process.
pub(super) fn makes_child(flags: u64) -> bool {
    flags & (libc::CLONE_THREAD | libc::CLONE_PARENT) as u64 == 0
}

/// Functions that return once in the parent and once in the child.
macro_rules! forking {
    ($($name:ident)*) => { $(
        #[allow(non_snake_case, reason = "they are named like the functions")]
        pub(super) unsafe extern "C-unwind" fn $name() -> c_int {
            started(call_found!($name() -> c_int, -1))
        }
    )* };
}

forking! { fork _Fork }

/// The child begins in a function of its own, on a stack of its own.
pub(super) unsafe extern "C-unwind" fn clone(
    begin: usize,
    stack: usize,
    flags: usize,
    argument: usize,
    parent_number: usize,
    thread_local: usize,
    child_number: usize,
) -> c_int {
    let pid = call_found!(
        clone(begin, stack, flags, argument, parent_number, thread_local, child_number) -> c_int,
        -1
    );
    if makes_child(flags as u64) { started(pid) } else { pid }
}

/// Functions that start a program and write something of the child to their first argument, if
/// it is not null.
macro_rules! spawning {
    ($($name:ident gives $given:ident;)*) => { $(
        pub(super) unsafe extern "C-unwind" fn $name(
            place: usize,
            path: usize,
            actions: usize,
            attributes: usize,
            arguments: usize,
            environment: usize,
        ) -> c_int {
            let call = |place: usize| {
                call_found!(
                    $name(place, path, actions, attributes, arguments, environment) -> c_int,
                    libc::ENOSYS
                )
            };
            if !recorder::is_on() {
                return call(place);
            }
            let mut own: c_int = -1;
            let place = if place == 0 { from_mut(&mut own).expose_provenance() } else { place };
            let result = call(place);
            if result == 0 {
                // SAFETY: it succeeded, so it has written there.
                $given(unsafe { with_exposed_provenance::<c_int>(place).read() });
            }
            result
        }
    )* };
}

spawning! {
    posix_spawn gives started;
    posix_spawnp gives started;
    pidfd_spawn gives started_as;
    pidfd_spawnp gives started_as;
}

/// A child that is known by a descriptor, which is new too.
fn started_as(pidfd: c_int) -> c_int {
    let pidfd = descriptors::given(pidfd) as usize;
    started(aside(|| call_found!(pidfd_getpid(pidfd) -> c_int, -1)))
}

/// A child of which a call has told that it has ended, so that nothing is left of it. (Its number
/// may be another child's at once, but comes up again only when all others were used.)
fn ended(pid: c_int) {
    if pid > 0 && recording() {
        aside(|| recorder::taking(SiteKind::Child, pid as u64).settle(true));
    }
}

/// A call that waits and writes the status to `place`, if it is not null.
#[inline(always)]
pub(super) fn waiting(place: usize, call: impl FnOnce(usize) -> c_int) -> c_int {
    if recorder::is_on() { noted(place, call) } else { call(place) }
}

#[cold]
#[inline(never)]
fn noted(place: usize, call: impl FnOnce(usize) -> c_int) -> c_int {
    let mut own: c_int = 0;
    let place = if place == 0 { from_mut(&mut own).expose_provenance() } else { place };
    let pid = call(place);
    if pid > 0 {
        // SAFETY: it gave a child, so it has written the status.
        let status = unsafe { with_exposed_provenance::<c_int>(place).read() };
        // One that was stopped, or goes on, is still there.
        if libc::WIFEXITED(status) || libc::WIFSIGNALED(status) {
            ended(pid);
        }
    }
    pid
}

/// Whichever child ends.
const ANY: c_int = -1;

pub(super) unsafe extern "C-unwind" fn wait(status: usize) -> c_int {
    waiting(
        status,
        |status| call_real!(wait(status) -> c_int, system_call!(SYS_wait4, ANY, status, 0, 0) as c_int),
    )
}

pub(super) unsafe extern "C-unwind" fn waitpid(pid: usize, status: usize, options: usize) -> c_int {
    waiting(status, |status| {
        call_real!(
            waitpid(pid, status, options) -> c_int,
            system_call!(SYS_wait4, pid, status, options, 0) as c_int
        )
    })
}

pub(super) unsafe extern "C-unwind" fn wait3(status: usize, options: usize, usage: usize) -> c_int {
    waiting(status, |status| {
        call_real!(
            wait3(status, options, usage) -> c_int,
            system_call!(SYS_wait4, ANY, status, options, usage) as c_int
        )
    })
}

pub(super) unsafe extern "C-unwind" fn wait4(
    pid: usize,
    status: usize,
    options: usize,
    usage: usize,
) -> c_int {
    waiting(status, |status| {
        call_real!(
            wait4(pid, status, options, usage) -> c_int,
            system_call!(SYS_wait4, pid, status, options, usage) as c_int
        )
    })
}

pub(super) unsafe extern "C-unwind" fn waitid(
    kind: usize,
    number: usize,
    place: usize,
    options: usize,
) -> c_int {
    waiting_for(place, options, |place| {
        call_real!(
            waitid(kind, number, place, options) -> c_int,
            system_call!(SYS_waitid, kind, number, place, options, 0) as c_int
        )
    })
}

/// A call that waits and writes what became of a child to `place`, if it is not null.
#[inline(always)]
pub(super) fn waiting_for(
    place: usize,
    options: usize,
    call: impl FnOnce(usize) -> c_int,
) -> c_int {
    // With a flag the child may be waited for again.
    let leaves = options as c_int & libc::WNOWAIT != 0;
    if recorder::is_on() && !leaves { told(place, call) } else { call(place) }
}

#[cold]
#[inline(never)]
fn told(place: usize, call: impl FnOnce(usize) -> c_int) -> c_int {
    let mut own = MaybeUninit::<libc::siginfo_t>::zeroed();
    let place = if place == 0 { own.as_mut_ptr().expose_provenance() } else { place };
    let at: *mut libc::siginfo_t = with_exposed_provenance_mut(place);
    let result = call(place);
    if result == 0 {
        // SAFETY: it succeeded, so it has written there: all zeros where there was no child.
        let (code, pid) = unsafe { ((*at).si_code, (*at).si_pid()) };
        if [libc::CLD_EXITED, libc::CLD_KILLED, libc::CLD_DUMPED].contains(&code) {
            ended(pid);
        }
    }
    result
}
