//! Bodies that leak descriptors, mappings and threads.

use std::fs::File;
use std::hint::black_box;
use std::mem::forget;
use std::net::UdpSocket;

use memcheck::tool::report::{Amount, Report, SiteKind, Sites, Status};

use crate::observed::{Case, account, each_iteration};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "file",
            iterations: 100,
            body: |workload| workload.iterate(|| forget(File::open("/dev/null").unwrap())),
            truth: descriptors::<1>,
        },
        Case {
            name: "socket",
            iterations: 100,
            body: |workload| {
                workload.iterate(|| forget(UdpSocket::bind("127.0.0.1:0").unwrap()));
            },
            truth: descriptors::<1>,
        },
        Case {
            name: "pipe",
            iterations: 100,
            body: |workload| workload.iterate(|| forget(std::io::pipe().unwrap())),
            truth: descriptors::<2>,
        },
        Case {
            name: "duplicate",
            iterations: 100,
            body: |workload| {
                let file = File::open("/dev/null").unwrap();
                workload.iterate(|| forget(file.try_clone().unwrap()));
            },
            truth: descriptors::<1>,
        },
        Case {
            name: "descriptors_closed",
            iterations: 100,
            body: |workload| {
                // Closed one iteration later, so that the first is older than the recording.
                let mut last = None;
                workload.iterate(|| {
                    let file = File::open("/dev/null").unwrap();
                    let _both = (file.try_clone().unwrap(), std::io::pipe().unwrap());
                    last = Some(black_box(file));
                    forget(black_box(Box::new(0u64)));
                })
            },
            truth: |report, sites| {
                assert_eq!(report.status(), Status::Leak);
                if is_recorded(sites, SiteKind::Descriptor) {
                    assert!(!grows(sites, SiteKind::Descriptor), "{:?}", sites.sites);
                    let account = account(sites, SiteKind::Descriptor);
                    let one = Amount { blocks: 1, bytes: 0 };
                    let older = Amount { blocks: -1, bytes: 0 };
                    assert_eq!((account.sites, account.older), (one, older));
                }
            },
        },
        Case {
            name: "raw_system_calls",
            iterations: 100,
            body: |workload| {
                workload.iterate(|| {
                    // rustix makes the system call itself.
                    let flags = rustix::event::epoll::CreateFlags::CLOEXEC;
                    forget(rustix::event::epoll::create(flags).unwrap());
                })
            },
            truth: |report, sites| {
                assert_eq!(report.status(), Status::Leak);
                assert!(!grows(sites, SiteKind::Descriptor));
                assert!(
                    sites.notes.iter().any(|of| of.contains("the growth of fds has no site")),
                    "{:?}",
                    sites.notes
                );
            },
        },
        Case {
            name: "mapping",
            iterations: 100,
            body: |workload| {
                workload.iterate(|| {
                    black_box(map(4));
                })
            },
            truth: |report, sites| {
                assert_eq!(report.status(), Status::Leak, "{report}");
                if is_recorded(sites, SiteKind::Mapping) {
                    each_iteration(report, SiteKind::Mapping, 1, 4 * page());
                }
            },
        },
        Case {
            name: "mapping_cut_and_moved",
            iterations: 100,
            body: |workload| {
                workload.iterate(|| {
                    // Two neighbours are unmapped by one call. The third loses its first page, and
                    // grows by two pages elsewhere.
                    let two = map(4);
                    // SAFETY: over the second half of what was just mapped.
                    let half = unsafe {
                        libc::mmap(
                            two.add(2 * page() as usize),
                            2 * page() as usize,
                            READ,
                            FIXED,
                            -1,
                            0,
                        )
                    };
                    let kept = map(3);
                    // SAFETY: just mapped, and not used.
                    unsafe {
                        assert_ne!(black_box(half), libc::MAP_FAILED);
                        assert_eq!(libc::munmap(two, 4 * page() as usize), 0);
                        assert_eq!(libc::munmap(kept, page() as usize), 0);
                        let kept = kept.add(page() as usize);
                        let (from, to) = (2 * page() as usize, 4 * page() as usize);
                        let moved = libc::mremap(kept, from, to, libc::MREMAP_MAYMOVE);
                        assert_ne!(black_box(moved), libc::MAP_FAILED);
                    }
                })
            },
            truth: |report, sites| {
                assert_eq!(report.status(), Status::Leak, "{report}");
                if is_recorded(sites, SiteKind::Mapping) {
                    each_iteration(report, SiteKind::Mapping, 1, 4 * page());
                }
            },
        },
        Case {
            name: "thread",
            iterations: 40,
            body: |workload| {
                workload.iterate(|| {
                    drop(black_box(std::thread::spawn(|| {
                        loop {
                            std::thread::park();
                        }
                    })));
                })
            },
            truth: |report, sites| {
                assert_eq!(report.status(), Status::Leak, "{report}");
                if is_recorded(sites, SiteKind::Thread) {
                    each_iteration(report, SiteKind::Thread, 1, 0);
                }
            },
        },
        Case {
            name: "threads_that_end",
            iterations: 40,
            body: |workload| {
                workload.iterate(|| {
                    std::thread::spawn(|| black_box(1)).join().unwrap();
                    let (send, receive) = std::sync::mpsc::channel();
                    drop(std::thread::spawn(move || send.send(rustix::thread::gettid())));
                    until_gone(receive.recv().unwrap());
                })
            },
            truth: |_, sites| {
                if is_recorded(sites, SiteKind::Thread) {
                    assert!(!grows(sites, SiteKind::Thread), "{:?}", sites.sites);
                    assert_eq!(account(sites, SiteKind::Thread).growth, Amount::default());
                }
            },
        },
    ]
}

const READ: libc::c_int = libc::PROT_READ;
const SHARED: libc::c_int = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
const FIXED: libc::c_int = SHARED | libc::MAP_FIXED;

fn page() -> i64 {
    // SAFETY: sysconf only returns a number.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) }
}

/// Shared, so that the kernel does not merge it with its neighbours.
fn map(pages: i64) -> *mut libc::c_void {
    let length = (pages * page()) as usize;
    // SAFETY: a new mapping at an address that the kernel chooses.
    let at = unsafe { libc::mmap(std::ptr::null_mut(), length, READ, SHARED, -1, 0) };
    assert_ne!(at, libc::MAP_FAILED);
    at
}

/// Waits for the end of a thread that cannot be joined: until then it may release something.
pub(crate) fn until_gone(thread: rustix::thread::Pid) {
    let task = format!("/proc/self/task/{}", thread.as_raw_nonzero());
    while std::path::Path::new(&task).exists() {
        std::thread::yield_now();
    }
}

fn descriptors<const EACH: i64>(report: &Report, sites: &Sites) {
    assert_eq!(report.status(), Status::Leak, "{report}");
    if is_recorded(sites, SiteKind::Descriptor) {
        each_iteration(report, SiteKind::Descriptor, EACH, 0);
    }
}

/// Whether a kind is recorded on this target, which needs glibc.
fn is_recorded(sites: &Sites, kind: SiteKind) -> bool {
    let is_recorded = sites.accounts.iter().any(|account| account.kind == kind);
    assert!(is_recorded || !cfg!(target_env = "gnu"), "{:?}", sites.accounts);
    is_recorded
}

fn grows(sites: &Sites, kind: SiteKind) -> bool {
    sites.sites.iter().any(|site| site.grows && site.kind == kind)
}
