//! Open file descriptors: the kind and the target of each.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::units::Bytes;

/// What a file descriptor refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DescriptorKind {
    /// A regular file, or a path of unknown type.
    File,
    /// A directory.
    Directory,
    /// A character or block device.
    Device,
    /// A socket of any family.
    Socket,
    /// A pipe, with or without a name.
    Pipe,
    /// `eventfd`.
    Eventfd,
    /// `epoll`.
    Epoll,
    /// `timerfd`.
    Timerfd,
    /// `signalfd`.
    Signalfd,
    /// `inotify` or `fanotify`.
    Inotify,
    /// A process, `pidfd`.
    Pidfd,
    /// `io_uring`.
    IoUring,
    /// `memfd_create`: memory as a file.
    Memfd,
    /// Something else; see the target.
    Other,
}

impl DescriptorKind {
    /// Its name in tables.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            DescriptorKind::File => "file",
            DescriptorKind::Directory => "directory",
            DescriptorKind::Device => "device",
            DescriptorKind::Socket => "socket",
            DescriptorKind::Pipe => "pipe",
            DescriptorKind::Eventfd => "eventfd",
            DescriptorKind::Epoll => "epoll",
            DescriptorKind::Timerfd => "timerfd",
            DescriptorKind::Signalfd => "signalfd",
            DescriptorKind::Inotify => "inotify",
            DescriptorKind::Pidfd => "pidfd",
            DescriptorKind::IoUring => "io_uring",
            DescriptorKind::Memfd => "memfd",
            DescriptorKind::Other => "other",
        }
    }
}

impl fmt::Display for DescriptorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One open file descriptor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Descriptor {
    /// Its number in the process.
    pub number: i32,
    /// What it refers to.
    pub kind: DescriptorKind,
    /// Path, or the kernel's name for the target: `/tmp/log`, `socket:[1234]`,
    /// `anon_inode:[eventpoll]`.
    pub target: String,
    /// The memory of an unlinked file on a file system in memory (`st_blocks`), mapped or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Bytes>,
}

impl Descriptor {
    /// The target if it is the same in every run: a path. The numbers of sockets and pipes are not.
    pub(in crate::process) fn stable_target(&self) -> Option<&str> {
        match self.kind {
            DescriptorKind::File
            | DescriptorKind::Directory
            | DescriptorKind::Device
            | DescriptorKind::Memfd
            | DescriptorKind::Other => Some(&self.target),
            _ => None,
        }
    }
}

/// The kind, from the text of the link in `/proc/PID/fd` and the type of the file.
#[cfg(target_os = "linux")]
pub(in crate::process) fn kind_of(
    link: &str,
    file_type: Option<rustix::fs::FileType>,
) -> DescriptorKind {
    use procfs::process::FDTarget;
    use rustix::fs::FileType;

    // Most names have brackets, like `anon_inode:[eventpoll]`; `anon_inode:inotify` has none.
    let by_inode = |name: &str| match name.trim_matches(['[', ']']) {
        "eventfd" => DescriptorKind::Eventfd,
        "eventpoll" => DescriptorKind::Epoll,
        "timerfd" => DescriptorKind::Timerfd,
        "signalfd" => DescriptorKind::Signalfd,
        "inotify" | "fanotify" => DescriptorKind::Inotify,
        "pidfd" => DescriptorKind::Pidfd,
        "io_uring" => DescriptorKind::IoUring,
        _ => DescriptorKind::Other,
    };
    match link.parse::<FDTarget>() {
        Ok(FDTarget::Socket(_)) => DescriptorKind::Socket,
        Ok(FDTarget::Pipe(_)) => DescriptorKind::Pipe,
        Ok(FDTarget::AnonInode(name)) => by_inode(&name),
        // Since Linux 6.9 pidfds have a file system of their own.
        Ok(FDTarget::Other(name, _)) if name == "pidfd" => DescriptorKind::Pidfd,
        Ok(FDTarget::MemFD(_)) => DescriptorKind::Memfd,
        Ok(FDTarget::Path(_)) => match file_type {
            Some(FileType::Directory) => DescriptorKind::Directory,
            Some(FileType::CharacterDevice | FileType::BlockDevice) => DescriptorKind::Device,
            Some(FileType::Fifo) => DescriptorKind::Pipe,
            Some(FileType::Socket) => DescriptorKind::Socket,
            _ => DescriptorKind::File,
        },
        _ => DescriptorKind::Other,
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use rustix::fs::FileType;

    #[test]
    fn links_decide_the_kind() {
        for (link, kind) in [
            ("socket:[1234]", DescriptorKind::Socket),
            ("pipe:[1]", DescriptorKind::Pipe),
            ("anon_inode:[eventfd]", DescriptorKind::Eventfd),
            ("anon_inode:[eventpoll]", DescriptorKind::Epoll),
            ("anon_inode:inotify", DescriptorKind::Inotify),
            ("anon_inode:[timerfd]", DescriptorKind::Timerfd),
            ("anon_inode:[signalfd]", DescriptorKind::Signalfd),
            ("anon_inode:[pidfd]", DescriptorKind::Pidfd),
            ("pidfd:[77]", DescriptorKind::Pidfd),
            ("anon_inode:[io_uring]", DescriptorKind::IoUring),
            ("anon_inode:[perf_event]", DescriptorKind::Other),
            ("/memfd:cache (deleted)", DescriptorKind::Memfd),
            ("net:[4026531840]", DescriptorKind::Other),
            ("/tmp/a b", DescriptorKind::File),
            ("socket:", DescriptorKind::Other),
            (":", DescriptorKind::Other),
            ("", DescriptorKind::File),
        ] {
            assert_eq!(kind_of(link, None), kind, "{link:?}");
        }
        assert_eq!(kind_of("/dev/null", Some(FileType::CharacterDevice)), DescriptorKind::Device);
        assert_eq!(kind_of("/tmp", Some(FileType::Directory)), DescriptorKind::Directory);
    }
}
