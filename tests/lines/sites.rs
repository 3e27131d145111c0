//! The reported line is the one that leaks, in debug and in release with `debug = 1`. The sources mark
//! the lines that leak.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::support::{Output, Project};
use serde_json::Value;

const LEAKS: &str = include_str!("../fixtures/sites/leaks.rs");
const NATIVE: &str = include_str!("../fixtures/sites/native.c");

/// Tests that leak something other than heap, and the kind of the sites.
const NOT_HEAP: [(&str, &str); 3] =
    [("mapping", "mapping"), ("thread", "thread"), ("descriptor", "descriptor")];

/// The marked lines: file and line, by test.
fn marked() -> BTreeMap<&'static str, (&'static str, u64)> {
    let mut marked = BTreeMap::new();
    for (file, text) in [("src/lib.rs", LEAKS), ("c/native.c", NATIVE)] {
        for (at, line) in text.lines().enumerate() {
            if let Some((_, name)) = line.split_once("// LEAKS: ") {
                marked.insert(name, (file, at as u64 + 1));
            }
        }
    }
    marked
}

fn project(name: &str) -> Project {
    Project::new(name)
        .env("RUST_BACKTRACE", "0")
        .library_features(&["tokio"])
        .manifest_extra("libc = \"0.2.160\"\n")
        .manifest_extra("\n[profile.release]\ndebug = 1\n")
        .file("build.rs", include_str!("../fixtures/sites/build.rs"))
        .file("c/native.c", NATIVE)
        .file("src/lib.rs", LEAKS)
}

/// One run with its messages.
struct Run {
    lines: Vec<Value>,
    output: Output,
}

impl Run {
    fn of(project: &Project, arguments: &[&str]) -> Self {
        let all = [&["--message-format=json"], arguments].concat();
        let output = project.memcheck(&all).code(100);
        let read = |line: &str| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
        };
        Run { lines: output.stdout.lines().map(read).collect(), output }
    }

    fn report(&self, test: &str) -> &Value {
        let of_test = |line: &&Value| line["report"]["test"]["name"] == test;
        let found = self.lines.iter().find(of_test);
        &found.unwrap_or_else(|| panic!("no {test}: {}", self.output.stderr))["report"]
    }
}

/// Locations of the growing sites of a test, of one kind if it is given.
fn places<'a>(report: &'a Value, kind: Option<&str>) -> Vec<(&'a str, u64)> {
    let sites = report["sites"]["sites"].as_array().map(Vec::as_slice).unwrap_or_default();
    let growing = sites
        .iter()
        .filter(|site| site["grows"] == true && kind.is_none_or(|kind| site["kind"] == kind));
    growing
        .map(|site| {
            let place = &site["place"];
            (place["file"].as_str().unwrap_or_default(), place["line"].as_u64().unwrap_or_default())
        })
        .collect()
}

/// Checks that the sites explain the whole growth: that of `kind`, or that of both heaps.
#[track_caller]
fn assert_all_growth_is_explained(test: &str, report: &Value, kind: Option<&str>) {
    let nothing = serde_json::json!({ "blocks": 0, "bytes": 0 });
    let accounts = report["sites"]["accounts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut of_kind = accounts.iter().filter(|account| match kind {
        Some(kind) => account["kind"] == kind,
        None => ["rust-heap", "c-heap"].iter().any(|heap| account["kind"] == *heap),
    });
    let mut grew = false;
    assert!(
        of_kind.all(|account| {
            grew |= account["growth"] != nothing;
            account["rest"] == nothing
        }),
        "{test}: {accounts:?}"
    );
    assert!(grew, "{test}: {accounts:?}");
}

static PROJECT: LazyLock<Project> = LazyLock::new(|| project("lines"));
static DEBUG: LazyLock<Run> = LazyLock::new(|| Run::of(&PROJECT, &[]));
static RELEASE: LazyLock<Run> = LazyLock::new(|| Run::of(&PROJECT, &["--release"]));

