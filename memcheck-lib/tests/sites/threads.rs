//! Bodies that start threads, and threads that end in every way.

use std::ffi::c_void;
use std::hint::black_box;
use std::mem::{MaybeUninit, forget};
use std::ptr::{null, null_mut};
use std::sync::mpsc;
use std::thread::{Builder, JoinHandle, spawn};

use memcheck::tool::report::{Amount, SiteKind, Status};
use memcheck::{Metric, Workload};

use crate::not_heap::until_gone;
use crate::observed::{Case, account, each_iteration};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "threads_that_end_by_every_way",
            iterations: 40,
            body: |workload| {
                workload.iterate(|| {
                    spawn(|| black_box(1)).join().unwrap();
                    join(start(returns, null()));
                    join(start(exits, null()));
                    let cancelled = start(waits, null());
                    // SAFETY: it was started, and not joined yet.
                    unsafe { pthread_cancel(cancelled) };
                    join(cancelled);
                })
            },
            truth: |_, sites| {
                assert_eq!(sites.sites.iter().find(|of| of.kind == SiteKind::Thread), None);
                assert_eq!(account(sites, SiteKind::Thread).growth, Amount::default());
            },
        },
        Case {
            name: "threads_that_cannot_begin",
            iterations: 40,
            body: |workload| {
                workload.iterate(|| {
                    let too_large = Builder::new().stack_size(1 << 60);
                    assert!(too_large.spawn(|| ()).is_err());
                })
            },
            truth: |_, sites| {
                assert_eq!(sites.sites.iter().find(|of| of.kind == SiteKind::Thread), None);
                assert_eq!(account(sites, SiteKind::Thread).growth, Amount::default());
            },
        },
        Case {
            name: "older_threads_end",
            iterations: 40,
            body: |workload| {
                let begin = |_| {
                    let (send, receive) = mpsc::channel::<()>();
                    (send, spawn(move || receive.recv().is_err()))
                };
                let mut older: Vec<(mpsc::Sender<()>, JoinHandle<bool>)> =
                    (0..300).map(begin).collect();
                workload.iterate(|| {
                    if let Some((send, thread)) = older.pop() {
                        drop(send);
                        assert!(thread.join().unwrap());
                    }
                })
            },
            truth: |_, sites| {
                let account = account(sites, SiteKind::Thread);
                assert_eq!(account.older.blocks, -(sites.iterations as i64), "{account:?}");
                assert_eq!(account.sites, Amount::default());
            },
        },
        Case {
            name: "detached",
            iterations: 40,
            body: |workload| {
                workload.iterate(|| {
                    let thread = start(waits, null());
                    // SAFETY: it was started, and not joined.
                    assert_eq!(unsafe { libc::pthread_detach(thread) }, 0);
                })
            },
            truth: |report, sites| {
                assert_eq!(report.status(), Status::Leak, "{report}");
                each_iteration(report, SiteKind::Thread, 1, 0);
                assert!(sites.grew_again);
            },
        },
        // In every build the unwind rule of each frame is looked up here for the first time.
        Case {
            name: "allocating_on_the_smallest_stack",
            iterations: 40,
            body: |workload| {
                workload.iterate(|| {
                    let thread = Builder::new().stack_size(libc::PTHREAD_STACK_MIN);
                    thread.spawn(|| forget(black_box(vec![1u8; 24]))).unwrap().join().unwrap();
                })
            },
            truth: |report, _| {
                assert_eq!(report.status(), Status::Leak, "{report}");
                crate::observed::each_iteration(report, SiteKind::RustHeap, 1, 24);
            },
        },
        Case {
            name: "allocating_in_a_coroutine",
            iterations: 40,
            body: |workload| workload.iterate(|| coroutine::run(16 << 10, allocates)),
            truth: |report, _| {
                assert_eq!(report.status(), Status::Leak, "{report}");
                crate::observed::each_iteration(report, SiteKind::RustHeap, 1, 24);
            },
        },
        // A thread that ended and is not joined keeps its stack, and glibc its table of
        // thread-locals, which is a block of the C heap.
        Case {
            name: "never_joined",
            iterations: 60,
            body: never_joined,
            truth: |report, sites| {
                assert_eq!(report.status(), Status::Leak, "{report}");
                assert!(report.metric(Metric::Mappings).is_some_and(|of| of.growth >= 60));
                if let Some(native) = sites.accounts.iter().find(|of| of.kind == SiteKind::CHeap) {
                    assert_eq!(native.sites.blocks, sites.iterations as i64, "{native:?}");
                }
            },
        },
        Case {
            name: "handle_forgotten",
            iterations: 60,
            body: |workload| {
                workload.iterate(|| {
                    let (send, receive) = mpsc::channel();
                    forget(spawn(move || send.send(rustix::thread::gettid()).unwrap()));
                    until_gone(receive.recv().unwrap());
                })
            },
            truth: |report, sites| {
                assert_eq!(report.status(), Status::Leak, "{report}");
                assert!(report.metric(Metric::Mappings).is_some_and(|of| of.growth >= 60));
                assert!(sites.growing(Metric::HeapBytes).next().is_some());
                assert!(sites.growing(Metric::Threads).next().is_none());
            },
        },
    ]
}

