use std::sync::LazyLock;

use memcheck::Metric;
use memcheck::report::{Account, Frame, MetricReport, Outcome, Shape, Sites, TestId, Verdict};

use super::super::snippet;
use super::*;
use crate::sites::Workspace;

const SOURCE: &str = "pub struct Cache;\nimpl Cache {\n    pub fn fill(&mut self) {\n        self.map.insert(1, 2);\n    }\n}\n\nfn other() {\n    Box::leak(Box::new(1u64));\n}\n";

fn place(function: &str, file: &str, line: u32, column: u32) -> Place {
    Place {
        function: function.into(),
        file: Some(file.into()),
        line: Some(line),
        column: Some(column),
    }
}

fn site(kind: SiteKind, blocks: i64, bytes: i64, places: &[Place]) -> Site {
    let frame = |place: &Place| Frame { functions: vec![place.clone()], ..Frame::default() };
    Site {
        kind,
        grows: true,
        survived: Amount { blocks, bytes },
        stack: places.iter().map(frame).collect(),
        place: places.iter().find(|place| is_users(place)).cloned(),
    }
}

fn report(metric: Metric, sites: Vec<Site>) -> Report {
    let test = TestId {
        name: "tests::unbounded".into(),
        binary: "cache".into(),
        file: "src/lib.rs".into(),
        line: 9,
        column: 5,
    };
    let mut report = Report::unobserved(test, Outcome::Passed);
    report.verdict = Some(Verdict::Growing);
    report.iterations = 4_080;
    report.metrics = vec![MetricReport {
        metric,
        verdict: Verdict::Growing,
        shape: Shape::Growing,
        growth: 456_960,
        rate: 112.0,
        limit: None,
        sensitivity: None,
        windows: vec![vec![0, 112], vec![224, 448]],
    }];
    report.sites = Some(Sites { iterations: 8, grew_again: true, sites, ..Sites::default() });
    report
}

