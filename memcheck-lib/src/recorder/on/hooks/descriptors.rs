//! Intercepts the functions that open descriptors. [`closing`](super::closing) has those that close
//! them.

use std::ffi::c_int;

use super::descriptor_events::{opened, opened_pair, reopen_by};
use super::next_definition::{call_next, call_next_or_fail, next_definitions};
use super::system_call::system_call;
use crate::recorder::on::state::is_on;

next_definitions! {
    open, open64, openat, openat64, creat, creat64, __open_2, __open64_2, __openat_2, __openat64_2,
    open_by_handle_at, socket, socketpair, accept, accept4, pipe, pipe2, dup, dup2, dup3, fcntl,
    fcntl64, eventfd, epoll_create, epoll_create1, memfd_create, timerfd_create, inotify_init,
    inotify_init1, fanotify_init, signalfd, pidfd_open, pidfd_getfd, mkstemp, mkstemp64, mkostemp,
    mkostemp64, mkstemps, mkstemps64, mkostemps, mkostemps64,
}

/// Intercepts functions that open a descriptor. Each has a system call that does the same.
macro_rules! intercept {
    ($($name:ident($($argument:ident),*) or $otherwise:expr;)*) => { $(
        pub(super) unsafe extern "C-unwind" fn $name($($argument: usize),*) -> c_int {
            opened(call_next!($name($($argument),*) -> c_int, $otherwise as c_int))
        }
    )* };
}

intercept! {
    open(path, flags, mode) or system_call!(SYS_openat, libc::AT_FDCWD, path, flags, mode);
    open64(path, flags, mode) or system_call!(SYS_openat, libc::AT_FDCWD, path, flags, mode);
    openat(directory, path, flags, mode) or system_call!(SYS_openat, directory, path, flags, mode);
    openat64(directory, path, flags, mode) or system_call!(SYS_openat, directory, path, flags, mode);
    creat(path, mode) or system_call!(SYS_openat, libc::AT_FDCWD, path, CREAT, mode);
    creat64(path, mode) or system_call!(SYS_openat, libc::AT_FDCWD, path, CREAT, mode);
    socket(domain, kind, protocol) or system_call!(SYS_socket, domain, kind, protocol);
    accept(fd, address, length) or system_call!(SYS_accept, fd, address, length);
    accept4(fd, address, length, flags) or system_call!(SYS_accept4, fd, address, length, flags);
    dup(fd) or system_call!(SYS_dup, fd);
    eventfd(value, flags) or system_call!(SYS_eventfd2, value, flags);
    epoll_create(_size) or system_call!(SYS_epoll_create1, 0);
    epoll_create1(flags) or system_call!(SYS_epoll_create1, flags);
    memfd_create(name, flags) or system_call!(SYS_memfd_create, name, flags);
    timerfd_create(clock, flags) or system_call!(SYS_timerfd_create, clock, flags);
    inotify_init() or system_call!(SYS_inotify_init1, 0);
    inotify_init1(flags) or system_call!(SYS_inotify_init1, flags);
    fanotify_init(flags, kind) or system_call!(SYS_fanotify_init, flags, kind);
    pidfd_open(pid, flags) or system_call!(SYS_pidfd_open, pid, flags);
    pidfd_getfd(process, fd, flags) or system_call!(SYS_pidfd_getfd, process, fd, flags);
    open_by_handle_at(mount, handle, flags)
        or system_call!(SYS_open_by_handle_at, mount, handle, flags);
    // With -D_FORTIFY_SOURCE, `open` and `openat` become these.
    __open_2(path, flags) or system_call!(SYS_openat, libc::AT_FDCWD, path, flags, 0);
    __open64_2(path, flags) or system_call!(SYS_openat, libc::AT_FDCWD, path, flags, 0);
    __openat_2(directory, path, flags) or system_call!(SYS_openat, directory, path, flags, 0);
    __openat64_2(directory, path, flags) or system_call!(SYS_openat, directory, path, flags, 0);
}

/// Intercepts functions that open a descriptor and that no system call can replace.
macro_rules! intercept_without_system_call {
    ($($name:ident($($argument:ident),*);)*) => { $(
        pub(super) unsafe extern "C-unwind" fn $name($($argument: usize),*) -> c_int {
            opened(call_next_or_fail!($name($($argument),*) -> c_int, -1))
        }
    )* };
}

