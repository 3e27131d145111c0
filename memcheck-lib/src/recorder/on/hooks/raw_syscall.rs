//! Intercepts `syscall`, through which programs make system calls that have no function of their
//! own.

use std::ffi::{c_int, c_long};

use super::children::{started, starts_child, wait_by, waitid_by};
use super::closing::{close_like, record_closed_range};
use super::descriptor_events::{opened, opened_pair, reopen_by};
use super::descriptors::fcntl_result;
use super::mappings::{map_by, unmap_by};
use super::scope::records;
use super::system_call::{SystemCall, call};
use crate::recorder::on::state::is_on;

pub(super) unsafe extern "C-unwind" fn syscall(
    number: usize,
    a: usize,
    b: usize,
    c: usize,
    d: usize,
    e: usize,
    f: usize,
) -> c_long {
    let requested = [number, a, b, c, d, e, f];
    if is_on() { recorded(requested) } else { call(requested) }
}

#[cold]
#[inline(never)]
fn recorded(requested: SystemCall) -> c_long {
    if !records() {
        return call(requested);
    }
    let [number, a, b, c, ..] = requested;
    let number = number as c_long;
    if number == libc::SYS_close {
        return close_like(a, || call(requested) as c_int).into();
    }
    if number == libc::SYS_dup3 || is_dup2(number) && a as c_int != b as c_int {
        return reopen_by(b, || call(requested) as c_int).into();
    }
    let pointer = || std::ptr::with_exposed_provenance_mut(call(requested) as usize);
    match number {
        libc::SYS_mmap => return map_by(b, requested[4], pointer).expose_provenance() as c_long,
        libc::SYS_munmap => return unmap_by(a, b, || call(requested) as c_int).into(),
        libc::SYS_wait4 => {
            return wait_by(b, |status| {
                call([requested[0], a, status, c, requested[4], 0, 0]) as c_int
            })
            .into();
        }
        libc::SYS_waitid => {
            return waitid_by(c, requested[4], |info| {
                call([requested[0], a, b, info, requested[4], requested[5], 0]) as c_int
            })
            .into();
        }
        _ => {}
    }
    let result = call(requested);
    let fd = result as c_int;
    match number {
        libc::SYS_close_range => record_closed_range(fd, a, b, c),
        libc::SYS_fcntl => _ = fcntl_result(fd, b),
        // SAFETY: the caller passes an array of two, which a successful call has filled.
        libc::SYS_pipe2 => _ = unsafe { opened_pair(fd, a) },
        // SAFETY: as above.
        libc::SYS_socketpair => _ = unsafe { opened_pair(fd, requested[4]) },
        // It opens a descriptor only if its argument is -1.
        libc::SYS_signalfd4 if a as c_int != -1 => {}
        // With a flag it returns the version of the interface, not a descriptor.
        libc::SYS_landlock_create_ruleset if c as u32 != 0 => {}
        libc::SYS_clone if starts_child(a as u64) => _ = started(fd),
        // SAFETY: the call succeeded, so `a` is the address of its arguments, which begin with the
        // flags.
        libc::SYS_clone3 if fd > 0 && starts_child(unsafe { first_word(a) }) => _ = started(fd),
        _ if is_fork(number) => _ = started(fd),
        _ if opens_descriptor(number) => _ = opened(fd),
        _ => {}
    }
    result
}

/// Whether a system call returns a new descriptor.
fn opens_descriptor(number: c_long) -> bool {
    #[cfg(target_arch = "x86_64")]
    const OLD: [c_long; 6] = [
        libc::SYS_open,
        libc::SYS_creat,
        libc::SYS_eventfd,
        libc::SYS_epoll_create,
        libc::SYS_inotify_init,
        libc::SYS_accept,
    ];
    #[cfg(not(target_arch = "x86_64"))]
    const OLD: [c_long; 1] = [libc::SYS_accept];
    const ALL: [c_long; 23] = [
        libc::SYS_openat,
        libc::SYS_openat2,
        libc::SYS_open_by_handle_at,
        libc::SYS_socket,
        libc::SYS_accept4,
        libc::SYS_dup,
        libc::SYS_eventfd2,
        libc::SYS_epoll_create1,
        libc::SYS_memfd_create,
        libc::SYS_memfd_secret,
        libc::SYS_timerfd_create,
        libc::SYS_inotify_init1,
        libc::SYS_fanotify_init,
        libc::SYS_signalfd4,
        libc::SYS_pidfd_open,
        libc::SYS_pidfd_getfd,
        libc::SYS_userfaultfd,
        libc::SYS_perf_event_open,
        libc::SYS_io_uring_setup,
        libc::SYS_landlock_create_ruleset,
        libc::SYS_fsopen,
        libc::SYS_fsmount,
        libc::SYS_open_tree,
    ];
    ALL.contains(&number) || OLD.contains(&number)
}

/// Tests for system calls that only older architectures have.
macro_rules! legacy_call {
    ($($name:ident is $number:ident;)*) => { $(
        fn $name(number: c_long) -> bool {
            #[cfg(target_arch = "x86_64")]
            const OLD: Option<c_long> = Some(libc::$number);
            #[cfg(not(target_arch = "x86_64"))]
            const OLD: Option<c_long> = None;
            Some(number) == OLD
        }
    )* };
}

legacy_call! {
    is_dup2 is SYS_dup2;
    is_fork is SYS_fork;
}

/// Reads the word at an address.
///
/// # Safety
///
/// The address is that of a `u64`.
unsafe fn first_word(address: usize) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { std::ptr::with_exposed_provenance::<u64>(address).read() }
}