fn with_sources<T>(act: impl FnOnce(&Telling<'_>) -> T) -> T {
    with(Backtrace::Short, act)
}

fn with<T>(backtrace: Backtrace, act: impl FnOnce(&Telling<'_>) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("src")).unwrap();
    std::fs::write(folder.path().join("src/lib.rs"), SOURCE).unwrap();
    let workspace = LazyLock::new(|| Workspace::at(folder.path().to_owned()));
    act(&Telling::new(&workspace, std::iter::empty(), backtrace))
}

fn shown(report: &Report, telling: &Telling<'_>) -> String {
    let explained =
        diagnostics(report).iter().map(|of| explain(report, of, telling)).collect::<Vec<_>>();
    assert!(explained.iter().all(|explanation| explanation.has_sites));
    explained.iter().map(|of| snippet::plain(of, true)).collect()
}

/// What a growing map leaves, in a call chain through a closure.
fn map() -> Site {
    site(
        SiteKind::RustHeap,
        1,
        512,
        &[
            place("hashbrown::raw::RawTable<T>::reserve_rehash", "/rustc/1/mod.rs", 1, 1),
            place("cache::Cache::fill", "src/lib.rs", 4, 18),
            place("cache::tests::unbounded::{{closure}}", "src/lib.rs", 9, 5),
            place("cache::tests::unbounded", "src/lib.rs", 8, 1),
            place("test::run_test", "/rustc/1/lib.rs", 1, 1),
        ],
    )
}

#[test]
fn one_leak_fits_on_a_screen() {
    let text = with_sources(|telling| shown(&report(Metric::HeapBytes, vec![map()]), telling));
    assert!(text.lines().count() <= 25);
    insta::assert_snapshot!(text, @r"
    error[heap-growth]: 112 B per iteration survive, in no new blocks: a container grows
     --> src/lib.rs:4:18
      |
    4 |         self.map.insert(1, 2);
      |                  ^^^^^^ 64 B per iteration, allocated here
      |
      = note: called from tests::unbounded, src/lib.rs:9
      = note: heap from window to window: 0 B → 224 B
      = note: over 4,080 iterations: heap +446 KiB
      = help: a map that keeps growing: remove what is no longer needed, or bound it
    ");
}

#[test]
fn several_leaks_are_shown_together_and_small_ones_summed() {
    let at = |bytes, line, column| {
        let place = place("cache::other", "src/lib.rs", line, column);
        site(SiteKind::RustHeap, 8, bytes, &[place])
    };
    let mut report = report(
        Metric::HeapBytes,
        vec![map(), at(640, 9, 15), at(64, 9, 5), at(32, 8, 1), at(16, 8, 4)],
    );
    if let Some(sites) = &mut report.sites {
        sites.notes.push("no debug information in `cache-1`".into());
        sites.accounts.push(Account {
            kind: SiteKind::RustHeap,
            growth: Amount { blocks: 25, bytes: 1300 },
            sites: Amount { blocks: 25, bytes: 1264 },
            older: Amount::default(),
            rest: Amount { blocks: 0, bytes: 36 },
        });
    }
    insta::assert_snapshot!(with_sources(|telling| shown(&report, telling)), @r"
    error[heap-growth]: 112 B per iteration survive, in no new blocks: a container grows
     --> src/lib.rs:9:15
      |
    4 |         self.map.insert(1, 2);
      |                  ------ 64 B per iteration, allocated here
    ...
    9 |     Box::leak(Box::new(1u64));
      |     --------- ^^^^^^^^ 80 B in 1 block per iteration, allocated here
      |     |
      |     8 B in 1 block per iteration, allocated here
      |
      = note: in the test tests::unbounded, src/lib.rs:9
      = note: and 2 more sites with 6 B in 2 blocks per iteration
      = note: of what was recorded, 36 B have no site: not every call can be seen
      = note: no debug information in `cache-1`
      = note: heap from window to window: 0 B → 224 B
      = note: over 4,080 iterations: heap +446 KiB
      = help: `leak` keeps what it is given until the process ends: keep it in one place and reuse it, or own it
    ");
}

#[test]
fn without_its_source_a_leak_still_has_its_place() {
    let gone = place("cache::gone", "src/gone.rs", 7, 9);
    let report = report(Metric::NativeBytes, vec![site(SiteKind::CHeap, 8, 64, &[gone])]);
    insta::assert_snapshot!(with_sources(|telling| shown(&report, telling)), @r"
    error[c-heap-growth]: 112 B per iteration survive on the C heap, in no new blocks: a container grows
    --> src/gone.rs:7:9
     = note: 8 B in 1 block per iteration, allocated here
     = note: in the test tests::unbounded, src/lib.rs:9
     = note: C heap from window to window: 0 B → 224 B
     = note: over 4,080 iterations: C heap +446 KiB
     = help: give it back with `free`, or with the function that the C library has for it
    ");
}

#[test]
fn without_debug_information_the_test_is_pointed_at() {
    let function = |name: &str| Place { function: name.into(), ..Place::default() };
    let mut leak = site(SiteKind::Thread, 8, 0, &[function("std::thread::spawn")]);
    leak.place = Some(function("cache::start"));
    let report = report(Metric::Threads, vec![leak]);
    insta::assert_snapshot!(with_sources(|telling| shown(&report, telling)), @r"
    error[thread-growth]: 112 threads are left running by every iteration
     --> src/lib.rs:9:5
      |
    9 |     Box::leak(Box::new(1u64));
      |     ^^^^^^^^^ 1 thread per iteration, started in `start`
      |
      = note: in the test tests::unbounded, src/lib.rs:9
      = note: threads from window to window: 0 → 224
      = note: over 4,080 iterations: threads +456,960
      = help: end the thread and join it: keep its `JoinHandle`, and let what it waits for end
    ");
}

#[test]
fn the_whole_stack_is_shown_by_request() {
    let report = report(Metric::HeapBytes, vec![map()]);
    let text = with(Backtrace::Full, |telling| shown(&report, telling));
    for line in
        ["reserve_rehash", "at /rustc/1/mod.rs:1", "3: cache::tests::unbounded", "test::run_test"]
    {
        assert!(text.contains(line), "{text}");
    }
    let short = with_sources(|telling| shown(&report, telling));
    assert!(!short.contains("rustc") && !short.contains("run_test"), "{short}");
}

#[test]
fn the_crate_of_a_test_on_no_stack_is_told_by_its_binary() {
    let mut report = report(Metric::HeapBytes, Vec::new());
    for (binary, name) in
        [("my-crate", "my_crate"), ("a::bin/my-tool", "my_tool"), ("a::it", "it"), ("", "")]
    {
        report.test.binary = binary.to_owned();
        assert_eq!(own_crate(&report), name);
    }
}

/// `[lib] name = "renamed"` in the package `cache`.
#[test]
fn a_library_with_another_name_than_its_package_is_told_without_it() {
    let mut site = map();
    for place in site.stack.iter_mut().flat_map(|frame| &mut frame.functions) {
        place.function = place.function.replace("cache::", "renamed::");
    }
    site.place = site.stack.iter().flat_map(|of| &of.functions).find(|of| is_users(of)).cloned();
    let text = with_sources(|telling| shown(&report(Metric::HeapBytes, vec![site]), telling));
    assert!(text.contains("note: called from tests::unbounded, src/lib.rs:9"), "{text}");
    assert!(!text.contains("renamed"), "{text}");
}

#[test]
fn a_function_of_a_dependency_is_not_taken_for_that_of_the_standard_library() {
    let places = [
        place("outside::leak", "/home/u/outside/src/lib.rs", 3, 5),
        place("cache::other", "src/lib.rs", 9, 5),
    ];
    let site = site(SiteKind::RustHeap, 8, 64, &places);
    let text = with_sources(|telling| shown(&report(Metric::HeapBytes, vec![site]), telling));
    assert!(text.contains("Box::leak(Box::new") && !text.contains("`leak` keeps"), "{text}");
    assert!(text.contains("allocated by outside::leak, outside/src/lib.rs:3"), "{text}");
    assert!(text.contains("help: `outside` allocates it"), "{text}");
}

/// What was run is not known any more; only when.
#[test]
fn a_source_that_is_newer_than_the_run_is_not_shown() {
    let of = report(Metric::HeapBytes, vec![map()]);
    with_sources(|telling| {
        let now = std::time::SystemTime::now();
        let hour = std::time::Duration::from_secs(3600);
        let since = |instant| telling.clone().of_runs_since(Some(instant));
        assert!(shown(&of, &since(now + hour)).contains("self.map.insert(1, 2);"));
        let text = shown(&of, &since(now - hour));
        assert!(!text.contains("self.map") && text.contains("--> src/lib.rs:4:18"), "{text}");
    });
}

#[test]
fn a_body_that_another_test_shares_is_told_as_that_of_this_test() {
    let leaks = |places: &[Place]| {
        let mut places = places.to_vec();
        places.push(place("core::ops::function::FnMut::call_mut", "/rustc/1/core.rs", 1, 1));
        places.push(place("memcheck::check::workload::Workload::iterate", "/m/workload.rs", 1, 1));
        let sites = vec![site(SiteKind::RustHeap, 8, 512, &places)];
        let report = report(Metric::HeapBytes, sites);
        with_sources(|telling| shown(&report, telling))
    };
    let inner = place("cache::fill", "src/lib.rs", 4, 9);
    let text = leaks(&[inner.clone(), place("cache::tests::same::same", "src/lib.rs", 30, 5)]);
    assert!(text.contains("called from tests::unbounded, src/lib.rs:9\n"), "{text}");
    assert!(!text.contains("same"), "{text}");
    // A function that the body calls is told as itself.
    let text = leaks(&[
        inner,
        place("cache::run::run", "src/lib.rs", 20, 5),
        place("cache::tests::unbounded::unbounded", "src/lib.rs", 12, 5),
    ]);
    assert!(text.contains("called from run::run, src/lib.rs:20\n"), "{text}");
    assert!(text.contains("from tests::unbounded, src/lib.rs:12\n"), "{text}");
}