fn never_joined(workload: Workload) {
    workload.iterate(|| {
        let (send, receive) = mpsc::channel();
        start(says, Box::into_raw(Box::new(send)).cast());
        until_gone(receive.recv().unwrap());
    });
}

extern "C" fn allocates() {
    forget(black_box(vec![1u8; 24]));
}

/// Functions that run on another stack, in the thread that calls them.
mod coroutine {
    use std::mem::MaybeUninit;
    use std::ptr::null_mut;

    pub(super) fn run(bytes: usize, body: extern "C" fn()) {
        const GUARD: usize = 4096;
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: a new mapping, of which the first page and the last are made inaccessible; the
        // function runs on the rest and comes back here before it is unmapped.
        unsafe {
            let length = bytes + 2 * GUARD;
            let memory = libc::mmap(null_mut(), length, access, flags, -1, 0);
            assert_ne!(memory, libc::MAP_FAILED);
            libc::mprotect(memory, GUARD, libc::PROT_NONE);
            libc::mprotect(memory.add(GUARD + bytes), GUARD, libc::PROT_NONE);
            let (mut here, mut there) = (MaybeUninit::uninit(), MaybeUninit::uninit());
            assert_eq!(libc::getcontext(there.as_mut_ptr()), 0);
            let context: &mut libc::ucontext_t = there.assume_init_mut();
            context.uc_stack.ss_sp = memory.add(GUARD);
            context.uc_stack.ss_size = bytes;
            context.uc_link = here.as_mut_ptr();
            libc::makecontext(context, body, 0);
            assert_eq!(libc::swapcontext(here.as_mut_ptr(), context), 0);
            libc::munmap(memory, length);
        }
    }
}

type Start = extern "C" fn(*mut c_void) -> *mut c_void;

unsafe extern "C" {
    fn pthread_cancel(thread: libc::pthread_t) -> libc::c_int;
    fn pthread_exit(result: *mut c_void) -> !;
}

fn start(body: Start, argument: *const c_void) -> libc::pthread_t {
    let mut thread = MaybeUninit::uninit();
    // SAFETY: a valid pointer for the thread, and a function that takes the argument.
    let result =
        unsafe { libc::pthread_create(thread.as_mut_ptr(), null(), body, argument.cast_mut()) };
    assert_eq!(result, 0);
    // SAFETY: it was created.
    unsafe { thread.assume_init() }
}

fn join(thread: libc::pthread_t) {
    // SAFETY: it was created and is joined once.
    assert_eq!(unsafe { libc::pthread_join(thread, null_mut()) }, 0);
}

extern "C" fn returns(argument: *mut c_void) -> *mut c_void {
    black_box(argument)
}

extern "C" fn exits(argument: *mut c_void) -> *mut c_void {
    // SAFETY: no value on the stack of this thread needs to be dropped.
    unsafe { pthread_exit(argument) }
}

extern "C" fn waits(_: *mut c_void) -> *mut c_void {
    loop {
        // SAFETY: waits for a signal, and can be cancelled there.
        unsafe { libc::pause() };
    }
}

extern "C" fn says(argument: *mut c_void) -> *mut c_void {
    // SAFETY: the sender that `never_joined` gave away.
    let send = unsafe { Box::from_raw(argument.cast::<mpsc::Sender<rustix::thread::Pid>>()) };
    send.send(rustix::thread::gettid()).unwrap();
    null_mut()
}
