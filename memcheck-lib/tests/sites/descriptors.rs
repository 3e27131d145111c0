//! Bodies that open and close descriptors by every function of glibc that does so.

use std::ffi::{CStr, c_int, c_long};
use std::hint::black_box;
use std::ptr::null_mut;

use memcheck::Workload;
use memcheck::tool::report::{Amount, Report, SiteKind, Sites};

use crate::observed::{Case, account};

/// A body that opens descriptors on `SITES` lines, and leaves them open.
macro_rules! leaking {
    ($name:ident, $sites:literal, $($open:expr;)*) => {{
        fn body(workload: Workload) {
            // SAFETY: each call is as its manual page requires.
            workload.iterate(|| { $( opened(unsafe { $open }); )* });
        }
        Case { name: stringify!($name), iterations: 40, body, truth: left_open::<$sites> }
    }};
}

/// A body that leaves nothing open.
macro_rules! clean {
    ($name:ident, $act:expr) => {{
        fn body(workload: Workload) {
            // SAFETY: as the manual pages require; no descriptor is used after it is closed.
            workload.iterate(|| unsafe { $act });
        }
        Case { name: stringify!($name), iterations: 40, body, truth: all_closed }
    }};
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        leaking! { opened_by_streams, 6,
            libc::fileno(stream(libc::fopen(NULL.as_ptr(), READ.as_ptr())));
            libc::fileno(stream(libc::fopen64(NULL.as_ptr(), READ.as_ptr())));
            libc::fileno(stream(libc::tmpfile()));
            libc::fileno(stream(libc::setmntent(NULL.as_ptr(), READ.as_ptr())));
            libc::dirfd(folder(libc::opendir(ROOT.as_ptr())));
            {
                let closed = stream(libc::fopen(ROOT.as_ptr(), READ.as_ptr()));
                libc::fileno(stream(libc::freopen(NULL.as_ptr(), READ.as_ptr(), closed)))
            };
        },
        leaking! { opened_for_a_while, 5,
            temporary(|name| libc::mkstemp(name));
            temporary(|name| libc::mkostemp(name, libc::O_CLOEXEC));
            temporary(|name| libc::mkstemps(name, 0));
            temporary(|name| libc::mkostemps(name, 0, libc::O_CLOEXEC));
            shared_memory();
        },
        leaking! { opened_for_events, 7,
            libc::eventfd(0, 0);
            libc::epoll_create(1);
            libc::epoll_create1(0);
            libc::timerfd_create(libc::CLOCK_MONOTONIC, 0);
            libc::signalfd(-1, &no_signals(), 0);
            libc::memfd_create(c"a".as_ptr(), 0);
            pidfd_open(libc::getpid(), 0);
        },
        leaking! { opened_as_terminals, 3,
            libc::posix_openpt(libc::O_RDWR | libc::O_NOCTTY);
            libc::getpt();
            {
                let (mut main, mut other) = (-1, -1);
                assert_eq!(
                    libc::openpty(&mut main, &mut other, null_mut(), null_mut(), null_mut()), 0
                );
                libc::close(other);
                main
            };
        },
        leaking! { opened_by_copies, 5,
            libc::dup(0);
            libc::fcntl(0, libc::F_DUPFD, 3);
            libc::fcntl(0, libc::F_DUPFD_CLOEXEC, 3);
            // Over an open descriptor, which is closed.
            libc::dup3(0, libc::dup(0), libc::O_CLOEXEC);
            received(|[fd, ..]| libc::close(fd));
        },
        leaking! { opened_by_number, 5,
            by_number(libc::SYS_epoll_create1, [0; 3]);
            by_number(libc::SYS_memfd_create, [c"a".as_ptr() as usize, 0, 0]);
            by_number(
                libc::SYS_openat,
                [libc::AT_FDCWD as usize, NULL.as_ptr() as usize, libc::O_RDONLY as usize],
            );
            by_number(libc::SYS_dup, [0; 3]);
            by_number(libc::SYS_fcntl, [0, libc::F_DUPFD as usize, 3]);
        },
        leaking! { opened_by_fortified_code, 2,
            __open_2(NULL.as_ptr(), libc::O_RDONLY);
            __openat_2(libc::AT_FDCWD, NULL.as_ptr(), libc::O_RDONLY);
        },
        clean!(streams_closed, {
            libc::fclose(stream(libc::fopen(NULL.as_ptr(), READ.as_ptr())));
            libc::fclose(stream(libc::fdopen(open(NULL), READ.as_ptr())));
            libc::fclose(stream(libc::tmpfile()));
            libc::pclose(stream(libc::popen(c"true".as_ptr(), READ.as_ptr())));
            libc::endmntent(stream(libc::setmntent(NULL.as_ptr(), READ.as_ptr())));
            let first = stream(libc::fopen(NULL.as_ptr(), READ.as_ptr()));
            libc::fclose(stream(libc::freopen(ROOT.as_ptr(), READ.as_ptr(), first)));
            let first = stream(libc::fopen(NULL.as_ptr(), READ.as_ptr()));
            assert!(libc::freopen(c"/no/such/file".as_ptr(), READ.as_ptr(), first).is_null());
        }),
        clean!(folders_closed, {
            libc::closedir(folder(libc::opendir(ROOT.as_ptr())));
            libc::closedir(folder(libc::fdopendir(open(ROOT))));
            black_box(std::fs::read_dir("/").unwrap().count());
        }),
        clean!(ranges_closed, {
            // Limited per user.
            libc::close(libc::inotify_init1(0));
            let first = libc::dup(0);
            let second = libc::dup(0);
            assert_eq!(libc::close_range(second as u32, second as u32, 0), 0);
            assert_eq!(libc::syscall(libc::SYS_close_range, first, first, 0), 0);
            // Closed on exec only.
            let third = libc::dup(0);
            let on_exec = libc::CLOSE_RANGE_CLOEXEC as c_int;
            assert_eq!(libc::close_range(third as u32, third as u32, on_exec), 0);
            libc::syscall(libc::SYS_close, third);
        }),
        clean!(messages_closed, {
            let last = received(|_| 0);
            libc::close(last);
        }),
        Case {
            name: "older_ones_closed",
            iterations: 40,
            // Each iteration closes one of those that were open before: older than the recording.
            body: |workload| {
                // SAFETY: a descriptor is duplicated.
                let mut open: Vec<c_int> = (0..300).map(|_| unsafe { libc::dup(0) }).collect();
                workload.iterate(|| {
                    // SAFETY: no other code uses it.
                    open.pop().map(|fd| unsafe { libc::close(fd) });
                })
            },
            truth: |_, sites| {
                let account = account(sites, SiteKind::Descriptor);
                assert_eq!(account.older.blocks, -(sites.iterations as i64), "{account:?}");
            },
        },
    ]
}

