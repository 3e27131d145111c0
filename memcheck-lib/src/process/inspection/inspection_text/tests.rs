use super::*;
use crate::process::inspection::result::{INSPECTION_VERSION, KindSums};
use crate::process::inspection::sentence_text::sentence;
use crate::process::inspection::tree::{TreeProcess, TreeShare};
use crate::process::resources::ThreadGroup;
use crate::process::smaps::{MappingKind, SmapsSummary};
use crate::process::snapshot::snapshot;

/// A small version of a 64-bit Go 1.4 program: two inaccessible mappings are nearly all of its
/// size.
const GO: &str = "\
00400000-00600000 r-xp 00000000 fe:00 77 /tmp/hello world
Size: 2048 kB\nRss: 900 kB\nPss: 900 kB\nPrivate_Clean: 900 kB\nVmFlags: rd ex mr mw me
c000000000-c000100000 rw-p 00000000 00:00 0 \nSize: 1024 kB\nRss: 500 kB\nPss: 500 kB
Private_Dirty: 500 kB\nAnonymous: 500 kB\nLazyFree: 0 kB\nSwap: 0 kB\nVmFlags: rd wr mr mw me ac
c000100000-c200000000 ---p 00000000 00:00 0 \nSize: 8387584 kB\nRss: 0 kB\nVmFlags: mr mw me nr
d000000000-f000000000 ---p 00000000 00:00 0 \nSize: 134217728 kB\nRss: 0 kB\nVmFlags: mr mw me nr
";

fn inspection() -> Inspection {
    let summary = SmapsSummary::read(GO.as_bytes(), Vec::new(), 3, |_| {})
        .expect("reading a slice cannot fail");
    let mut process = snapshot();
    process.pid = 4242;
    process.name = "hello\x1b[31m".into();
    process.footprint = Some(Footprint {
        anonymous: summary.total.anonymous.0,
        page_tables: 44 << 10,
        ..Footprint::default()
    });
    process.resident = Some(summary.total.resident);
    process.unique = Some(summary.total.unique);
    process.proportional = Some(summary.total.proportional);
    process.reserved = Some(summary.total.reserved);
    process.committed = Some(summary.committed());
    process.untouched = Some(summary.total.untouched);
    process.page_cache = Some(summary.total.page_cache);
    process.virtual_size = Some(summary.total.virtual_size);
    process.mappings = Some(summary.total.mappings);
    process.threads = Some(vec![
        ThreadGroup { name: "hello".into(), count: 1 },
        ThreadGroup { name: "worker".into(), count: 4 },
    ]);
    process.notes = summary.notes.clone();
    Inspection {
        version: INSPECTION_VERSION,
        sentence: sentence(&process),
        command: vec!["/tmp/hello world".into(), "--flag".into()],
        process,
        kinds: MappingKind::ALL
            .iter()
            .filter_map(|kind| Some(KindSums { kind: *kind, sums: *summary.by_kind.get(kind)? }))
            .collect(),
        largest: summary.largest,
        largest_reserved: summary.largest_reserved,
        tree: None,
    }
}

#[test]
fn a_reservation_as_text() {
    insta::assert_snapshot!(render(&inspection(), 100, false));
}

#[test]
fn a_tree_as_text() {
    let mut tree = ProcessTree { fd_memory: Some(Bytes(1 << 20)), ..ProcessTree::default() };
    for (pid, depth, problem) in [(1, 0, None), (2, 1, None), (3, 2, Some("a zombie"))] {
        let share = TreeShare { anonymous: Bytes(3 << 20), ..TreeShare::default() };
        tree.push(TreeProcess {
            pid,
            depth,
            name: "server".into(),
            resident: Some(Bytes(9 << 20)),
            footprint: Some(Footprint { anonymous: 4 << 20, ..Footprint::default() }),
            share: problem.is_none().then_some(share),
            problem: problem.map(str::to_owned),
        });
    }
    let inspection = Inspection { tree: Some(tree), ..inspection() };
    let text = render(&inspection, 80, false);
    let (_, tree) = text.split_once("with its descendants").expect("the title");
    insta::assert_snapshot!(tree);
}

#[test]
fn names_are_shortened_to_the_width() {
    let mut inspection = inspection();
    inspection.largest[0].name = "/a/very/long/path".repeat(30);
    let text = render(&inspection, 100, false);
    for line in text.lines().skip(2) {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

#[test]
fn escape_sequences_are_written_only_on_request() {
    assert!(!render(&inspection(), 100, false).contains('\x1b'));
    assert!(render(&inspection(), 100, true).contains("\x1b[1m"));
}

#[test]
fn missing_metrics_are_unknown() {
    let mut inspection = inspection();
    inspection.process.footprint = None;
    inspection.process.reserved = None;
    inspection.process.untouched = None;
    inspection.process.threads = None;
    inspection.process.mappings = None;
    inspection.kinds.clear();
    assert!(render(&inspection, 0, true).contains("unknown"));
}

#[test]
fn an_inspection_survives_json() {
    let inspection = inspection();
    let json = serde_json::to_string(&inspection).expect("plain data");
    assert_eq!(serde_json::from_str::<Inspection>(&json).expect("the same format"), inspection);
}

#[test]
fn bars_are_logarithmic() {
    let cells = |size| logarithmic(Bytes(size), Bytes(4096 << 20), 40);
    assert_eq!([0, 1, 4096, 8192, 4096 << 10, 4096 << 20].map(cells), [0, 1, 1, 2, 20, 40]);
}
