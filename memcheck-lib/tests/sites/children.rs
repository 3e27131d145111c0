//! Bodies that start child processes, and wait for them in every way.

use std::hint::black_box;
use std::mem::forget;
use std::process::{Child, Command};
use std::ptr::{null, null_mut};

use memcheck::Metric;
use memcheck::tool::report::{Amount, SiteKind, Status};

use crate::observed::{Case, account, each_iteration};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "child_never_waited_for",
            iterations: 40,
            body: |workload| workload.iterate(|| drop(black_box(start()))),
            truth: |report, sites| {
                assert_eq!(report.status(), Status::Leak, "{report}");
                each_iteration(report, SiteKind::Child, 1, 0);
                assert_eq!(sites.growing(Metric::Children).count(), 1, "{:?}", sites.sites);
                assert!(sites.notes.is_empty(), "{:?}", sites.notes);
            },
        },
        // A raw system call runs no handler of `pthread_atfork`.
        Case {
            name: "children_of_a_system_call_record_nothing",
            iterations: 40,
            body: |workload| {
                workload.iterate(|| {
                    // SAFETY: `clone` without flags but the signal is a fork; the child allocates
                    // in a process that has one thread, and ends.
                    unsafe {
                        let child = libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0);
                        if child == 0 {
                            std::mem::forget(black_box(vec![1u8; 24]));
                            libc::_exit(0);
                        }
                        assert!(libc::waitpid(child as libc::pid_t, null_mut(), 0) > 0);
                    }
                })
            },
            truth: |report, sites| {
                assert_eq!(report.status(), Status::Pass, "{report}");
                assert_eq!(sites.sites.iter().find(|of| of.survived.blocks != 0), None);
                account(sites, SiteKind::RustHeap);
            },
        },
        Case {
            name: "fork_never_waited_for",
            iterations: 40,
            body: |workload| workload.iterate(|| _ = black_box(fork())),
            truth: |report, _| {
                assert_eq!(report.status(), Status::Leak, "{report}");
                each_iteration(report, SiteKind::Child, 1, 0);
            },
        },
        Case {
            name: "children_waited_for_by_every_way",
            iterations: 20,
            body: |workload| {
                workload.iterate(|| {
                    assert!(start().wait().unwrap().success());
                    let mut polled = start();
                    while polled.try_wait().unwrap().is_none() {
                        std::thread::yield_now();
                    }
                    assert!(start().wait_with_output().unwrap().status.success());
                    // SAFETY: each waits for the one child that there is, and asks for no more.
                    unsafe {
                        assert!(libc::waitpid(fork(), null_mut(), 0) > 0);
                        _ = fork();
                        assert!(libc::wait(null_mut()) > 0);
                        _ = fork();
                        assert!(libc::wait4(-1, null_mut(), 0, null_mut()) > 0);
                        let pid = fork();
                        let of = libc::P_PID;
                        let looks = libc::WEXITED | libc::WNOWAIT;
                        let mut found = std::mem::zeroed();
                        assert_eq!(libc::waitid(of, pid as u32, &mut found, looks), 0);
                        assert_eq!(libc::waitid(of, pid as u32, null_mut(), libc::WEXITED), 0);
                        let pid = fork();
                        let none = null::<u8>();
                        assert!(libc::syscall(libc::SYS_wait4, pid, none, 0, none) > 0);
                    }
                })
            },
            truth: |_, sites| {
                assert_eq!(sites.sites.iter().find(|of| of.kind == SiteKind::Child), None);
                assert_eq!(account(sites, SiteKind::Child).growth, Amount::default());
            },
        },
        Case {
            name: "older_children_end",
            iterations: 20,
            body: |workload| {
                let mut older: Vec<Child> = (0..300).map(|_| start()).collect();
                workload.iterate(|| {
                    if let Some(mut child) = older.pop() {
                        child.wait().unwrap();
                    }
                })
            },
            truth: |_, sites| {
                let account = account(sites, SiteKind::Child);
                assert_eq!(account.older.blocks, -(sites.iterations as i64), "{account:?}");
                assert_eq!(account.sites, Amount::default());
            },
        },
        Case {
            name: "programs_that_are_not_there",
            iterations: 40,
            body: |workload| {
                workload.iterate(|| {
                    assert!(Command::new("/no/such/program").spawn().is_err());
                    forget(black_box(Box::new(0u64)));
                })
            },
            truth: |report, sites| {
                assert_eq!(report.status(), Status::Leak, "{report}");
                assert_eq!(sites.sites.iter().find(|of| of.kind == SiteKind::Child), None);
                assert_eq!(account(sites, SiteKind::Child).growth, Amount::default());
            },
        },
    ]
}

fn start() -> Child {
    Command::new("true").spawn().unwrap()
}

/// A child that ends at once.
fn fork() -> libc::pid_t {
    // SAFETY: the child does nothing but end.
    match unsafe { libc::fork() } {
        // SAFETY: as above.
        0 => unsafe { libc::_exit(0) },
        pid => {
            assert!(pid > 0);
            pid
        }
    }
}
