use super::*;
use crate::process::resources::{Descriptor, ThreadGroup};
use crate::process::smaps::MappingKind;

pub(in crate::process) fn snapshot() -> ProcessSnapshot {
    ProcessSnapshot {
        pid: 1,
        name: "test".into(),
        footprint: Some(Footprint::default()),
        fd_memory: Some(Bytes(0)),
        resident: Some(Bytes(0)),
        unique: None,
        proportional: Some(Bytes(u64::MAX)),
        reserved: Some(Bytes(0)),
        committed: Some(Bytes(0)),
        untouched: Some(Bytes(0)),
        page_cache: Some(Bytes(0)),
        peak: Some(Bytes(0)),
        swap: Some(Bytes(0)),
        virtual_size: Some(Bytes(0)),
        threads: Some(vec![ThreadGroup { name: "main".into(), count: 1 }]),
        children: Some(Vec::new()),
        descriptors: Some(Vec::new()),
        mappings: Some(1),
        max_mappings: Some(65530),
        groups: Vec::new(),
        notes: Vec::new(),
    }
}

fn mappings(
    kind: MappingKind,
    name: &str,
    access: &str,
    flags: &str,
    sums: MappingSums,
) -> MappingGroup {
    MappingGroup { kind, name: name.into(), permissions: access.into(), flags: flags.into(), sums }
}

fn used(mappings: u64, bytes: u64) -> MappingSums {
    MappingSums {
        mappings,
        virtual_size: Bytes(bytes),
        anonymous: Bytes(bytes),
        ..MappingSums::default()
    }
}

const MIB: u64 = 1 << 20;

#[test]
fn growth_is_listed_by_size() {
    let before = snapshot();
    let mut after = snapshot();
    let fd = |number, kind, target: &str| Descriptor {
        number,
        kind,
        target: target.into(),
        memory: None,
    };
    after.groups = vec![
        mappings(MappingKind::Heap, "[heap]", "rw-p", "ac", used(1, 2 * MIB)),
        mappings(MappingKind::Anonymous, "", "rw-p", "ac", used(16384, 64 * MIB)),
        mappings(MappingKind::NamedAnonymous, "[anon:arena]", "rw-p", "nr", used(1, MIB)),
        mappings(
            MappingKind::Anonymous,
            "",
            "---p",
            "nr",
            MappingSums {
                mappings: 1,
                virtual_size: Bytes(128 << 30),
                reserved: Bytes(128 << 30),
                ..MappingSums::default()
            },
        ),
    ];
    after.threads = Some(vec![
        ThreadGroup { name: "main".into(), count: 1 },
        ThreadGroup { name: "worker".into(), count: 8 },
    ]);
    after.children = Some(vec![
        ChildProcess { pid: 7, name: "sh".into(), zombie: true },
        ChildProcess { pid: 8, name: "sh".into(), zombie: true },
        ChildProcess { pid: 9, name: "cat".into(), zombie: false },
    ]);
    after.descriptors = Some(
        (3..8)
            .map(|n| fd(n, DescriptorKind::Socket, &format!("socket:[{n}]")))
            .chain([fd(9, DescriptorKind::File, "/tmp/log")])
            .collect(),
    );
    after.fd_memory = Some(Bytes(MIB));
    after.footprint =
        Some(Footprint { anonymous: 67 * MIB, page_tables: 8192, ..Footprint::default() });
    let growth = after.since(&before);
    assert_eq!(
        growth.to_string(),
        "\
+64 MiB anonymous rw-p in 16,384 mappings
+2 MiB [heap] in 1 mapping
+1 MiB [anon:arena] rw-p nr in 1 mapping
+128 GiB of reserved address space: anonymous ---p nr in 1 mapping
+8 KiB page tables
+1 MiB held only by descriptors
+8 threads named worker
+1 child: cat
+2 children: sh (zombie)
+1 fd: file /tmp/log
+5 fds: socket"
    );
    assert_eq!(growth.live_footprint, Some((67 * MIB + 8192) as i64));
    assert_eq!(growth.unique, None, "neither snapshot has it");
    assert_eq!(before.since(&before).to_string(), "no change");
    let shrunk = before.since(&after).to_string();
    assert!(shrunk.contains("-64 MiB anonymous rw-p in 16,384 mappings"), "{shrunk}");
    assert!(shrunk.contains("-8 threads named worker"), "{shrunk}");
}

#[test]
fn a_missing_list_is_not_a_change() {
    let mut after = snapshot();
    after.threads = None;
    after.descriptors = None;
    after.footprint = None;
    let growth = after.since(&snapshot());
    assert_eq!(growth.live_footprint, None);
    assert_eq!(growth.threads, []);
}

#[test]
fn changes_beyond_the_signed_range_are_clamped() {
    let (mut before, mut after) = (snapshot(), snapshot());
    before.resident = Some(Bytes(u64::MAX));
    after.virtual_size = Some(Bytes(u64::MAX));
    let growth = after.since(&before);
    assert_eq!(growth.resident, Some(i64::MIN));
    assert_eq!(growth.virtual_size, Some(i64::MAX));
}

#[test]
fn snapshots_and_growth_survive_json() {
    let mut after = snapshot();
    after.groups = vec![mappings(MappingKind::Heap, "[heap]", "rw-p", "ac", used(1, 2 * MIB))];
    let growth = after.since(&snapshot());
    let json = serde_json::to_string(&(&after, &growth)).expect("plain data");
    let back: (ProcessSnapshot, ProcessGrowth) =
        serde_json::from_str(&json).expect("what we wrote");
    assert_eq!(back, (after, growth));
}

/// One deleted file per iteration: `O_TMPFILE`, or a file that is removed once it is mapped.
#[test]
fn many_deleted_files_of_a_directory_are_one_group() {
    let (mut before, mut after) = (snapshot(), snapshot());
    let sums = MappingSums { mappings: 1, virtual_size: Bytes(16 << 10), ..MappingSums::default() };
    let of = |name: &str| mappings(MappingKind::File, name, "rw-s", "", sums);
    let tmp = |number: u32| of(&format!("/tmp/#{number} (deleted)"));
    before.groups = vec![tmp(10_013_000)];
    after.groups = (0..2032).map(|at| tmp(10_013_812 + at)).collect();
    after.groups.extend([of("/var/a (deleted)"), of("/var/b (deleted)"), of("/var/c")]);
    let growth = between(&before, &after);
    let rows: Vec<String> = growth.groups.iter().map(ToString::to_string).collect();
    assert_eq!(
        rows,
        [
            "+31.7 MiB of untouched address space: /tmp/#… (deleted) rw-s in 2,031 mappings",
            "+16 KiB of untouched address space: /var/c rw-s in 1 mapping",
            "+16 KiB of untouched address space: /var/a (deleted) rw-s in 1 mapping",
            "+16 KiB of untouched address space: /var/b (deleted) rw-s in 1 mapping",
        ]
    );

    // Files that replace each other are not growth.
    before.groups = (0..9).map(tmp).collect();
    after.groups = (9..18).map(tmp).collect();
    assert_eq!(between(&before, &after).groups, []);
}
