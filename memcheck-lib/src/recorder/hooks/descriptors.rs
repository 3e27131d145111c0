//! Descriptors, by the calls that give them. How they go stands in [`closing`](super::closing).

use std::ffi::c_int;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use rustix::process::{Resource, getrlimit};

use super::closing::releasing;
use super::{aside, call_found, call_real, real_functions, recording, system_call};
use crate::recorder::{self, SiteKind, Tables};

/// Descriptors up to here are looked for when recording begins; of later ones that are closed
/// meanwhile it is not known that they are older.
const LOOKED_FOR: u64 = 1 << 16;

/// The highest descriptor that was recorded or is older.
static HIGHEST: AtomicI32 = AtomicI32::new(-1);

real_functions! {
    open, open64, openat, openat64, creat, creat64, __open_2, __open64_2, __openat_2, __openat64_2,
    open_by_handle_at, socket, socketpair, accept, accept4, pipe, pipe2, dup, dup2, dup3, fcntl,
    fcntl64, eventfd, epoll_create, epoll_create1, memfd_create, timerfd_create, inotify_init,
    inotify_init1, fanotify_init, signalfd, pidfd_open, pidfd_getfd, mkstemp, mkstemp64, mkostemp,
    mkostemp64, mkstemps, mkstemps64, mkostemps, mkostemps64,
}

/// Remembers which descriptors are open and thus older than the recording, so that a `close` of
/// what was opened by a way that is not seen is not taken for one of those.
pub(super) fn note_open_ones(tables: &Tables) {
    let most = getrlimit(Resource::Nofile).current.unwrap_or(LOOKED_FOR).min(LOOKED_FOR);
    for fd in 0..most as c_int {
        // SAFETY: it is not negative, and only asked for.
        let asked = unsafe { BorrowedFd::borrow_raw(fd) };
        if rustix::io::fcntl_getfd(asked).is_ok() {
            tables.note_older(SiteKind::Descriptor, fd as u64);
            HIGHEST.fetch_max(fd, Relaxed);
        }
    }
}

/// The highest descriptor that is known.
pub(super) fn highest() -> c_int {
    HIGHEST.load(Relaxed)
}

/// A descriptor that a function gave.
#[inline(always)]
pub(super) fn given(fd: c_int) -> c_int {
    if recorder::is_on() && fd >= 0 {
        record(fd);
    }
    fd
}

/// Records one that was given.
#[cold]
#[inline(never)]
pub(super) fn record(fd: c_int) {
    if fd >= 0 && recording() {
        HIGHEST.fetch_max(fd, Relaxed);
        aside(|| recorder::acquired(SiteKind::Descriptor, fd as u64, 0));
    }
}

/// Two descriptors that a function wrote to `pair`.
#[inline(always)]
pub(super) unsafe fn given_two(result: c_int, pair: usize) -> c_int {
    if recorder::is_on() && result == 0 {
        // SAFETY: the function succeeded, so there are two.
        let pair = unsafe { *std::ptr::with_exposed_provenance::<[c_int; 2]>(pair) };
        for fd in pair {
            record(fd);
        }
    }
    result
}

/// Functions that give a descriptor, each with the system call that does the same.
macro_rules! giving {
    ($($name:ident($($argument:ident),*) or $otherwise:expr;)*) => { $(
        pub(super) unsafe extern "C-unwind" fn $name($($argument: usize),*) -> c_int {
            given(call_real!($name($($argument),*) -> c_int, $otherwise as c_int))
        }
    )* };
}

giving! {
    open(path, flags, mode) or system_call!(SYS_openat, libc::AT_FDCWD, path, flags, mode);
    open64(path, flags, mode) or system_call!(SYS_openat, libc::AT_FDCWD, path, flags, mode);
    openat(folder, path, flags, mode) or system_call!(SYS_openat, folder, path, flags, mode);
    openat64(folder, path, flags, mode) or system_call!(SYS_openat, folder, path, flags, mode);
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
    // What `open` and `openat` become with -D_FORTIFY_SOURCE.
    __open_2(path, flags) or system_call!(SYS_openat, libc::AT_FDCWD, path, flags, 0);
    __open64_2(path, flags) or system_call!(SYS_openat, libc::AT_FDCWD, path, flags, 0);
    __openat_2(folder, path, flags) or system_call!(SYS_openat, folder, path, flags, 0);
    __openat64_2(folder, path, flags) or system_call!(SYS_openat, folder, path, flags, 0);
}

