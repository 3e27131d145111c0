use super::*;
use crate::process::growth::tests::snapshot;
use crate::process::inspection::{INSPECTION_VERSION, KindSums, sentence};
use crate::process::survey::Survey;
use crate::process::{Footprint, Kind, ThreadGroup, TreeProcess, TreeShare};

/// A 64-bit Go 1.4 program in miniature: two inaccessible mappings are nearly all of its size.
const GO: &str = "\
00400000-00600000 r-xp 00000000 fe:00 77 /tmp/hello world
Size: 2048 kB\nRss: 900 kB\nPss: 900 kB\nPrivate_Clean: 900 kB\nVmFlags: rd ex mr mw me
c000000000-c000100000 rw-p 00000000 00:00 0 \nSize: 1024 kB\nRss: 500 kB\nPss: 500 kB
Private_Dirty: 500 kB\nAnonymous: 500 kB\nLazyFree: 0 kB\nSwap: 0 kB\nVmFlags: rd wr mr mw me ac
c000100000-c200000000 ---p 00000000 00:00 0 \nSize: 8387584 kB\nRss: 0 kB\nVmFlags: mr mw me nr
d000000000-f000000000 ---p 00000000 00:00 0 \nSize: 134217728 kB\nRss: 0 kB\nVmFlags: mr mw me nr
";

fn inspection() -> Inspection {
    let survey = Survey::read(GO.as_bytes(), Vec::new(), 3, |_| {}).expect("a slice");
    let mut process = snapshot();
    process.pid = 4242;
    process.name = "hello\x1b[31m".into();
    process.footprint = Some(Footprint {
        anonymous: survey.total.anonymous.0,
        page_tables: 44 << 10,
        ..Footprint::default()
    });
    process.resident = Some(survey.total.resident);
    process.unique = Some(survey.total.unique);
    process.proportional = Some(survey.total.proportional);
    process.reserved = Some(survey.total.reserved);
    process.committed = Some(survey.committed());
    process.untouched = Some(survey.total.untouched);
    process.page_cache = Some(survey.total.page_cache);
    process.virtual_size = Some(survey.total.virtual_size);
    process.mappings = Some(survey.total.mappings);
    process.threads = Some(vec![
        ThreadGroup { name: "hello".into(), count: 1 },
        ThreadGroup { name: "worker".into(), count: 4 },
    ]);
    process.notes = survey.notes.clone();
    Inspection {
        version: INSPECTION_VERSION,
        sentence: sentence(&process),
        command: vec!["/tmp/hello world".into(), "--flag".into()],
        process,
        kinds: Kind::ALL
            .iter()
            .filter_map(|kind| Some(KindSums { kind: *kind, sums: *survey.by_kind.get(kind)? }))
            .collect(),
        largest: survey.largest,
        largest_reserved: survey.largest_reserved,
        tree: None,
    }
}

#[test]
fn a_reservation_as_text() {
    insta::assert_snapshot!(render(&inspection(), 100, false));
}

#[test]
fn a_tree_as_text() {
    let mut tree = Tree { fd_memory: Some(Bytes(1 << 20)), ..Tree::default() };
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
    let (_, tree) = text.split_once("with its descendants").expect("its title");
    insta::assert_snapshot!(tree);
}

#[test]
fn no_line_is_wider_than_asked_but_its_numbers() {
    let mut inspection = inspection();
    inspection.largest[0].name = "/a/very/long/path".repeat(30);
    let text = render(&inspection, 100, false);
    for line in text.lines().skip(2) {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

#[test]
fn colour_is_only_sent_when_asked_for() {
    assert!(!render(&inspection(), 100, false).contains('\x1b'));
    assert!(render(&inspection(), 100, true).contains("\x1b[1m"));
}

#[test]
fn survives_metrics_that_are_missing() {
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
fn goes_through_json() {
    let inspection = inspection();
    let json = serde_json::to_string(&inspection).expect("plain data");
    assert_eq!(serde_json::from_str::<Inspection>(&json).expect("what we wrote"), inspection);
}

#[test]
fn bars_are_logarithmic() {
    let cells = |size| logarithmic(Bytes(size), Bytes(4096 << 20), 40);
    assert_eq!([0, 1, 4096, 8192, 4096 << 10, 4096 << 20].map(cells), [0, 1, 1, 2, 20, 40]);
}
