//! Memory that can be shared.

use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::ptr::null_mut;

use memcheck::tool::process::{DescriptorKind, MappingKind};
use rustix::fs::MemfdFlags;
use rustix::mm::{MapFlags, ProtFlags, mmap};

use crate::anonymous::Area;
use crate::probe::{MIB, Stage, Truth, check, grew_by, is_probe};
use crate::skip::{is_root, skip};

const SIZE: usize = 64 << 20;
const READ_WRITE: ProtFlags = ProtFlags::READ.union(ProtFlags::WRITE);

fn memfd(name: &str, flags: MemfdFlags) -> rustix::io::Result<OwnedFd> {
    let fd = rustix::fs::memfd_create(name, flags)?;
    rustix::fs::ftruncate(&fd, SIZE as u64)?;
    Ok(fd)
}

pub(crate) fn map_file(fd: &OwnedFd, flags: MapFlags) -> Area {
    // SAFETY: a new mapping at an address that the kernel chooses, of a file that is not truncated.
    let start = unsafe { mmap(null_mut(), SIZE, READ_WRITE, flags, fd, 0) };
    Area { start: start.expect("address space").cast(), size: SIZE }
}

#[test]
fn shared_memory_without_a_file() {
    if !is_probe() {
        let looks = check("shared::shared_memory_without_a_file", MappingKind::SharedMemory);
        let growth = looks[1].snapshot.since(&looks[0].snapshot);
        assert!(grew_by(growth.committed, 64 << 20), "charged when it is made");
        assert!(grew_by(growth.live_footprint, 0));
        assert_eq!(looks[2].sample.footprint.expect("readable").pss_shmem, 64 * MIB);
        return;
    }
    Stage.live(0);
    let area = Area::map(SIZE, READ_WRITE, MapFlags::SHARED);
    Stage.live(0);
    area.touch();
    Stage.live(64 * MIB);
}

#[test]
fn a_memfd_costs_once_however_often_it_is_mapped() {
    if !is_probe() {
        check("shared::a_memfd_costs_once_however_often_it_is_mapped", MappingKind::Memfd);
        return;
    }
    Stage.live(0);
    let fd = memfd("mapped", MemfdFlags::CLOEXEC).expect("Linux 3.17");
    map_file(&fd, MapFlags::SHARED).touch();
    Stage.live(64 * MIB);
    for _ in 0..2 {
        map_file(&fd, MapFlags::SHARED).touch();
    }
    // The footprint has 128 KiB of page tables for each of the mappings, the memfd none.
    Stage.live(64 * MIB + 192 * 1024);
}

#[test]
fn a_memfd_that_is_not_mapped_is_fd_memory() {
    if !is_probe() {
        let looks = check("shared::a_memfd_that_is_not_mapped_is_fd_memory", MappingKind::Memfd);
        let descriptors = looks[1].snapshot.descriptors.as_ref().expect("readable");
        let memfd = descriptors.iter().find(|d| d.kind == DescriptorKind::Memfd).expect("open");
        assert_eq!(memfd.memory.map(|memory| memory.0), Some(64 * MIB));
        assert!(memfd.target.contains("held"), "{memfd:?}");
        let growth = looks[1].snapshot.since(&looks[0].snapshot).to_string();
        assert!(growth.contains("+64 MiB held only by descriptors"), "{growth}");
        return;
    }
    Stage.live(0);
    let mut file = File::from(memfd("held", MemfdFlags::CLOEXEC).expect("Linux 3.17"));
    let held = Truth { fd: 64 * MIB, ..Truth::default() };
    (0..64).for_each(|_| file.write_all(&[1; 1 << 20]).expect("memory"));
    Stage.is(held);
    let again = file.try_clone().expect("descriptors");
    Stage.is(held);
    // Mapped but not touched: still in no resident set.
    let area = map_file(&again.into(), MapFlags::SHARED);
    Stage.is(held);
    area.touch();
    Stage.live(64 * MIB);
}

#[test]
fn an_unlinked_file_in_memory_is_fd_memory() {
    let name = "shared::an_unlinked_file_in_memory_is_fd_memory";
    if !is_probe() {
        match tempfile::tempfile_in("/dev/shm") {
            Ok(_) => drop(check(name, MappingKind::SharedMemory)),
            Err(error) => skip(name, &format!("/dev/shm: {error}")),
        }
        return;
    }
    Stage.live(0);
    let mut file = tempfile::tempfile_in("/dev/shm").expect("looked at before");
    (0..64).for_each(|_| file.write_all(&[1; 1 << 20]).expect("memory"));
    Stage.is(Truth { fd: 64 * MIB, ..Truth::default() });
    map_file(&file.into(), MapFlags::SHARED).touch();
    Stage.live(64 * MIB);
}

#[test]
fn a_private_copy_of_shared_memory_costs_too() {
    if !is_probe() {
        check("shared::a_private_copy_of_shared_memory_costs_too", MappingKind::Memfd);
        return;
    }
    Stage.live(0);
    let fd = memfd("copied", MemfdFlags::CLOEXEC).expect("Linux 3.17");
    map_file(&fd, MapFlags::SHARED).touch();
    Stage.live(64 * MIB);
    map_file(&fd, MapFlags::PRIVATE).touch();
    // Twice 128 KiB of page tables: near enough to both the footprint and the memfd's pages.
    Stage.live(128 * MIB + 128 * 1024);
}

#[test]
fn huge_pages_are_in_no_resident_set_but_cost() {
    let name = "shared::huge_pages_are_in_no_resident_set_but_cost";
    if !is_probe() {
        let Some(_pages) = HugePages::reserve(32) else {
            return skip(name, "no huge pages can be reserved here (root, vm.nr_hugepages)");
        };
        let looks = check(name, MappingKind::HugePages);
        let resident = |at: usize| looks[at].snapshot.resident.expect("readable").0;
        assert!(resident(1).abs_diff(resident(0)) < MIB);
        return;
    }
    Stage.live(0);
    let area = Area::map(SIZE, READ_WRITE, MapFlags::PRIVATE | MapFlags::HUGETLB);
    area.touch();
    Stage.live(64 * MIB);
}

/// Huge pages set aside while a test runs.
struct HugePages {
    before: String,
}

impl HugePages {
    const FILE: &'static str = "/proc/sys/vm/nr_hugepages";

    fn reserve(pages: u64) -> Option<HugePages> {
        if !is_root() {
            return None;
        }
        let before = std::fs::read_to_string(Self::FILE).ok()?;
        let had: u64 = before.trim().parse().ok()?;
        std::fs::write(Self::FILE, (had + pages).to_string()).ok()?;
        let reserved = HugePages { before };
        let has = std::fs::read_to_string(Self::FILE).ok()?;
        (has.trim().parse::<u64>().ok()? == had + pages).then_some(reserved)
    }
}

impl Drop for HugePages {
    fn drop(&mut self) {
        let _ = std::fs::write(Self::FILE, self.before.trim());
    }
}
