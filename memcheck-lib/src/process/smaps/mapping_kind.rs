//! The kind of memory of a mapping.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::entries::{Device, MappingHeader, SmapsEntry};
use super::vm_flags::VmFlags;

/// The kind of memory of a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum MappingKind {
    /// The heap that `brk` grows, `[heap]`.
    Heap,
    /// A heap of glibc for threads: 64 MiB of address space, made accessible piece by piece.
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
    /// Pages that the kernel maps into every process: `[vdso]`, `[vvar]`, `[vsyscall]`.
    Kernel,
}

impl MappingKind {
    /// Every kind, in the order of tables.
    pub(crate) const ALL: [MappingKind; 12] = [
        MappingKind::Heap,
        MappingKind::ThreadArena,
        MappingKind::Anonymous,
        MappingKind::NamedAnonymous,
        MappingKind::MainStack,
        MappingKind::ThreadStack,
        MappingKind::SharedMemory,
        MappingKind::Memfd,
        MappingKind::HugePages,
        MappingKind::File,
        MappingKind::Device,
        MappingKind::Kernel,
    ];

    /// Its name in tables.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            MappingKind::Heap => "heap",
            MappingKind::ThreadArena => "thread arena",
            MappingKind::ThreadStack => "thread stack",
            MappingKind::MainStack => "main stack",
            MappingKind::Anonymous => "anonymous",
            MappingKind::NamedAnonymous => "named anonymous",
            MappingKind::File => "file",
            MappingKind::SharedMemory => "shared memory",
            MappingKind::Memfd => "memfd",
            MappingKind::HugePages => "huge pages",
            MappingKind::Device => "device",
            MappingKind::Kernel => "kernel special",
        }
    }
}

impl fmt::Display for MappingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// glibc's `HEAP_MAX_SIZE` on 64-bit systems: thread arenas have this size and alignment
/// (malloc/arena.c).
const ARENA: u64 = 64 << 20;

/// Largest inaccessible mapping below a stack that counts as its guard. pthreads uses one page, the
/// JVM up to 16.
const GUARD: u64 = 64 << 10;

/// `PTHREAD_STACK_MIN` of Linux: no stack of a thread is smaller.
const SMALLEST_STACK: u64 = 16 << 10;

/// Finds the kinds of the mappings of one process, which it gets in the order of their addresses.
///
/// smaps does not say what is a stack or an arena, so these two are inferred from their neighbours.
/// A wrong guess shows bytes under another kind, but never changes their number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Classifier {
    /// The devices of mounted file systems that are in memory, like tmpfs.
    memory_devices: Vec<Device>,
    below: Option<Below>,
}

/// The mapping below.
#[derive(Clone, Copy, Debug)]
struct Below {
    end: u64,
    guard: bool,
    /// End of the arena that it belongs to.
    arena: Option<u64>,
}

impl Classifier {
    pub(crate) fn new(memory_devices: Vec<Device>) -> Classifier {
        Classifier { memory_devices, below: None }
    }

    /// The kind of a mapping. `next` is the header of the mapping above it.
    pub(crate) fn kind(
        &mut self,
        entry: &SmapsEntry,
        next: Option<&MappingHeader<'_>>,
    ) -> MappingKind {
        let below = self.below.filter(|below| below.end == entry.start);
        let next = next.filter(|next| next.start == entry.end && is_plain(next));
        let mut arena = None;
        let kind = match self.kind_by_name(entry) {
            MappingKind::Anonymous => {
                arena = arena_of(entry, below, next);
                match arena {
                    Some(_) => MappingKind::ThreadArena,
                    None if is_stack(entry, below, next) => MappingKind::ThreadStack,
                    None => MappingKind::Anonymous,
                }
            }
            kind => kind,
        };
        self.below = Some(Below {
            end: entry.end,
            guard: kind == MappingKind::ThreadStack && !is_accessible(&entry.permissions),
            arena,
        });
        kind
    }

    fn kind_by_name(&self, entry: &SmapsEntry) -> MappingKind {
        let flags = entry.flags.unwrap_or_default();
        let shared = entry.permissions[3] == b's';
        let name = entry.name.as_slice();
        if flags.has(VmFlags::HUGE_PAGES) || name.starts_with(b"/anon_hugepage") {
            return MappingKind::HugePages;
        }
        match name {
            b"" if shared => MappingKind::SharedMemory,
            b"" => MappingKind::Anonymous,
            b"[heap]" => MappingKind::Heap,
            b"[stack]" => MappingKind::MainStack,
            _ if name.starts_with(b"[stack:") => MappingKind::ThreadStack,
            _ if name.starts_with(b"[anon:") => MappingKind::NamedAnonymous,
            _ if name.starts_with(b"[anon_shmem:") => MappingKind::SharedMemory,
            _ if name.starts_with(b"[") => MappingKind::Kernel,
            _ if name.starts_with(b"/memfd:") => MappingKind::Memfd,
            // The kernel's name for MAP_SHARED without a file.
            _ if name.starts_with(b"/dev/zero") && shared => MappingKind::SharedMemory,
            _ if name.starts_with(b"/dev/zero") => MappingKind::NamedAnonymous,
            _ if name.starts_with(b"/SYSV") || name.starts_with(b"/dev/shm/") => {
                MappingKind::SharedMemory
            }
            _ if self.memory_devices.contains(&entry.device) && entry.inode != 0 => {
                MappingKind::SharedMemory
            }
            _ if name.starts_with(b"/dev/")
                || flags.has(VmFlags::PAGE_FRAMES)
                || flags.has(VmFlags::DEVICE)
                || !name.starts_with(b"/") =>
            {
                MappingKind::Device
            }
            _ => MappingKind::File,
        }
    }
}

