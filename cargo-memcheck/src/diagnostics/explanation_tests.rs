use std::sync::LazyLock;

use memcheck::Metric;
use memcheck::tool::report::{
    Account, Frame, MetricReport, Outcome, Shape, Sites, TestId, Verdict,
};

use super::super::snippet;
use super::*;
use crate::symbolize::Workspace;

const SOURCE: &str = "pub struct Cache;\nimpl Cache {\n    pub fn fill(&mut self) {\n        self.map.insert(1, 2);\n    }\n}\n\nfn other() {\n    Box::leak(Box::new(1u64));\n}\n";

fn place(function: &str, file: &str, line: u32, column: u32) -> SourceLocation {
    SourceLocation {
        function: function.into(),
        file: Some(file.into()),
        line: Some(line),
        column: Some(column),
    }
}

fn site(kind: SiteKind, blocks: i64, bytes: i64, places: &[SourceLocation]) -> Site {
    let frame =
        |place: &SourceLocation| Frame { functions: vec![place.clone()], ..Frame::default() };
    Site {
        kind,
        grows: true,
        survived: Amount { blocks, bytes },
        stack: places.iter().map(frame).collect(),
        place: places.iter().find(|place| is_users(place)).cloned(),
    }
}

fn report(metric: Metric, sites: Vec<Site>) -> Report {
    let test = TestId::new("tests::unbounded", "cache").at("src/lib.rs", 9, 5);
    let mut report = Report::unobserved(test, Outcome::Passed);
    report.verdict = Some(Verdict::Growing);
    report.iterations = 4_080;
    let mut grows = MetricReport::new(metric, Verdict::Growing, Shape::Growing);
    (grows.growth, grows.rate) = (456_960, 112.0);
    grows.windows = vec![vec![0, 112], vec![224, 448]];
    report.metrics = vec![grows];
    report.sites = Some(Sites { iterations: 8, grew_again: true, sites, ..Sites::default() });
    report
}

