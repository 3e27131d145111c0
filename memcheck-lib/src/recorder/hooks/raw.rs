//! System calls without a function of their own: those that go by `syscall`.

use std::ffi::{c_int, c_long};

use super::children::{makes_child, started, waiting, waiting_for};
use super::closing::{closed_range, closing};
use super::descriptors::{duplicated, given, given_two, replacing};
use super::mappings::{mapping, unmapping};
use super::{real_functions, recording};
use crate::recorder;

real_functions! { syscall }

/// The number of a system call and what it is given.
pub(super) type Call = [usize; 7];

/// A system call past every function that records.
pub(super) fn call(call: Call) -> c_long {
    match real::syscall.address() {
        Some(address) => {
            type Raw = unsafe extern "C-unwind" fn(usize, ...) -> c_long;
            // SAFETY: the function `syscall` of the C library.
            let raw = unsafe { std::mem::transmute::<*mut std::ffi::c_void, Raw>(address) };
            let [number, a, b, c, d, e, f] = call;
            // SAFETY: the promises of who asked for the system call.
            unsafe { raw(number, a, b, c, d, e, f) }
        }
        None => bare(call),
    }
}

/// In the first moments of the process, when the C library's function was not yet looked up.
#[cold]
fn bare([number, a, b, c, d, e, f]: Call) -> c_long {
    let result: isize;
    // SAFETY: the promises of who asked for the system call; the kernel changes no other register.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        std::arch::asm!(
            "syscall",
            inlateout("rax") number => result,
            in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d, in("r8") e, in("r9") f,
            lateout("rcx") _, lateout("r11") _,
            options(nostack),
        );
    }
    // SAFETY: as above.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        std::arch::asm!(
            "svc 0",
            in("x8") number,
            inlateout("x0") a => result,
            in("x1") b, in("x2") c, in("x3") d, in("x4") e, in("x5") f,
            options(nostack),
        );
    }
    // The kernel's errors are -4095 to -1.
    if (-4095..0).contains(&result) {
        // SAFETY: the thread's own errno.
        unsafe { *libc::__errno_location() = -result as c_int };
        return -1;
    }
    result as c_long
}

pub(super) unsafe extern "C-unwind" fn syscall(
    number: usize,
    a: usize,
    b: usize,
    c: usize,
    d: usize,
    e: usize,
    f: usize,
) -> c_long {
    let asked = [number, a, b, c, d, e, f];
    if recorder::is_on() { seen(asked) } else { call(asked) }
}

#[cold]
#[inline(never)]
fn seen(asked: Call) -> c_long {
    if !recording() {
        return call(asked);
    }
    let [number, a, b, c, ..] = asked;
    let number = number as c_long;
    if number == libc::SYS_close {
        return closing(a, || call(asked) as c_int).into();
    }
    if number == libc::SYS_dup3 || is_dup2(number) && a as c_int != b as c_int {
        return replacing(b, || call(asked) as c_int).into();
    }
    let pointer = || std::ptr::with_exposed_provenance_mut(call(asked) as usize);
    match number {
        libc::SYS_mmap => return mapping(b, asked[4], pointer).expose_provenance() as c_long,
        libc::SYS_munmap => return unmapping(a, b, || call(asked) as c_int).into(),
        libc::SYS_wait4 => {
            return waiting(b, |status| call([asked[0], a, status, c, asked[4], 0, 0]) as c_int)
                .into();
        }
        libc::SYS_waitid => {
            return waiting_for(c, asked[4], |place| {
                call([asked[0], a, b, place, asked[4], asked[5], 0]) as c_int
            })
            .into();
        }
        _ => {}
    }
    let result = call(asked);
    let fd = result as c_int;
    match number {
        libc::SYS_close_range => closed_range(fd, a, b, c),
        libc::SYS_fcntl => _ = duplicated(fd, b),
        // SAFETY: the caller gives a place for two.
        libc::SYS_pipe2 => _ = unsafe { given_two(fd, a) },
        // SAFETY: as above.
        libc::SYS_socketpair => _ = unsafe { given_two(fd, asked[4]) },
        // Gives a new one only when it is asked with none.
        libc::SYS_signalfd4 if a as c_int != -1 => {}
        // With a flag it says what the kernel can do.
        libc::SYS_landlock_create_ruleset if c as u32 != 0 => {}
        libc::SYS_clone if makes_child(a as u64) => _ = started(fd),
        // SAFETY: the call succeeded, so the caller gave its arguments, of which the flags stand first.
        libc::SYS_clone3 if fd > 0 && makes_child(unsafe { first_word(a) }) => _ = started(fd),
        _ if is_fork(number) => _ = started(fd),
        _ if gives(number) => _ = given(fd),
        _ => {}
    }
    result
}

/// Whether a system call gives a descriptor.
fn gives(number: c_long) -> bool {
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

/// Whether it is one of these, which newer processors have no calls for.
macro_rules! is_old {
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

is_old! {
    is_dup2 is SYS_dup2;
    is_fork is SYS_fork;
}

/// # Safety
/// There is one at `place`.
unsafe fn first_word(place: usize) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { std::ptr::with_exposed_provenance::<u64>(place).read() }
}
