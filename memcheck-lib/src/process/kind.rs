//! What sort of memory a mapping is.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::smaps::{Device, Entry, Header};
use super::vm_flags::VmFlags;

/// What sort of memory a mapping is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Kind {
    /// The heap that `brk` grows, `[heap]`.
    Heap,
    /// A heap of glibc for threads: 64 MiB of address space, opened piece by piece.
    ThreadArena,
    /// The stack of a thread, with its guard page.
    ThreadStack,
    /// The stack of the main thread, `[stack]`.
    MainStack,
    /// Private memory without a file or name.
    Anonymous,
    /// Private memory named by the program with `PR_SET_VMA_ANON_NAME`: `[anon:name]`.
    NamedAnonymous,
    /// A file on a disk or network.
    File,
    /// Memory that can be shared: `MAP_SHARED` without a file, System V, tmpfs.
    SharedMemory,
    /// Memory behind a descriptor of `memfd_create`.
    Memfd,
    /// Huge pages of hugetlbfs, which are in no resident set.
    HugePages,
    /// Memory of a device or of a kernel ring (graphics, packet sockets, io_uring).
    Device,
    /// Pages that the kernel puts into every process: `[vdso]`, `[vvar]`, `[vsyscall]`.
    Kernel,
}

impl Kind {
    /// Every kind, in the order of tables.
    pub const ALL: [Kind; 12] = [
        Kind::Heap,
        Kind::ThreadArena,
        Kind::Anonymous,
        Kind::NamedAnonymous,
        Kind::MainStack,
        Kind::ThreadStack,
        Kind::SharedMemory,
        Kind::Memfd,
        Kind::HugePages,
        Kind::File,
        Kind::Device,
        Kind::Kernel,
    ];

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Heap => "heap",
            Kind::ThreadArena => "thread arena",
            Kind::ThreadStack => "thread stack",
            Kind::MainStack => "main stack",
            Kind::Anonymous => "anonymous",
            Kind::NamedAnonymous => "named anonymous",
            Kind::File => "file",
            Kind::SharedMemory => "shared memory",
            Kind::Memfd => "memfd",
            Kind::HugePages => "huge pages",
            Kind::Device => "device",
            Kind::Kernel => "kernel special",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// glibc's `HEAP_MAX_SIZE` on 64-bit systems: thread arenas have this size and alignment
/// (malloc/arena.c).
const ARENA: u64 = 64 << 20;

/// Largest inaccessible mapping below a stack that is taken for its guard. pthreads uses one page,
/// the JVM up to 16.
const GUARD: u64 = 64 << 10;

/// `PTHREAD_STACK_MIN` of Linux: nothing smaller is a thread's stack.
const SMALLEST_STACK: u64 = 16 << 10;

/// Tells the kinds of the mappings of one process, given in the order of their addresses.
///
/// smaps does not say what is a stack or an arena, so these two are told from their neighbours: a
/// guess that decides under which word bytes are shown, never how many they are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Classifier {
    /// Devices of the file systems in memory that the process has mounted.
    memory_devices: Vec<Device>,
    below: Option<Below>,
}

/// What is remembered of the mapping below.
#[derive(Clone, Copy, Debug)]
struct Below {
    end: u64,
    guard: bool,
    /// End of the arena it belongs to.
    arena: Option<u64>,
}

impl Classifier {
    pub(crate) fn new(memory_devices: Vec<Device>) -> Classifier {
        Classifier { memory_devices, below: None }
    }

    /// The kind of a mapping; `next` is the head of the one above it.
    pub(crate) fn kind(&mut self, entry: &Entry, next: Option<&Header<'_>>) -> Kind {
        let below = self.below.filter(|below| below.end == entry.start);
        let next = next.filter(|next| next.start == entry.end && is_plain(next));
        let mut arena = None;
        let kind = match self.kind_by_name(entry) {
            Kind::Anonymous => {
                arena = arena_of(entry, below, next);
                match arena {
                    Some(_) => Kind::ThreadArena,
                    None if is_stack(entry, below, next) => Kind::ThreadStack,
                    None => Kind::Anonymous,
                }
            }
            kind => kind,
        };
        self.below = Some(Below {
            end: entry.end,
            guard: kind == Kind::ThreadStack && !is_accessible(&entry.permissions),
            arena,
        });
        kind
    }