fn with_sources<T>(act: impl FnOnce(&Context<'_>) -> T) -> T {
    with(Backtrace::Short, act)
}

fn with<T>(backtrace: Backtrace, act: impl FnOnce(&Context<'_>) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("src")).unwrap();
    std::fs::write(folder.path().join("src/lib.rs"), SOURCE).unwrap();
    let workspace = LazyLock::new(|| Workspace::at(folder.path().to_owned()));
    act(&Context::new(&workspace, std::iter::empty(), backtrace))
}

fn shown(report: &Report, context: &Context<'_>) -> String {
    let explained =
        diagnostics(report).iter().map(|of| explain(report, of, context)).collect::<Vec<_>>();
    assert!(explained.iter().all(|explanation| explanation.has_sites));
    explained.iter().map(|of| snippet::plain(of, true)).collect()
}

/// The site of a growing map, called through a closure.
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
fn an_explanation_fits_on_a_screen() {
    let text = with_sources(|context| shown(&report(Metric::HeapBytes, vec![map()]), context));
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
      = help: the map keeps growing: remove entries that are no longer needed, or limit its size
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
    insta::assert_snapshot!(with_sources(|context| shown(&report, context)), @r"
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
      = note: 36 B of what was recorded have no site: not every call can be recorded
      = note: no debug information in `cache-1`
      = note: heap from window to window: 0 B → 224 B
      = note: over 4,080 iterations: heap +446 KiB
      = help: `leak` keeps its value until the process ends: create the value once and reuse it, or own it
    ");
}

#[test]
fn a_leak_without_source_has_its_place() {
    let gone = place("cache::gone", "src/gone.rs", 7, 9);
    let report = report(Metric::NativeBytes, vec![site(SiteKind::CHeap, 8, 64, &[gone])]);
    insta::assert_snapshot!(with_sources(|context| shown(&report, context)), @r"
    error[c-heap-growth]: 112 B per iteration survive on the C heap, in no new blocks: a container grows
    --> src/gone.rs:7:9
     = note: 8 B in 1 block per iteration, allocated here
     = note: in the test tests::unbounded, src/lib.rs:9
     = note: C heap from window to window: 0 B → 224 B
     = note: over 4,080 iterations: C heap +446 KiB
     = help: free it with `free`, or with the matching function of the C library
    ");
}

#[test]
fn without_debug_information_the_report_points_at_the_test() {
    let function =
        |name: &str| SourceLocation { function: name.into(), ..SourceLocation::default() };
    let mut leak = site(SiteKind::Thread, 8, 0, &[function("std::thread::spawn")]);
    leak.place = Some(function("cache::start"));
    let report = report(Metric::Threads, vec![leak]);
    insta::assert_snapshot!(with_sources(|context| shown(&report, context)), @r"
    error[thread-growth]: 112 threads are left running by every iteration
     --> src/lib.rs:9:5
      |
    9 |     Box::leak(Box::new(1u64));
      |     ^^^^^^^^^ 1 thread per iteration, started in `start`
      |
      = note: in the test tests::unbounded, src/lib.rs:9
      = note: threads from window to window: 0 → 224
      = note: over 4,080 iterations: threads +456,960
      = help: end the thread and join it: keep its `JoinHandle`, and end what it waits for
    ");
}

#[test]
fn backtrace_full_shows_the_full_call_stack() {
    let report = report(Metric::HeapBytes, vec![map()]);
    let text = with(Backtrace::Full, |context| shown(&report, context));
    for line in
        ["reserve_rehash", "at /rustc/1/mod.rs:1", "3: cache::tests::unbounded", "test::run_test"]
    {
        assert!(text.contains(line), "{text}");
    }
    let short = with_sources(|context| shown(&report, context));
    assert!(!short.contains("rustc") && !short.contains("run_test"), "{short}");
}

#[test]
fn without_stacks_the_binary_id_gives_the_crate() {
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
fn the_name_of_a_renamed_library_is_not_shown() {
    let mut site = map();
    for place in site.stack.iter_mut().flat_map(|frame| &mut frame.functions) {
        place.function = place.function.replace("cache::", "renamed::");
    }
    site.place = site.stack.iter().flat_map(|of| &of.functions).find(|of| is_users(of)).cloned();
    let text = with_sources(|context| shown(&report(Metric::HeapBytes, vec![site]), context));
    assert!(text.contains("note: called from tests::unbounded, src/lib.rs:9"), "{text}");
    assert!(!text.contains("renamed"), "{text}");
}

#[test]
fn a_function_of_a_dependency_is_not_mistaken_for_one_of_std() {
    let places = [
        place("outside::leak", "/home/u/outside/src/lib.rs", 3, 5),
        place("cache::other", "src/lib.rs", 9, 5),
    ];
    let site = site(SiteKind::RustHeap, 8, 64, &places);
    let text = with_sources(|context| shown(&report(Metric::HeapBytes, vec![site]), context));
    assert!(text.contains("Box::leak(Box::new") && !text.contains("`leak` keeps"), "{text}");
    assert!(text.contains("allocated by outside::leak, outside/src/lib.rs:3"), "{text}");
    assert!(text.contains("help: `outside` allocates it"), "{text}");
}

/// For earlier runs, only the time is known.
#[test]
fn a_source_that_is_newer_than_the_run_is_not_shown() {
    let of = report(Metric::HeapBytes, vec![map()]);
    with_sources(|context| {
        let now = std::time::SystemTime::now();
        let hour = std::time::Duration::from_secs(3600);
        let since = |instant| context.clone().of_runs_since(Some(instant));
        assert!(shown(&of, &since(now + hour)).contains("self.map.insert(1, 2);"));
        let text = shown(&of, &since(now - hour));
        assert!(!text.contains("self.map") && text.contains("--> src/lib.rs:4:18"), "{text}");
    });
}

#[test]
fn a_body_merged_with_another_test_is_shown_as_this_test() {
    let leaks = |places: &[SourceLocation]| {
        let mut places = places.to_vec();
        places.push(place("core::ops::function::FnMut::call_mut", "/rustc/1/core.rs", 1, 1));
        places.push(place("memcheck::worker::workload::Workload::iterate", "/m/workload.rs", 1, 1));
        let sites = vec![site(SiteKind::RustHeap, 8, 512, &places)];
        let report = report(Metric::HeapBytes, sites);
        with_sources(|context| shown(&report, context))
    };
    let inner = place("cache::fill", "src/lib.rs", 4, 9);
    let text = leaks(&[inner.clone(), place("cache::tests::same::same", "src/lib.rs", 30, 5)]);
    assert!(text.contains("called from tests::unbounded, src/lib.rs:9\n"), "{text}");
    assert!(!text.contains("same"), "{text}");
    // A function that the body calls keeps its name.
    let text = leaks(&[
        inner,
        place("cache::run::run", "src/lib.rs", 20, 5),
        place("cache::tests::unbounded::unbounded", "src/lib.rs", 12, 5),
    ]);
    assert!(text.contains("called from run::run, src/lib.rs:20\n"), "{text}");
    assert!(text.contains("from tests::unbounded, src/lib.rs:12\n"), "{text}");
}
