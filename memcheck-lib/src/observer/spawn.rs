//! Starting a worker.

use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::OFlags;
use rustix::io::{Errno, FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use rustix::process::{
    Pid, PidfdFlags, Resource, getpid, getppid, getrlimit, pidfd_open,
    set_parent_process_death_signal,
};

use crate::observer::Launch;
use crate::protocol::handshake::Handshake;
use crate::protocol::message::{CHECK_VARIABLE, PROTOCOL, VARIABLE};
use crate::protocol::progress_page::Page;
use crate::worker::parent_death;

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

/// Why a worker could not be started.
#[derive(Debug)]
pub(super) enum SpawnError {
    /// The program itself.
    Program(io::Error),
    /// What the observer needs of the kernel to talk with the worker.
    Step { call: &'static str, source: io::Error },
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SpawnError::Program(source) => write!(
                f,
                "{source}. Is the file there, executable, and the limit of processes not reached?"
            ),
            SpawnError::Step { call, source } => {
                write!(f, "the system call `{call}` failed: {source}")?;
                match Errno::from_io_error(source) {
                    Some(Errno::MFILE | Errno::NFILE) => {
                        f.write_str(". Raise the limit of open files (`ulimit -n`)")
                    }
                    Some(Errno::NOSYS | Errno::PERM | Errno::ACCESS) => f.write_str(
                        ". memcheck needs Linux 5.3 or newer, and a sandbox (seccomp) that allows this call",
                    ),
                    _ => Ok(()),
                }
            }
        }
    }
}

/// Names the system call that fails.
fn step(call: &'static str) -> impl Fn(Errno) -> SpawnError {
    move |error| SpawnError::Step { call, source: error.into() }
}

/// Where the numbers of inherited descriptors begin, so that they do not stand where the tested
/// code expects its own: high, but below the limit of descriptors.
fn high_number() -> i32 {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(1024).min(1024) as i32;
    (limit - 64).max(limit / 2)
}

/// Starts the worker. The calling thread must outlive it: the kernel takes the end of the thread
/// that forked for the end of the parent (`PR_SET_PDEATHSIG`, prctl(2)).
pub(super) fn spawn(launch: &Launch) -> Result<Worker, SpawnError> {
    let (socket, theirs) =
        socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
            .map_err(step("socketpair"))?;
    let (page, page_file) = Page::create().map_err(step("memfd_create"))?;
    let theirs = fcntl_dupfd_cloexec(&theirs, high_number()).map_err(step("fcntl"))?;
    let inherited_page = fcntl_dupfd_cloexec(&page_file, high_number()).map_err(step("fcntl"))?;

    static SERIAL: AtomicU64 = AtomicU64::new(1);
    let observer = getpid();
    let handshake = Handshake {
        protocol: PROTOCOL,
        socket: theirs.as_raw_fd(),
        page: inherited_page.as_raw_fd(),
        observer: observer.as_raw_nonzero().get(),
        serial: SERIAL.fetch_add(1, Ordering::Relaxed),
    };
    let mark = handshake.value();

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
    let death_signal = parent_death::signal();
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
    let mut child = command.spawn().map_err(SpawnError::Program)?;
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
            let flags = rustix::fs::fcntl_getfl(pipe).map_err(step("fcntl"))?;
            rustix::fs::fcntl_setfl(pipe, flags | OFlags::NONBLOCK).map_err(step("fcntl"))?;
        }
        pidfd_open(pid, PidfdFlags::empty()).map_err(step("pidfd_open"))
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
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_is_named_with_what_it_needs() {
        let old = step("pidfd_open")(Errno::NOSYS).to_string();
        assert!(old.contains("`pidfd_open`") && old.contains("Linux 5.3 or newer"), "{old}");
        let many = step("socketpair")(Errno::MFILE).to_string();
        assert!(many.contains("`socketpair`") && many.contains("`ulimit -n`"), "{many}");
        let else_wrong = step("memfd_create")(Errno::NOMEM).to_string();
        assert!(else_wrong.ends_with("(os error 12)"), "{else_wrong}");
        let launch = Launch { program: "/nowhere/at/all".into(), ..Launch::default() };
        let error = spawn(&launch).unwrap_err();
        assert!(matches!(error, SpawnError::Program(_)), "{error}");
    }
}
