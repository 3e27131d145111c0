//! Whether a process can be read, and why not.

use std::io::{self, BufReader};
use std::path::PathBuf;

use procfs::FromBufRead;
use procfs::process::{StatFlags, Status};

use super::error::{ProcessError, StatusSummary};
use crate::units::Bytes;

/// Checks that the process exists and has memory of its own.
pub(super) fn check(pid: i32) -> Result<(), ProcessError> {
    let path = PathBuf::from(format!("/proc/{pid}/stat"));
    let process = procfs::process::Process::new(pid);
    let stat = match process.and_then(|process| process.stat()) {
        Ok(stat) => stat,
        Err(error) => return Err(explain(pid, path, into_io(error))),
    };
    match stat.state {
        'Z' => Err(ProcessError::Zombie { pid, name: stat.comm, parent: stat.ppid }),
        'X' | 'x' => Err(ProcessError::Gone { pid }),
        _ if stat.flags & StatFlags::PF_KTHREAD.bits() != 0 => {
            Err(ProcessError::KernelThread { pid, name: stat.comm })
        }
        _ => Ok(()),
    }
}

/// Turns the failure to read a file of a process into the reason for it.
pub(super) fn explain(pid: i32, path: PathBuf, source: io::Error) -> ProcessError {
    let gone = rustix::io::Errno::SRCH.raw_os_error();
    match source.kind() {
        io::ErrorKind::NotFound if !PathBuf::from(format!("/proc/{pid}")).exists() => {
            match PathBuf::from("/proc/self").exists() {
                true => ProcessError::Gone { pid },
                false => ProcessError::Unreadable { path: "/proc/self".into(), source },
            }
        }
        _ if source.raw_os_error() == Some(gone) => ProcessError::Gone { pid },
        io::ErrorKind::PermissionDenied => {
            let status = read_status(pid).map(|status| summary(&status)).unwrap_or_default();
            ProcessError::NotPermitted { pid, path, status: Box::new(status) }
        }
        _ => ProcessError::Unreadable { path, source },
    }
}

/// Reads `status` in full. The `procfs` crate requires UTF-8, but the name of a process need not be
/// UTF-8, so other bytes are replaced first.
pub(super) fn read_status(pid: i32) -> io::Result<Status> {
    let text = std::fs::read(format!("/proc/{pid}/status"))?;
    let text = String::from_utf8_lossy(&text);
    Status::from_buf_read(BufReader::new(text.as_bytes())).map_err(into_io)
}

/// The error of the operating system behind an error of the `procfs` crate.
pub(super) fn into_io(error: procfs::ProcError) -> io::Error {
    match error {
        procfs::ProcError::Io(error, _) => error,
        procfs::ProcError::NotFound(_) => io::ErrorKind::NotFound.into(),
        procfs::ProcError::PermissionDenied(_) => io::ErrorKind::PermissionDenied.into(),
        other => io::Error::other(other),
    }
}

fn summary(status: &Status) -> StatusSummary {
    let size = |kb: Option<u64>| kb.map(|kb| Bytes(kb.saturating_mul(1024)));
    StatusSummary {
        name: status.name.clone(),
        uid: Some(status.ruid),
        virtual_size: size(status.vmsize),
        resident: size(status.vmrss),
        anonymous: size(status.rssanon),
        peak: size(status.vmhwm),
        swap: size(status.vmswap),
        page_tables: size(status.vmpte),
        threads: Some(status.threads),
    }
}