#[track_caller]
fn assert_marked_lines_are_reported(run: &Run) {
    let mut wrong = Vec::new();
    let marked = marked();
    assert_eq!(marked.len(), 21);
    for (test, expected) in marked {
        let report = run.report(test);
        // A running thread also keeps memory that std allocates, on no line of the crate.
        let not_heap = NOT_HEAP.iter().find(|(name, _)| *name == test);
        let found = places(report, not_heap.map(|(_, kind)| *kind));
        if let Some((_, kind)) = not_heap {
            let accounts = report["sites"]["accounts"].as_array().expect("kinds were recorded");
            if !accounts.iter().any(|account| account["kind"] == *kind) {
                // A kind that is not recorded has no site, and a note names the metric.
                let notes = report["sites"]["notes"].to_string();
                assert!(notes.contains("has no site"), "{test}: {notes}");
                continue;
            }
        }
        assert_all_growth_is_explained(test, report, not_heap.map(|(_, kind)| *kind));
        if found.first() != Some(&expected) || found.iter().any(|place| *place != expected) {
            wrong.push(format!("{test}: {expected:?}, found {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_reported_line_is_the_leaking_one_in_debug() {
    assert_marked_lines_are_reported(&DEBUG);
}

#[test]
#[ignore = "slow: run by .ci/run"]
fn the_reported_line_is_the_leaking_one_in_release() {
    assert_marked_lines_are_reported(&RELEASE);
}

#[test]
fn a_leak_is_printed_like_a_compiler_error() {
    let output = PROJECT.memcheck(&["--exact", "inlined_closure"]).code(100);
    let text = output.redacted();
    let details = text.split_once("\n\n").expect("details follow the lines").1;
    assert!(details.lines().count() <= 25, "{details}");
    // The footprint varies, and so does what libtest allocated before the first window.
    let filters = [
        (r"resident [+-][0-9.]+ [KM]?i?B", "resident <size>"),
        (r"window to window: .*", "window to window: <floors>"),
    ];
    insta::with_settings!({ filters => filters }, { insta::assert_snapshot!(text) });
}

#[test]
fn json_messages_can_be_read_as_messages_of_cargo() {
    use cargo_metadata::Message;
    let messages: Result<Vec<Message>, _> =
        Message::parse_stream(DEBUG.output.stdout.as_bytes()).collect();
    let messages = messages.expect("cargo's own parser reads them");
    let expected = marked()["growing_vec"];
    let found = messages.iter().find_map(|message| match message {
        Message::CompilerMessage(message) => {
            let span = message.message.spans.first()?;
            let is_it = (span.file_name.as_str(), span.line_start as u64) == expected;
            is_it.then_some((message, span))
        }
        _ => None,
    });
    let (message, span) = found.expect("the leak has a message");
    assert_eq!(message.target.name, "lines");
    assert!(message.package_id.repr.contains("lines"));
    assert_eq!(message.message.code.as_ref().map(|code| code.code.as_str()), Some("heap-growth"));
    assert!(span.is_primary && span.text[0].text.contains(".push(black_box(1))"));
    assert_eq!((span.column_start, span.column_end), (10, 14));
    let rendered = message.message.rendered.as_deref().unwrap_or_default();
    assert!(rendered.contains("--> src/lib.rs:") && !rendered.contains('\x1b'), "{rendered}");
}

#[test]
fn the_flame_graph_has_the_stacks_of_a_leak() {
    let path = PROJECT.path().join("leaks.svg");
    let path = path.to_str().expect("the folder has a plain name");
    PROJECT.memcheck(&["--flamegraph", path, "--exact", "rc_cycle"]).code(100);
    let text = std::fs::read_to_string(path).expect("it was written");
    for word in ["<svg", "lines rc_cycle", "lines::cycle", "bytes"] {
        assert!(text.contains(word), "{word} is not in the picture");
    }

    // A flame graph that cannot be written is an error before the run.
    let output = PROJECT.memcheck(&["--flamegraph", "/dev/null/a.svg", "--exact", "rc_cycle"]);
    let output = output.code(2);
    assert!(output.stdout.is_empty(), "{}", output.stdout);
    let error = output.error();
    assert!(error.contains("/dev/null/a.svg") && error.contains("--flamegraph"), "{error}");
}

#[test]
fn backtrace_full_shows_the_whole_stack() {
    let short = PROJECT.memcheck(&["--exact", "rc_cycle"]).code(100).stdout;
    assert!(!short.contains("/library/"), "{short}");
    let full = PROJECT.memcheck(&["--exact", "rc_cycle", "--backtrace=full"]).code(100).stdout;
    assert!(full.contains("/library/") && full.contains("full call stack:"), "{full}");
}