    fn kind_by_name(&self, entry: &Entry) -> Kind {
        let flags = entry.flags.unwrap_or_default();
        let shared = entry.permissions[3] == b's';
        let name = entry.name.as_slice();
        if flags.has(VmFlags::HUGE_PAGES) || name.starts_with(b"/anon_hugepage") {
            return Kind::HugePages;
        }
        match name {
            b"" if shared => Kind::SharedMemory,
            b"" => Kind::Anonymous,
            b"[heap]" => Kind::Heap,
            b"[stack]" => Kind::MainStack,
            _ if name.starts_with(b"[stack:") => Kind::ThreadStack,
            _ if name.starts_with(b"[anon:") => Kind::NamedAnonymous,
            _ if name.starts_with(b"[anon_shmem:") => Kind::SharedMemory,
            _ if name.starts_with(b"[") => Kind::Kernel,
            _ if name.starts_with(b"/memfd:") => Kind::Memfd,
            // What MAP_SHARED without a file is called, whichever process deleted nothing.
            _ if name.starts_with(b"/dev/zero") && shared => Kind::SharedMemory,
            _ if name.starts_with(b"/dev/zero") => Kind::NamedAnonymous,
            _ if name.starts_with(b"/SYSV") || name.starts_with(b"/dev/shm/") => Kind::SharedMemory,
            _ if self.memory_devices.contains(&entry.device) && entry.inode != 0 => {
                Kind::SharedMemory
            }
            _ if name.starts_with(b"/dev/")
                || flags.has(VmFlags::PAGE_FRAMES)
                || flags.has(VmFlags::DEVICE)
                || !name.starts_with(b"/") =>
            {
                Kind::Device
            }
            _ => Kind::File,
        }
    }
}

fn is_accessible(permissions: &[u8; 4]) -> bool {
    permissions[..3] != *b"---"
}

/// Private memory without a name.
fn is_plain(header: &Header<'_>) -> bool {
    header.permissions[3] == b'p' && header.name.is_empty() && header.inode == 0
}

/// The end of the thread arena that an anonymous mapping belongs to: its open part begins on a
/// multiple of 64 MiB, and the rest up to the next multiple is inaccessible.
fn arena_of(entry: &Entry, below: Option<Below>, next: Option<&Header<'_>>) -> Option<u64> {
    if let Some(end) = below.and_then(|below| below.arena)
        && entry.end <= end
    {
        return Some(end);
    }
    let end = entry.start.checked_add(ARENA)?;
    // With MAP_NORESERVE. Go's arenas have the same size and alignment, without it.
    let no_reserve = entry.flags.is_none_or(|flags| flags.has(VmFlags::NO_RESERVE));
    let opens = entry.start.is_multiple_of(ARENA) && entry.permissions == *b"rw-p" && no_reserve;
    let rest = next.is_some_and(|next| !is_accessible(&next.permissions) && next.end >= end);
    let full = entry.end == end && entry.flags.is_some();
    (opens && (full || rest && entry.end < end)).then_some(end)
}