const NULL: &CStr = c"/dev/null";
const ROOT: &CStr = c"/";
const READ: &CStr = c"r";

unsafe extern "C" {
    fn pidfd_open(pid: libc::pid_t, flags: u32) -> c_int;
    fn __open_2(path: *const libc::c_char, flags: c_int) -> c_int;
    fn __openat_2(folder: c_int, path: *const libc::c_char, flags: c_int) -> c_int;
}

fn left_open<const SITES: usize>(_: &Report, sites: &Sites) {
    let of_kind = sites.sites.iter().filter(|of| of.kind == SiteKind::Descriptor);
    let survived: Vec<Amount> = of_kind.map(|site| site.survived).collect();
    let each = Amount { blocks: sites.iterations as i64, bytes: 0 };
    assert_eq!(survived, [each; SITES]);
    let account = account(sites, SiteKind::Descriptor);
    assert_eq!(account.older, Amount::default());
}

fn all_closed(_: &Report, sites: &Sites) {
    assert_eq!(sites.sites.iter().find(|of| of.kind == SiteKind::Descriptor), None);
    assert_eq!(account(sites, SiteKind::Descriptor).growth, Amount::default());
}

#[track_caller]
fn opened(fd: c_int) {
    assert!(black_box(fd) >= 0, "{}", std::io::Error::last_os_error());
}

