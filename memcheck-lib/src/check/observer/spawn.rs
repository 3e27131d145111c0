//! Starting a worker.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::OFlags;
use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use rustix::process::{
    Pid, PidfdFlags, Resource, getpid, getppid, getrlimit, pidfd_open,
    set_parent_process_death_signal,
};

use crate::check::death;
use crate::check::link::Invitation;
use crate::check::message::{CHECK_VARIABLE, PROTOCOL, VARIABLE};
use crate::check::page::Page;
use crate::tool::Launch;

/// A worker that was started, and everything through which it is seen.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) child: Child,
    pub(super) pid: Pid,
    /// Readable when the worker has ended. Not end-of-file of the socket or the pipes: the
    /// worker's own children may hold those.
    pub(super) pidfd: OwnedFd,
    pub(super) socket: OwnedFd,
    pub(super) page: Page,
    /// The file behind the page.
    #[cfg(memcheck_sites)]
    pub(super) page_file: OwnedFd,
    /// Value of [`VARIABLE`] in the environment of the worker and of all it starts.
    pub(super) mark: String,
}

/// Where the numbers of inherited descriptors begin, so that they do not stand where the tested
/// code expects its own: high, but below the limit of descriptors.
fn high_number() -> i32 {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(1024).min(1024) as i32;
    (limit - 64).max(limit / 2)
}

/// Starts the worker. The calling thread must outlive it: the kernel takes the end of the thread
/// that forked for the end of the parent (`PR_SET_PDEATHSIG`, prctl(2)).
pub(super) fn spawn(launch: &Launch) -> io::Result<Worker> {
    let (socket, theirs) =
        socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
    let (page, page_file) = Page::create()?;
    let theirs = fcntl_dupfd_cloexec(&theirs, high_number())?;
    let inherited_page = fcntl_dupfd_cloexec(&page_file, high_number())?;

    static SERIAL: AtomicU64 = AtomicU64::new(1);
    let observer = getpid();
    let invitation = Invitation {
        protocol: PROTOCOL,
        socket: theirs.as_raw_fd(),
        page: inherited_page.as_raw_fd(),
        observer: observer.as_raw_nonzero().get(),
        serial: SERIAL.fetch_add(1, Ordering::Relaxed),
    };
    let mark = invitation.value();

    let mut command = Command::new(&launch.program);
    match &launch.check {
        Some(check) => {
            command.env(CHECK_VARIABLE, check);
        }
        None => {
            command
                .args([launch.test.as_str(), "--exact", "--include-ignored"])
                // libtest's output capture grows while the test runs; one test at a time, so that
                // nothing else runs beside it.
                .args(["--nocapture", "--test-threads=1"]);
        }
    }
    command
        .args(&launch.arguments)
        .env(VARIABLE, &mark)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    launch.surround(&mut command);
    if launch.own_group {
        command.process_group(0);
    }
    let death_signal = death::signal();
    let in_child = move || {
        set_parent_process_death_signal(Some(death_signal))?;
        if getppid() != Some(observer) {
            // The observer ended between fork and the line above.
            return Err(rustix::io::Errno::SRCH.into());
        }
        fcntl_setfd(&theirs, FdFlags::empty())?;
        fcntl_setfd(&inherited_page, FdFlags::empty())?;
        Ok(())
    };
    // SAFETY: between fork and exec only raw system calls are made, on values made before the
    // fork; nothing is allocated and no lock is taken.
    unsafe { command.pre_exec(in_child) };
    let mut child = command.spawn()?;
    // The closure owns our copies of the worker's end of the socket: while one is open here, the
    // socket does not show that the worker has closed its own.
    drop(command);

    let pid = Pid::from_child(&child);
    let ready = (|| {
        for pipe in [
            child.stdout.as_ref().map(std::os::fd::AsFd::as_fd),
            child.stderr.as_ref().map(std::os::fd::AsFd::as_fd),
        ]
        .into_iter()
        .flatten()
        {
            let flags = rustix::fs::fcntl_getfl(pipe)?;
            rustix::fs::fcntl_setfl(pipe, flags | OFlags::NONBLOCK)?;
        }
        pidfd_open(pid, PidfdFlags::empty())
    })();
    match ready {
        Ok(pidfd) => Ok(Worker {
            child,
            pid,
            pidfd,
            socket,
            page,
            #[cfg(memcheck_sites)]
            page_file,
            mark,
        }),
        Err(error) => {
            let _ = child.kill();
            let _ = child.wait();
            Err(error.into())
        }
    }
}