/// Whether an anonymous mapping is the stack of a thread or the guard below one.
fn is_stack(entry: &Entry, below: Option<Below>, next: Option<&Header<'_>>) -> bool {
    let flags = entry.flags.unwrap_or_default();
    match &entry.permissions {
        b"rw-p" if flags.has(VmFlags::NO_RESERVE) || entry.size() < SMALLEST_STACK => false,
        // Later glibc has its guard inside the mapping (MADV_GUARD_INSTALL), so MAP_STACK counts.
        b"rw-p" => below.is_some_and(|below| below.guard) || flags.has(VmFlags::NO_HUGE_PAGES),
        b"---p" => {
            entry.size() <= GUARD
                && next.is_some_and(|next| {
                    next.permissions == *b"rw-p" && next.end - next.start >= SMALLEST_STACK
                })
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::smaps::read_entries;

    fn kinds(text: &str) -> Vec<Kind> {
        let mut classifier = Classifier::new(vec![Device { major: 0, minor: 0x2a }]);
        let mut kinds = Vec::new();
        read_entries(text.as_bytes(), |entry, next| kinds.push(classifier.kind(entry, next)))
            .expect("a slice does not fail");
        kinds
    }

    #[test]
    fn names_tell_most() {
        let names = [
            ("rw-p 00000000 00:00 0 [heap]", Kind::Heap),
            ("rw-p 00000000 00:00 0 [stack]", Kind::MainStack),
            ("rw-p 00000000 00:00 0 [stack:123]", Kind::ThreadStack),
            ("rw-p 00000000 00:00 0 [anon:Go: heap]", Kind::NamedAnonymous),
            ("rw-s 00000000 00:01 9 [anon_shmem:x]", Kind::SharedMemory),
            ("rw-p 00000000 00:00 0 ", Kind::Anonymous),
            ("r-xp 00000000 00:00 0 [vdso]", Kind::Kernel),
            ("r--p 00000000 00:00 0 [vvar_vclock]", Kind::Kernel),
            ("r--p 00000000 fe:00 12 /usr/lib/libc.so.6", Kind::File),
            ("r--p 00000000 fe:00 12 /tmp/a b\\012c (deleted)", Kind::File),
            ("rw-s 00000000 00:2a 12 /tmp/on tmpfs", Kind::SharedMemory),
            ("rw-s 00000000 00:01 12 /dev/zero (deleted)", Kind::SharedMemory),
            ("rw-s 00000000 00:01 12 /SYSV00 (deleted)", Kind::SharedMemory),
            ("rw-s 00000000 00:01 12 /memfd:a (deleted)", Kind::Memfd),
            ("rw-p 00000000 00:01 12 /memfd:a (deleted)", Kind::Memfd),
            ("rw-s 00000000 00:0f 12 /anon_hugepage (deleted)", Kind::HugePages),
            ("rw-s 00000000 00:06 12 /dev/dri/renderD128", Kind::Device),
            ("rw-s 00000000 00:0e 12 anon_inode:[io_uring]", Kind::Device),
        ];
        for (head, kind) in names {
            assert_eq!(kinds(&format!("1000-9000 {head}\n")), [kind], "{head}");
        }
        assert_eq!(kinds("1000-9000 rw-p 0 00:00 0 \nVmFlags: rd ht\n"), [Kind::HugePages]);
    }

    /// From a C program with two threads that allocate; Linux 6.18, glibc 2.36.
    #[test]
    fn neighbours_tell_arenas_and_stacks() {
        let text = "\
7efcd4000000-7efcd4021000 rw-p 00000000 00:00 0 \nVmFlags: rd wr mr mw me nr\n\
7efcd4021000-7efcd8000000 ---p 00000000 00:00 0 \nVmFlags: mr mw me nr\n\
7efcdc000000-7efce0000000 rw-p 00000000 00:00 0 \nVmFlags: rd wr mr mw me nr\n\
7efce290e000-7efce290f000 ---p 00000000 00:00 0 \nVmFlags: mr mw me\n\
7efce290f000-7efce310f000 rw-p 00000000 00:00 0 \nVmFlags: rd wr mr mw me ac\n\
7efce3110000-7efce3910000 rw-p 00000000 00:00 0 \nVmFlags: rd wr mr mw me ac nh\n\
7efce3910000-7efce3913000 rw-p 00000000 00:00 0 \nVmFlags: rd wr mr mw me ac\n";
        assert_eq!(
            kinds(text),
            [
                Kind::ThreadArena,
                Kind::ThreadArena,
                Kind::ThreadArena,
                Kind::ThreadStack,
                Kind::ThreadStack,
                Kind::ThreadStack,
                Kind::Anonymous
            ]
        );
    }

    #[test]
    fn a_large_reservation_is_neither() {
        let text = "\
c000000000-c000400000 rw-p 00000000 00:00 0 \nVmFlags: rd wr mr mw me ac\n\
c000400000-c004000000 ---p 00000000 00:00 0 \nVmFlags: mr mw me\n\
7000000000-9000000000 ---p 00000000 00:00 0 \nVmFlags: mr mw me nr\n";
        assert_eq!(kinds(text), [Kind::Anonymous; 3]);
    }
}