fn is_accessible(permissions: &[u8; 4]) -> bool {
    permissions[..3] != *b"---"
}

/// Private memory without a name.
fn is_plain(header: &MappingHeader<'_>) -> bool {
    header.permissions[3] == b'p' && header.name.is_empty() && header.inode == 0
}

/// The end of the thread arena that an anonymous mapping belongs to. The accessible part of an
/// arena begins at a multiple of 64 MiB, and the rest up to the next multiple is inaccessible.
fn arena_of(
    entry: &SmapsEntry,
    below: Option<Below>,
    next: Option<&MappingHeader<'_>>,
) -> Option<u64> {
    if let Some(end) = below.and_then(|below| below.arena)
        && entry.end <= end
    {
        return Some(end);
    }
    let end = entry.start.checked_add(ARENA)?;
    // glibc uses MAP_NORESERVE. Go's arenas have the same size and alignment, but not this flag.
    let no_reserve = entry.flags.is_none_or(|flags| flags.has(VmFlags::NO_RESERVE));
    let opens = entry.start.is_multiple_of(ARENA) && entry.permissions == *b"rw-p" && no_reserve;
    let rest = next.is_some_and(|next| !is_accessible(&next.permissions) && next.end >= end);
    let full = entry.end == end && entry.flags.is_some();
    (opens && (full || rest && entry.end < end)).then_some(end)
}

/// Whether an anonymous mapping is the stack of a thread, or its guard.
fn is_stack(entry: &SmapsEntry, below: Option<Below>, next: Option<&MappingHeader<'_>>) -> bool {
    let flags = entry.flags.unwrap_or_default();
    match &entry.permissions {
        b"rw-p" if flags.has(VmFlags::NO_RESERVE) || entry.size() < SMALLEST_STACK => false,
        // Newer glibc has the guard inside the mapping (MADV_GUARD_INSTALL), so MAP_STACK decides.
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
    use crate::process::smaps::entries::read_entries;

    fn kinds(text: &str) -> Vec<MappingKind> {
        let mut classifier = Classifier::new(vec![Device { major: 0, minor: 0x2a }]);
        let mut kinds = Vec::new();
        read_entries(text.as_bytes(), |entry, next| kinds.push(classifier.kind(entry, next)))
            .expect("reading a slice cannot fail");
        kinds
    }

    #[test]
    fn names_decide_most_kinds() {
        let names = [
            ("rw-p 00000000 00:00 0 [heap]", MappingKind::Heap),
            ("rw-p 00000000 00:00 0 [stack]", MappingKind::MainStack),
            ("rw-p 00000000 00:00 0 [stack:123]", MappingKind::ThreadStack),
            ("rw-p 00000000 00:00 0 [anon:Go: heap]", MappingKind::NamedAnonymous),
            ("rw-s 00000000 00:01 9 [anon_shmem:x]", MappingKind::SharedMemory),
            ("rw-p 00000000 00:00 0 ", MappingKind::Anonymous),
            ("r-xp 00000000 00:00 0 [vdso]", MappingKind::Kernel),
            ("r--p 00000000 00:00 0 [vvar_vclock]", MappingKind::Kernel),
            ("r--p 00000000 fe:00 12 /usr/lib/libc.so.6", MappingKind::File),
            ("r--p 00000000 fe:00 12 /tmp/a b\\012c (deleted)", MappingKind::File),
            ("rw-s 00000000 00:2a 12 /tmp/on tmpfs", MappingKind::SharedMemory),
            ("rw-s 00000000 00:01 12 /dev/zero (deleted)", MappingKind::SharedMemory),
            ("rw-s 00000000 00:01 12 /SYSV00 (deleted)", MappingKind::SharedMemory),
            ("rw-s 00000000 00:01 12 /memfd:a (deleted)", MappingKind::Memfd),
            ("rw-p 00000000 00:01 12 /memfd:a (deleted)", MappingKind::Memfd),
            ("rw-s 00000000 00:0f 12 /anon_hugepage (deleted)", MappingKind::HugePages),
            ("rw-s 00000000 00:06 12 /dev/dri/renderD128", MappingKind::Device),
            ("rw-s 00000000 00:0e 12 anon_inode:[io_uring]", MappingKind::Device),
        ];
        for (header, kind) in names {
            assert_eq!(kinds(&format!("1000-9000 {header}\n")), [kind], "{header}");
        }
        assert_eq!(kinds("1000-9000 rw-p 0 00:00 0 \nVmFlags: rd ht\n"), [MappingKind::HugePages]);
    }

    /// From a C program with two threads that allocate; Linux 6.18, glibc 2.36.
    #[test]
    fn neighbours_decide_arenas_and_stacks() {
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
                MappingKind::ThreadArena,
                MappingKind::ThreadArena,
                MappingKind::ThreadArena,
                MappingKind::ThreadStack,
                MappingKind::ThreadStack,
                MappingKind::ThreadStack,
                MappingKind::Anonymous
            ]
        );
    }

    #[test]
    fn a_large_reservation_is_neither_arena_nor_stack() {
        let text = "\
c000000000-c000400000 rw-p 00000000 00:00 0 \nVmFlags: rd wr mr mw me ac\n\
c000400000-c004000000 ---p 00000000 00:00 0 \nVmFlags: mr mw me\n\
7000000000-9000000000 ---p 00000000 00:00 0 \nVmFlags: mr mw me nr\n";
        assert_eq!(kinds(text), [MappingKind::Anonymous; 3]);
    }
}
