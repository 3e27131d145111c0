//! Excerpts of the smaps of real programs (Linux 6.18): their largest mappings, those with the most
//! anonymous memory, and the special ones.

use super::*;

const GO: &str = include_str!("../../../tests/data/smaps-go-1.19.txt");
const ASAN: &str = include_str!("../../../tests/data/smaps-asan-gcc-12.txt");
const JVM: &str = include_str!("../../../tests/data/smaps-jvm-17-xms8g.txt");
const NODE: &str = include_str!("../../../tests/data/smaps-node-20-wasm.txt");
const PYTHON: &str = include_str!("../../../tests/data/smaps-python-3.txt");

fn survey(text: &str) -> Survey {
    Survey::read(text.as_bytes(), Vec::new(), 3, |_| {}).expect("a slice")
}

const fn kib(kib: u64) -> Bytes {
    Bytes(kib * 1024)
}

#[test]
fn reservations_of_real_programs() {
    for (name, text, reserved) in [
        // Without MAP_NORESERVE, and never given access.
        ("go", GO, kib(61_440 + 267_748 + 293_564 + 36_692)),
        // 14 TiB of it is `rw-p` with `nr`, of which 112 kB are touched.
        (
            "asan",
            ASAN,
            kib(2_147_483_648 + 15_032_123_396 - 112 + 209_715_136 + 1_417_674_688 + 1_820_327_872),
        ),
        // A thread arena: 10,252 of 10,368 kB are touched.
        ("jvm", JVM, kib(1_048_256 + 117_540 + 10_368 - 10_252)),
        ("node", NODE, kib(2_097_152 + 3 * 10_485_696 + 8_388_544)),
        ("python", PYTHON, kib(0)),
    ] {
        let survey = survey(text);
        assert_eq!(survey.total.reserved, reserved, "{name}");
        assert_eq!(survey.notes, [] as [String; 0], "{name}");
    }
}

#[test]
fn promises_that_nobody_touched() {
    let untouched = |text: &str, kind| survey(text).by_kind[&kind].untouched;
    // The heap of -Xms8g is promised: not reserved, and not used.
    let heap = kib(8_383_488 - 112 + 312_324 - 4 + 32_768 - 24_580);
    assert_eq!(untouched(JVM, Kind::Anonymous), heap);
    assert_eq!(untouched(PYTHON, Kind::Heap), kib(1_596 - 1_544));
    assert_eq!(survey(JVM).largest_reserved[0].sums.reserved, kib(1_048_256));
}

#[test]
fn kinds_of_real_programs() {
    let kinds = |text: &str| survey(text).by_kind.into_keys().collect::<Vec<_>>();
    let always = [Kind::MainStack, Kind::Anonymous, Kind::Kernel];
    assert_eq!(kinds(GO), always);
    assert_eq!(kinds(ASAN), always);
    assert_eq!(
        kinds(PYTHON),
        [Kind::Heap, Kind::MainStack, Kind::Anonymous, Kind::File, Kind::Kernel]
    );
    let jvm = survey(JVM);
    assert_eq!(jvm.by_kind[&Kind::File].mappings, 2);
    assert!(jvm.by_kind[&Kind::File].page_cache > Bytes(0));
}

/// The same text as kernels before 4.12 and 3.8 would have written it.
#[test]
fn older_kernels_degrade_with_a_note() {
    let without = |names: &[&str]| {
        let keep = |line: &&str| !names.iter().any(|name| line.starts_with(name));
        GO.lines().filter(keep).map(|line| format!("{line}\n")).collect::<String>()
    };
    let old = survey(&without(&["LazyFree"]));
    assert_eq!(old.notes.len(), 1, "{:?}", old.notes);
    assert_eq!(old.total.anonymous, survey(GO).total.anonymous);
    let older = survey(&without(&["LazyFree", "VmFlags"]));
    assert_eq!(older.notes.len(), 2, "{:?}", older.notes);
    assert!(!older.has_flags);
    // Go's reservations are known by their missing access.
    assert_eq!(older.total.reserved, survey(GO).total.reserved);
    let newer = survey(&GO.replace("mr mw me gd", "qq mr mw me gd"));
    assert_eq!(newer.notes, ["smaps has a flag unknown to this version: qq"]);
    assert_eq!(newer.total, survey(GO).total);
}

#[test]
fn every_class_of_memory_has_its_sum() {
    let text = "\
1000-5000 rw-p 00000000 00:00 0 \nRss: 8 kB\nPss: 8 kB\nAnonymous: 8 kB\nLazyFree: 4 kB
Swap: 4 kB\nPrivate_Dirty: 8 kB\nVmFlags: rd wr ac
200000-600000 rw-p 00000000 00:0f 7 /anon_hugepage (deleted)\nRss: 0 kB\nAnonymous: 0 kB
Private_Hugetlb: 2048 kB\nShared_Hugetlb: 2048 kB\nLazyFree: 0 kB\nSwap: 0 kB\nVmFlags: rd wr ht
700000-704000 rw-s 00000000 00:01 9 /dev/zero (deleted)\nRss: 8 kB\nPss: 4 kB\nSwap: 4 kB
VmFlags: rd wr sh
800000-804000 r--p 00000000 fe:00 9 /lib/x\nRss: 16 kB\nPss: 2 kB\nAnonymous: 1 kB\nVmFlags: rd
";
    let survey = survey(text);
    let anonymous = survey.by_kind[&Kind::Anonymous];
    assert_eq!((anonymous.footprint(), anonymous.live()), (kib(12), kib(8)));
    assert_eq!((anonymous.committed, anonymous.untouched), (kib(16), kib(4)));
    let huge = survey.by_kind[&Kind::HugePages];
    assert_eq!((huge.footprint(), huge.resident, huge.reserved), (kib(4096), kib(0), kib(0)));
    let shared = survey.by_kind[&Kind::SharedMemory];
    assert_eq!((shared.shared_memory, shared.footprint()), (kib(4), kib(8)));
    assert_eq!(survey.shared_charge, 16 * 1024, "the whole object, when it is made");
    assert_eq!(survey.committed(), kib(32));
    let file = survey.by_kind[&Kind::File];
    assert_eq!((file.page_cache, file.footprint()), (kib(1), kib(1)));
    // In the place of smaps_rollup.
    let rollup = survey.as_rollup();
    assert_eq!(rollup.get(Field::PssShmem), Some(4096));
    assert_eq!(rollup.get(Field::Anonymous), Some(9 * 1024));
    assert_eq!(rollup.get(Field::Swap), Some(8192));
}
