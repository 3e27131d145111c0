//! Private memory without a file.

use std::ptr::null_mut;

use memcheck::tool::process::MappingKind;
use rustix::mm::{self, Advice, MapFlags, MprotectFlags, ProtFlags};

use crate::probe::{MIB, PAGE, Stage, Truth, check, grew_by, is_probe, near};
use crate::skip::skip;

const SIZE: usize = 64 << 20;

/// A mapping that is never unmapped.
#[derive(Clone, Copy)]
pub(crate) struct Area {
    pub(crate) start: *mut u8,
    pub(crate) size: usize,
}

impl Area {
    pub(crate) fn map(size: usize, access: ProtFlags, flags: MapFlags) -> Area {
        // SAFETY: a new mapping at an address that the kernel chooses.
        let start = unsafe { mm::mmap_anonymous(null_mut(), size, access, flags) };
        Area { start: start.expect("address space").cast(), size }
    }

    /// Private, readable and writable.
    pub(crate) fn new(size: usize) -> Area {
        Area::map(size, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE)
    }

    /// Writes one byte into each page.
    pub(crate) fn touch(self) -> Area {
        for at in (0..self.size).step_by(PAGE) {
            // SAFETY: inside the mapping, which is writable and used by this thread alone.
            unsafe { self.start.add(at).write_volatile(1) };
        }
        self
    }

    /// Reads one byte of each page.
    pub(crate) fn read(self) -> Area {
        for at in (0..self.size).step_by(PAGE) {
            // SAFETY: inside the mapping, which is readable.
            unsafe { self.start.add(at).read_volatile() };
        }
        self
    }

    pub(crate) fn protect(self, access: MprotectFlags) -> Area {
        // SAFETY: our own mapping, to which no reference exists.
        unsafe { mm::mprotect(self.start.cast(), self.size, access) }.expect("our own mapping");
        self
    }

    pub(crate) fn advise(self, advice: Advice) -> Area {
        // SAFETY: our own mapping, to which no reference exists.
        unsafe { mm::madvise(self.start.cast(), self.size, advice) }.expect("known advice");
        self
    }
}

const READ_WRITE: ProtFlags = ProtFlags::READ.union(ProtFlags::WRITE);

#[test]
fn inaccessible_memory_is_address_space_only() {
    if !is_probe() {
        let looks =
            check("anonymous::inaccessible_memory_is_address_space_only", MappingKind::Anonymous);
        let growth = looks[1].snapshot.since(&looks[0].snapshot);
        assert!(grew_by(growth.reserved, 128 << 30), "{growth:?}");
        assert!(grew_by(growth.committed, 0), "{growth:?}");
        assert!(
            growth.to_string().contains("+128 GiB of reserved address space: anonymous ---p"),
            "{growth}"
        );
        return;
    }
    Stage.live(0);
    Area::map(128 << 30, ProtFlags::empty(), MapFlags::PRIVATE);
    Stage.live(0);
}

#[test]
fn pages_without_access_still_cost() {
    if !is_probe() {
        let looks = check("anonymous::pages_without_access_still_cost", MappingKind::Anonymous);
        let growth = looks[2].snapshot.since(&looks[0].snapshot);
        assert!(growth.to_string().contains("+64 MiB anonymous ---p"), "{growth}");
        return;
    }
    Stage.live(0);
    let area = Area::map(SIZE, ProtFlags::empty(), MapFlags::PRIVATE)
        .protect(MprotectFlags::READ | MprotectFlags::WRITE);
    Stage.live(0);
    area.touch().protect(MprotectFlags::empty());
    Stage.live(64 * MIB);
}

#[test]
fn touched_memory_costs_until_it_is_discarded() {
    if !is_probe() {
        let looks =
            check("anonymous::touched_memory_costs_until_it_is_discarded", MappingKind::Anonymous);
        let committed = looks[1].snapshot.since(&looks[0].snapshot).committed;
        assert!(grew_by(committed, 64 << 20), "promised before it is touched: {committed:?}");
        let growth = looks[2].snapshot.since(&looks[0].snapshot).to_string();
        assert!(growth.contains("+64 MiB anonymous rw-p"), "{growth}");
        return;
    }
    Stage.live(0);
    let area = Area::new(SIZE);
    Stage.live(0);
    area.touch();
    Stage.live(64 * MIB);
    area.advise(Advice::LinuxDontNeed);
    Stage.live(0);
}