intercept_without_system_call! {
    mkstemp(template);
    mkstemp64(template);
    mkostemp(template, flags);
    mkostemp64(template, flags);
    mkstemps(template, suffix);
    mkstemps64(template, suffix);
    mkostemps(template, suffix, flags);
    mkostemps64(template, suffix, flags);
}

/// The flags of `creat`.
const CREAT: c_int = libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC;

pub(super) unsafe extern "C-unwind" fn pipe(pair: usize) -> c_int {
    let result = call_next!(pipe(pair) -> c_int, system_call!(SYS_pipe2, pair, 0) as c_int);
    // SAFETY: the caller passes an array of two, which a successful call has filled.
    unsafe { opened_pair(result, pair) }
}

pub(super) unsafe extern "C-unwind" fn pipe2(pair: usize, flags: usize) -> c_int {
    let result =
        call_next!(pipe2(pair, flags) -> c_int, system_call!(SYS_pipe2, pair, flags) as c_int);
    // SAFETY: the caller passes an array of two, which a successful call has filled.
    unsafe { opened_pair(result, pair) }
}

pub(super) unsafe extern "C-unwind" fn socketpair(
    domain: usize,
    kind: usize,
    protocol: usize,
    pair: usize,
) -> c_int {
    let result = call_next!(
        socketpair(domain, kind, protocol, pair) -> c_int,
        system_call!(SYS_socketpair, domain, kind, protocol, pair) as c_int
    );
    // SAFETY: the caller passes an array of two, which a successful call has filled.
    unsafe { opened_pair(result, pair) }
}

/// `signalfd` opens a descriptor only if its argument is -1; otherwise it changes an open one.
pub(super) unsafe extern "C-unwind" fn signalfd(fd: usize, mask: usize, flags: usize) -> c_int {
    // The signal set of the kernel has 64 bits.
    let result = call_next!(
        signalfd(fd, mask, flags) -> c_int,
        system_call!(SYS_signalfd4, fd, mask, 8, flags) as c_int
    );
    if fd as c_int == -1 { opened(result) } else { result }
}

/// Records the result of `fcntl`: some commands duplicate a descriptor.
#[inline(always)]
pub(super) fn fcntl_result(result: c_int, command: usize) -> c_int {
    match command as c_int {
        libc::F_DUPFD | libc::F_DUPFD_CLOEXEC => opened(result),
        _ => result,
    }
}

pub(super) unsafe extern "C-unwind" fn fcntl(fd: usize, command: usize, value: usize) -> c_int {
    let result = call_next!(
        fcntl(fd, command, value) -> c_int,
        system_call!(SYS_fcntl, fd, command, value) as c_int
    );
    fcntl_result(result, command)
}

pub(super) unsafe extern "C-unwind" fn fcntl64(fd: usize, command: usize, value: usize) -> c_int {
    let result = call_next!(
        fcntl64(fd, command, value) -> c_int,
        system_call!(SYS_fcntl, fd, command, value) as c_int
    );
    fcntl_result(result, command)
}

/// # Safety
///
/// The preconditions of `dup2`.
unsafe fn next_dup2(old: usize, new: usize) -> c_int {
    call_next!(dup2(old, new) -> c_int, {
        // `dup3` refuses two equal numbers; `dup2` then only checks that the descriptor is open.
        if old as c_int == new as c_int {
            match system_call!(SYS_fcntl, old, libc::F_GETFD) {
                0.. => new as c_int,
                _ => -1,
            }
        } else {
            system_call!(SYS_dup3, old, new, 0) as c_int
        }
    })
}

pub(super) unsafe extern "C-unwind" fn dup2(old: usize, new: usize) -> c_int {
    // SAFETY: the caller keeps the preconditions of `dup2`.
    let call = || unsafe { next_dup2(old, new) };
    // With two equal numbers the descriptor stays as it was.
    if is_on() && old as c_int != new as c_int { reopen_by(new, call) } else { call() }
}

pub(super) unsafe extern "C-unwind" fn dup3(old: usize, new: usize, flags: usize) -> c_int {
    let call = || {
        call_next!(
            dup3(old, new, flags) -> c_int,
            system_call!(SYS_dup3, old, new, flags) as c_int
        )
    };
    if is_on() { reopen_by(new, call) } else { call() }
}