/// Functions that give a descriptor and that no system call does the work of.
macro_rules! making {
    ($($name:ident($($argument:ident),*);)*) => { $(
        pub(super) unsafe extern "C-unwind" fn $name($($argument: usize),*) -> c_int {
            given(call_found!($name($($argument),*) -> c_int, -1))
        }
    )* };
}

making! {
    mkstemp(template);
    mkstemp64(template);
    mkostemp(template, flags);
    mkostemp64(template, flags);
    mkstemps(template, suffix);
    mkstemps64(template, suffix);
    mkostemps(template, suffix, flags);
    mkostemps64(template, suffix, flags);
}

/// What `creat` opens with.
const CREAT: c_int = libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC;

pub(super) unsafe extern "C-unwind" fn pipe(pair: usize) -> c_int {
    let result = call_real!(pipe(pair) -> c_int, system_call!(SYS_pipe2, pair, 0) as c_int);
    // SAFETY: the caller gives a place for two.
    unsafe { given_two(result, pair) }
}

pub(super) unsafe extern "C-unwind" fn pipe2(pair: usize, flags: usize) -> c_int {
    let result =
        call_real!(pipe2(pair, flags) -> c_int, system_call!(SYS_pipe2, pair, flags) as c_int);
    // SAFETY: the caller gives a place for two.
    unsafe { given_two(result, pair) }
}

pub(super) unsafe extern "C-unwind" fn socketpair(
    domain: usize,
    kind: usize,
    protocol: usize,
    pair: usize,
) -> c_int {
    let result = call_real!(
        socketpair(domain, kind, protocol, pair) -> c_int,
        system_call!(SYS_socketpair, domain, kind, protocol, pair) as c_int
    );
    // SAFETY: the caller gives a place for two.
    unsafe { given_two(result, pair) }
}

/// Gives a new descriptor only when it is asked with none.
pub(super) unsafe extern "C-unwind" fn signalfd(fd: usize, mask: usize, flags: usize) -> c_int {
    // The kernel's set of signals has 64 bits.
    let result = call_real!(
        signalfd(fd, mask, flags) -> c_int,
        system_call!(SYS_signalfd4, fd, mask, 8, flags) as c_int
    );
    if fd as c_int == -1 { given(result) } else { result }
}

/// Some of its commands duplicate a descriptor.
#[inline(always)]
pub(super) fn duplicated(result: c_int, command: usize) -> c_int {
    match command as c_int {
        libc::F_DUPFD | libc::F_DUPFD_CLOEXEC => given(result),
        _ => result,
    }
}

pub(super) unsafe extern "C-unwind" fn fcntl(fd: usize, command: usize, value: usize) -> c_int {
    let result = call_real!(
        fcntl(fd, command, value) -> c_int,
        system_call!(SYS_fcntl, fd, command, value) as c_int
    );
    duplicated(result, command)
}

pub(super) unsafe extern "C-unwind" fn fcntl64(fd: usize, command: usize, value: usize) -> c_int {
    let result = call_real!(
        fcntl64(fd, command, value) -> c_int,
        system_call!(SYS_fcntl, fd, command, value) as c_int
    );
    duplicated(result, command)
}

unsafe fn real_dup2(old: usize, new: usize) -> c_int {
    call_real!(dup2(old, new) -> c_int, {
        // `dup3` refuses what is the same; `dup2` then only says whether it is open.
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
    // SAFETY: the caller's promises are those of `dup2`.
    let call = || unsafe { real_dup2(old, new) };
    // One that is made the same stays what it was.
    if recorder::is_on() && old as c_int != new as c_int { replacing(new, call) } else { call() }
}

pub(super) unsafe extern "C-unwind" fn dup3(old: usize, new: usize, flags: usize) -> c_int {
    let call = || {
        call_real!(
            dup3(old, new, flags) -> c_int,
            system_call!(SYS_dup3, old, new, flags) as c_int
        )
    };
    if recorder::is_on() { replacing(new, call) } else { call() }
}

/// A call that closes `fd`, if it is open, and opens it anew.
#[cold]
#[inline(never)]
pub(super) fn replacing(fd: usize, call: impl FnOnce() -> c_int) -> c_int {
    let result = releasing(fd as c_int, call, |&result| result >= 0);
    given(result)
}