#[test]
fn lazily_freed_memory_is_not_live_until_touched_again() {
    if !is_probe() {
        check(
            "anonymous::lazily_freed_memory_is_not_live_until_touched_again",
            MappingKind::Anonymous,
        );
        return;
    }
    Stage.live(0);
    let area = Area::new(SIZE).touch();
    Stage.live(64 * MIB);
    area.advise(Advice::LinuxFree);
    Stage.is(Truth { lazy: 64 * MIB, ..Truth::default() });
    area.touch();
    Stage.live(64 * MIB);
}

#[test]
fn unreserved_memory_costs_what_is_touched() {
    if !is_probe() {
        let looks =
            check("anonymous::unreserved_memory_costs_what_is_touched", MappingKind::Anonymous);
        let reserved = |at: usize| looks[at].snapshot.reserved.expect("readable").0;
        assert!(near(reserved(1) - reserved(0), 64 << 30));
        assert!(
            near(reserved(1) - reserved(2), 64 << 20),
            "touched memory does not count as reserved"
        );
        assert!(grew_by(looks[1].snapshot.since(&looks[0].snapshot).committed, 0));
        return;
    }
    Stage.live(0);
    let area = Area::map(64 << 30, READ_WRITE, MapFlags::PRIVATE | MapFlags::NORESERVE)
        .advise(Advice::LinuxNoHugepage);
    Stage.live(0);
    Area { size: SIZE, ..area }.touch();
    Stage.live(64 * MIB);
}

#[test]
fn reading_untouched_memory_costs_page_tables_only() {
    if !is_probe() {
        check("anonymous::reading_untouched_memory_costs_page_tables_only", MappingKind::Anonymous);
        return;
    }
    Stage.live(0);
    Area::new(SIZE).read();
    Stage.live(0);
}

#[test]
fn locked_memory_costs_untouched() {
    if !is_probe() {
        let looks = check("anonymous::locked_memory_costs_untouched", MappingKind::Anonymous);
        let growth = looks[1].snapshot.since(&looks[0].snapshot).to_string();
        assert!(growth.contains("+64 MiB anonymous rw-p lo"), "{growth}");
        return;
    }
    Stage.live(0);
    let area = Area::new(SIZE);
    // SAFETY: locks our own pages; nothing is read or written.
    if let Err(error) = unsafe { mm::mlock(area.start.cast(), area.size) } {
        // Without the privilege RLIMIT_MEMLOCK is 8 MiB: then the pages are touched instead, and
        // the flag is missing.
        skip("locked_memory_costs_untouched", &error.to_string());
        std::process::exit(0);
    }
    Stage.live(64 * MIB);
}

#[test]
fn huge_pages_of_the_kernels_choice_cost_whole() {
    const FILE: &str = "/sys/kernel/mm/transparent_hugepage/enabled";
    let name = "anonymous::huge_pages_of_the_kernels_choice_cost_whole";
    if !is_probe() {
        let enabled = std::fs::read_to_string(FILE).unwrap_or_default();
        if enabled.is_empty() || enabled.contains("[never]") {
            return skip(name, "no transparent huge pages here");
        }
        check(name, MappingKind::Anonymous);
        return;
    }
    Stage.live(0);
    const HUGE: usize = 2 << 20;
    let area = Area::new(SIZE + HUGE).advise(Advice::LinuxHugepage);
    let first = area.start.align_offset(HUGE);
    for at in (first..first + SIZE).step_by(HUGE) {
        // SAFETY: inside the mapping, which has one huge page to spare.
        unsafe { area.start.add(at).write_volatile(1) };
    }
    // One byte in each huge page.
    Stage.live(64 * MIB);
}