fn open(path: &CStr) -> c_int {
    // SAFETY: a path that ends.
    unsafe { libc::open(path.as_ptr(), libc::O_RDONLY) }
}

fn stream(stream: *mut libc::FILE) -> *mut libc::FILE {
    assert!(!stream.is_null(), "{}", std::io::Error::last_os_error());
    stream
}

fn folder(folder: *mut libc::DIR) -> *mut libc::DIR {
    assert!(!folder.is_null(), "{}", std::io::Error::last_os_error());
    folder
}

/// # Safety
/// As the system call requires.
unsafe fn by_number(number: c_long, [a, b, c]: [usize; 3]) -> c_int {
    // SAFETY: the caller guarantees it.
    unsafe { libc::syscall(number, a, b, c) as c_int }
}

fn temporary(make: fn(*mut libc::c_char) -> c_int) -> c_int {
    let mut name = *b"/tmp/memcheck-XXXXXX\0";
    let fd = make(name.as_mut_ptr().cast());
    // SAFETY: the name of the file that was just made.
    unsafe { libc::unlink(name.as_ptr().cast()) };
    fd
}

/// # Safety
/// None is needed; it is unsafe like the other functions here.
unsafe fn shared_memory() -> c_int {
    let name = std::ffi::CString::new(format!("/memcheck-{}", std::process::id())).unwrap();
    // SAFETY: a name that ends.
    unsafe {
        let fd = libc::shm_open(name.as_ptr(), libc::O_CREAT | libc::O_RDWR, 0o600 as libc::mode_t);
        libc::shm_unlink(name.as_ptr());
        fd
    }
}

fn no_signals() -> libc::sigset_t {
    // SAFETY: a set of signals is bits, and is made empty.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        set
    }
}

/// Sends two descriptors to itself; `act` is given the received ones, of which the first one is
/// closed and the second one given back.
fn received(act: fn([c_int; 2]) -> c_int) -> c_int {
    let mut pair = [-1; 2];
    let mut buffer = [0u64; 8];
    let mut byte = 0u8;
    let mut bytes = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
    // SAFETY: messages as unix(7) describes; received descriptors are read where the kernel wrote them.
    unsafe {
        assert_eq!(libc::socketpair(libc::AF_UNIX, libc::SOCK_STREAM, 0, pair.as_mut_ptr()), 0);
        let mut message: libc::msghdr = std::mem::zeroed();
        message.msg_iov = &mut bytes;
        message.msg_iovlen = 1;
        message.msg_control = buffer.as_mut_ptr().cast();
        message.msg_controllen = libc::CMSG_SPACE(8) as usize;
        let header = libc::CMSG_FIRSTHDR(&message);
        (*header).cmsg_level = libc::SOL_SOCKET;
        (*header).cmsg_type = libc::SCM_RIGHTS;
        (*header).cmsg_len = libc::CMSG_LEN(8) as usize;
        libc::CMSG_DATA(header).cast::<[c_int; 2]>().write_unaligned([0, 0]);
        assert_eq!(libc::sendmsg(pair[0], &message, 0), 1);
        assert_eq!(libc::recvmsg(pair[1], &mut message, 0), 1);
        let header = libc::CMSG_FIRSTHDR(&message);
        let fds = libc::CMSG_DATA(header).cast::<[c_int; 2]>().read_unaligned();
        libc::close(pair[0]);
        libc::close(pair[1]);
        if act(fds) == 0 && libc::fcntl(fds[0], libc::F_GETFD) >= 0 {
            libc::close(fds[0]);
        }
        fds[1]
    }
}
