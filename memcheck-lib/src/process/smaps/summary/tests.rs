//! Tests with excerpts from the smaps of real programs (Linux 6.18): their largest mappings, those
//! with the most anonymous memory, and the special ones.

use super::*;

const GO: &str = include_str!("../../../../tests/data/smaps-go-1.19.txt");
const ASAN: &str = include_str!("../../../../tests/data/smaps-asan-gcc-12.txt");
const JVM: &str = include_str!("../../../../tests/data/smaps-jvm-17-xms8g.txt");
const NODE: &str = include_str!("../../../../tests/data/smaps-node-20-wasm.txt");
const PYTHON: &str = include_str!("../../../../tests/data/smaps-python-3.txt");

fn summary(text: &str) -> SmapsSummary {
    SmapsSummary::read(text.as_bytes(), Vec::new(), 3, |_| {}).expect("reading a slice cannot fail")
}

const fn kib(kib: u64) -> Bytes {
    Bytes(kib * 1024)
}

#[test]
fn reservations_of_real_programs() {
    for (name, text, reserved) in [
        // These mappings have no MAP_NORESERVE and no access.
        ("go", GO, kib(61_440 + 267_748 + 293_564 + 36_692)),
        // 14 TiB of it are `rw-p` with `nr`; 112 kB of them are used.
        (
            "asan",
            ASAN,
            kib(2_147_483_648 + 15_032_123_396 - 112 + 209_715_136 + 1_417_674_688 + 1_820_327_872),
        ),
        // A thread arena: 10,252 of 10,368 kB are used.
        ("jvm", JVM, kib(1_048_256 + 117_540 + 10_368 - 10_252)),
        ("node", NODE, kib(2_097_152 + 3 * 10_485_696 + 8_388_544)),
        ("python", PYTHON, kib(0)),
    ] {
        let summary = summary(text);
        assert_eq!(summary.total.reserved, reserved, "{name}");
        assert_eq!(summary.notes, [] as [String; 0], "{name}");
    }
}

#[test]
fn committed_memory_that_is_not_used() {
    let untouched = |text: &str, kind| summary(text).by_kind[&kind].untouched;
    // The heap of -Xms8g is committed: neither reserved nor used.
    let heap = kib(8_383_488 - 112 + 312_324 - 4 + 32_768 - 24_580);
    assert_eq!(untouched(JVM, MappingKind::Anonymous), heap);
    assert_eq!(untouched(PYTHON, MappingKind::Heap), kib(1_596 - 1_544));
    assert_eq!(summary(JVM).largest_reserved[0].sums.reserved, kib(1_048_256));
}

#[test]
fn kinds_of_real_programs() {
    let kinds = |text: &str| summary(text).by_kind.into_keys().collect::<Vec<_>>();
    let always = [MappingKind::MainStack, MappingKind::Anonymous, MappingKind::Kernel];
    assert_eq!(kinds(GO), always);
    assert_eq!(kinds(ASAN), always);
    assert_eq!(
        kinds(PYTHON),
        [
            MappingKind::Heap,
            MappingKind::MainStack,
            MappingKind::Anonymous,
            MappingKind::File,
            MappingKind::Kernel
        ]
    );
    let jvm = summary(JVM);
    assert_eq!(jvm.by_kind[&MappingKind::File].mappings, 2);
    assert!(jvm.by_kind[&MappingKind::File].page_cache > Bytes(0));
}

/// The text that kernels before 4.12 and 3.8 would have written.
#[test]
fn older_kernels_get_a_note() {
    let without = |names: &[&str]| {
        let keep = |line: &&str| !names.iter().any(|name| line.starts_with(name));
        GO.lines().filter(keep).map(|line| format!("{line}\n")).collect::<String>()
    };
    let old = summary(&without(&["LazyFree"]));
    assert_eq!(old.notes.len(), 1, "{:?}", old.notes);
    assert_eq!(old.total.anonymous, summary(GO).total.anonymous);
    let older = summary(&without(&["LazyFree", "VmFlags"]));
    assert_eq!(older.notes.len(), 2, "{:?}", older.notes);
    assert!(!older.has_flags);
    // Go's reservations have no access, so they are still found.
    assert_eq!(older.total.reserved, summary(GO).total.reserved);
    let newer = summary(&GO.replace("mr mw me gd", "qq mr mw me gd"));
    assert_eq!(
        newer.notes,
        ["smaps has the VmFlag `qq`, which this version of memcheck does not know"]
    );
    assert_eq!(newer.total, summary(GO).total);
}

#[test]
fn every_class_of_memory_is_summed() {
    let text = "\
1000-5000 rw-p 00000000 00:00 0 \nRss: 8 kB\nPss: 8 kB\nAnonymous: 8 kB\nLazyFree: 4 kB
Swap: 4 kB\nPrivate_Dirty: 8 kB\nVmFlags: rd wr ac
200000-600000 rw-p 00000000 00:0f 7 /anon_hugepage (deleted)\nRss: 0 kB\nAnonymous: 0 kB
Private_Hugetlb: 2048 kB\nShared_Hugetlb: 2048 kB\nLazyFree: 0 kB\nSwap: 0 kB\nVmFlags: rd wr ht
700000-704000 rw-s 00000000 00:01 9 /dev/zero (deleted)\nRss: 8 kB\nPss: 4 kB\nSwap: 4 kB
VmFlags: rd wr sh
800000-804000 r--p 00000000 fe:00 9 /lib/x\nRss: 16 kB\nPss: 2 kB\nAnonymous: 1 kB\nVmFlags: rd
";
    let summary = summary(text);
    let anonymous = summary.by_kind[&MappingKind::Anonymous];
    assert_eq!((anonymous.footprint(), anonymous.live()), (kib(12), kib(8)));
    assert_eq!((anonymous.committed, anonymous.untouched), (kib(16), kib(4)));
    let huge = summary.by_kind[&MappingKind::HugePages];
    assert_eq!((huge.footprint(), huge.resident, huge.reserved), (kib(4096), kib(0), kib(0)));
    let shared = summary.by_kind[&MappingKind::SharedMemory];
    assert_eq!((shared.shared_memory, shared.footprint()), (kib(4), kib(8)));
    assert_eq!(
        summary.shared_charge,
        16 * 1024,
        "the whole object is committed when it is created"
    );
    assert_eq!(summary.committed(), kib(32));
    let file = summary.by_kind[&MappingKind::File];
    assert_eq!((file.page_cache, file.footprint()), (kib(1), kib(1)));
    // The replacement for smaps_rollup.
    let rollup = summary.as_rollup();
    assert_eq!(rollup.get(Field::PssShmem), Some(4096));
    assert_eq!(rollup.get(Field::Anonymous), Some(9 * 1024));
    assert_eq!(rollup.get(Field::Swap), Some(8192));
}
