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

use crate::observer::launch::Launch;
use crate::protocol::handshake::{CHECK_VARIABLE, Handshake, WORKER_VARIABLE, parent_death_signal};
use crate::protocol::message::PROTOCOL;
use crate::protocol::progress_page::ProgressPage;

/// A worker that was started, with its descriptors.
#[derive(Debug)]
pub(in crate::observer) struct SpawnedWorker {
    pub(super) child: Child,
    pub(super) pid: Pid,
    /// Readable when the worker has ended. End-of-file of the socket or the pipes would not do: the
    /// worker's children may hold those open.
    pub(super) pidfd: OwnedFd,
    pub(super) socket: OwnedFd,
    pub(super) page: ProgressPage,
    /// The file of the page.
    pub(super) page_file: OwnedFd,
    /// Value of [`WORKER_VARIABLE`] in the environment of the worker and of all processes it starts.
    pub(super) mark: String,
}

/// Why a worker could not be started.
#[derive(Debug)]
pub(in crate::observer) enum SpawnError {
    /// The program could not be started.
    Program(io::Error),
    /// A system call for the connection with the worker failed.
    Step { call: &'static str, source: io::Error },
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SpawnError::Program(source) => write!(
                f,
                "{source}. Check that the file exists and is executable, and that the limit of processes (`ulimit -u`) is not reached"
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

/// Adds the name of the system call to its error.
fn step(call: &'static str) -> impl Fn(Errno) -> SpawnError {
    move |error| SpawnError::Step { call, source: error.into() }
}

/// The lowest number for inherited descriptors. It is high, so that the tested code gets the low numbers
/// that it expects, but below the limit of descriptors.
fn high_number() -> i32 {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(1024).min(1024) as i32;
    (limit - 64).max(limit / 2)
}

/// Starts the worker. The calling thread must outlive it: the kernel signals the worker when the thread
/// that forked it ends (`PR_SET_PDEATHSIG`, prctl(2)).
pub(in crate::observer) fn spawn(launch: &Launch) -> Result<SpawnedWorker, SpawnError> {
    let (socket, theirs) =
        socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
            .map_err(step("socketpair"))?;
    let (page, page_file) = ProgressPage::create().map_err(step("memfd_create"))?;
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
                // libtest's capture of the output would grow while the test runs, and no other test may
                // run at the same time.
                .args(["--nocapture", "--test-threads=1"]);
        }
    }
    command
        .args(&launch.arguments)
        .env(WORKER_VARIABLE, &mark)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    launch.set_environment(&mut command);
    if launch.own_group {
        command.process_group(0);
    }
    let death_signal = parent_death_signal();
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
    // The closure owns our copy of the worker's end of the socket. While it is open, the socket does not
    // show that the worker has closed its end.
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
        Ok(pidfd) => Ok(SpawnedWorker { child, pid, pidfd, socket, page, page_file, mark }),
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
    fn spawn_errors_name_the_call_and_its_requirement() {
        let old = step("pidfd_open")(Errno::NOSYS).to_string();
        assert!(old.contains("`pidfd_open`") && old.contains("Linux 5.3 or newer"), "{old}");
        let many = step("socketpair")(Errno::MFILE).to_string();
        assert!(many.contains("`socketpair`") && many.contains("`ulimit -n`"), "{many}");
        let other = step("memfd_create")(Errno::NOMEM).to_string();
        assert!(other.ends_with("(os error 12)"), "{other}");
        let launch = Launch { program: "/nowhere/at/all".into(), ..Launch::default() };
        let error = spawn(&launch).unwrap_err();
        assert!(matches!(error, SpawnError::Program(_)), "{error}");
    }
}
