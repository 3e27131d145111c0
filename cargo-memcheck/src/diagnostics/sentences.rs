//! Sentences about sites.

use memcheck::tool::render::count;
use memcheck::tool::report::{Account, Amount, SiteKind, SourceLocation};
use memcheck::tool::units::{every, scaled};

use crate::symbolize::{DependencyFrames, readable, short_file};

/// The surviving amount per iteration: `64 B in 1 block per iteration`.
pub(super) fn rate(kind: SiteKind, survived: Amount, iterations: u64) -> String {
    let per_iteration = |amount: i64| amount as f64 / iterations.max(1) as f64;
    let (blocks, bytes) = (per_iteration(survived.blocks), per_iteration(survived.bytes));
    let noun = noun(kind);
    match (survived.bytes, survived.blocks) {
        (0, _) if blocks >= 1.0 => format!("{} per iteration", count(blocks, noun)),
        (0, _) => format!("1 {noun} in {}", every(1.0 / blocks.max(1e-9))),
        _ if blocks >= 1.0 => {
            format!("{} in {} per iteration", scaled(bytes), count(blocks, noun))
        }
        // A single block can be the buffer of a container, which is replaced as it grows.
        (_, ..2) => format!("{} per iteration", scaled(bytes)),
        _ => format!("1 {noun} of {} in {}", scaled(bytes / blocks), every(1.0 / blocks)),
    }
}

fn noun(kind: SiteKind) -> &'static str {
    match kind {
        SiteKind::RustHeap | SiteKind::CHeap => "block",
        SiteKind::Mapping => "mapping",
        SiteKind::Thread => "thread",
        SiteKind::Descriptor => "file descriptor",
        SiteKind::Child => "child process",
    }
}

fn verb(kind: SiteKind) -> &'static str {
    match kind {
        SiteKind::Mapping => "mapped",
        SiteKind::Thread | SiteKind::Child => "started",
        SiteKind::Descriptor => "opened",
        SiteKind::RustHeap | SiteKind::CHeap => "allocated",
    }
}

/// The label of a line: how much, and what happens there. If the line is only that of the test, `function`
/// is the function that allocates.
pub(super) fn label(
    kind: SiteKind,
    survived: Amount,
    iterations: u64,
    function: Option<&str>,
) -> String {
    let (rate, verb) = (rate(kind, survived, iterations), verb(kind));
    match function {
        None => format!("{rate}, {verb} here"),
        Some("") => format!("{rate}, {verb} in a call of this test"),
        Some(function) => format!("{rate}, {verb} in `{function}`"),
    }
}

/// The label of a line that spawns tasks. Each task is a block.
pub(super) fn task_label(survived: Amount, iterations: u64, function: Option<&str>) -> String {
    let each = survived.blocks as f64 / iterations.max(1) as f64;
    let rate = match each {
        1.0.. => format!("{} per iteration", count(each, "task")),
        _ => format!("1 task in {}", every(1.0 / each.max(1e-9))),
    };
    match function {
        None => format!("{rate}, spawned here"),
        Some("") => format!("{rate}, spawned in a call of this test"),
        Some(function) => format!("{rate}, spawned in `{function}`"),
    }
}

/// A call in a chain of calls.
pub(super) fn at(function: &str, place: &SourceLocation) -> String {
    let file = place.file.as_deref().map(short_file);
    match (file, place.line) {
        (Some(file), Some(line)) => format!("{function}, {file}:{line}"),
        (Some(file), None) => format!("{function}, {file}"),
        _ => function.to_owned(),
    }
}

/// The function of a dependency that makes what leaks: `allocated by lru::LruCache::put,
/// lru-0.6.2/src/lib.rs:120`.
pub(super) fn made_by(kind: SiteKind, frames: &DependencyFrames<'_>) -> Option<String> {
    let named = |place: &SourceLocation| at(&readable(&place.function, None), place);
    let by = match (frames.c, frames.rust) {
        (Some(c), Some(rust)) => format!("{}, called from {}", c.function, named(rust)),
        (None, Some(rust)) => named(rust),
        (Some(c), None) => c.function.clone(),
        (None, None) => return None,
    };
    let called = frames.caller.map(named).map_or_else(String::new, |of| format!(", for {of}"));
    Some(format!("{} by {by}{called}", verb(kind)))
}

/// The function of a dependency that calls the user's code: `called by spin::Once::call_once,
/// spin-0.5.2/src/once.rs:81`.
pub(super) fn called_by(frames: &DependencyFrames<'_>) -> Option<String> {
    let place = frames.calls_user?;
    Some(format!("called by {}", at(&readable(&place.function, None), place)))
}

/// Help for a value of the user's code that a dependency may have lost.
pub(super) fn calling_help(frames: &DependencyFrames<'_>) -> Option<String> {
    let name = frames.calling()?;
    Some(format!(
        "`{name}` calls the code that allocates it: if your code does not keep the value, look for a version of `{name}` that drops it"
    ))
}

/// Help for a leak in a dependency: the fault can be in the dependency that the user calls or in the one
/// that it calls.
pub(super) fn dependency_help(kind: SiteKind, frames: &DependencyFrames<'_>) -> Option<String> {
    let inner = frames.dependency()?;
    let name = match frames.called() {
        Some(called) => format!("`{called}`, through `{inner}`,"),
        None => format!("`{inner}`"),
    };
    let (does, undo) = match kind {
        SiteKind::Mapping => ("maps", "unmaps"),
        SiteKind::Thread => ("starts", "ends"),
        SiteKind::Descriptor => ("opens", "closes"),
        SiteKind::Child => ("starts", "waits for"),
        SiteKind::RustHeap | SiteKind::CHeap => ("allocates", "frees"),
    };
    Some(format!(
        "{name} {does} it: drop the values that it returns; if your code keeps none, look for a version that {undo} it"
    ))
}

/// The leaks that are not shown: `and 3 more sites with 48 B in 3 blocks per iteration`.
pub(super) fn more(kind: SiteKind, sites: usize, survived: Amount, iterations: u64) -> String {
    let sites = count(sites as f64, "more site");
    format!("and {sites} with {}", rate(kind, survived, iterations))
}

/// What the sites do not explain.
pub(super) fn unattributed(account: &Account) -> Option<String> {
    let Amount { blocks, bytes } = account.rest;
    // The kernel joins adjacent mappings, so there can be fewer mappings than calls.
    if blocks <= 0 && bytes <= 0 {
        return None;
    }
    let sizes = match bytes {
        0 => count(blocks as f64, noun(account.kind)),
        _ if blocks == 0 => scaled(bytes as f64),
        _ => format!("{} in {}", scaled(bytes as f64), count(blocks as f64, noun(account.kind))),
    };
    Some(format!("{sizes} of what was recorded have no site: not every call can be recorded"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_have_an_amount_and_a_verb() {
        let amount = |blocks, bytes| Amount { blocks, bytes };
        let heap = SiteKind::RustHeap;
        for (kind, survived, function, expected) in [
            (heap, amount(8, 512), None, "64 B in 1 block per iteration, allocated here"),
            (heap, amount(4, 512), None, "1 block of 128 B in every 2 iterations, allocated here"),
            (heap, amount(1, 512), None, "64 B per iteration, allocated here"),
            (SiteKind::Thread, amount(2, 0), None, "1 thread in every 4 iterations, started here"),
            (heap, amount(0, 64), None, "8 B per iteration, allocated here"),
            (SiteKind::Thread, amount(8, 0), None, "1 thread per iteration, started here"),
            (
                SiteKind::Descriptor,
                amount(16, 0),
                None,
                "2 file descriptors per iteration, opened here",
            ),
            (SiteKind::Child, amount(16, 0), None, "2 child processes per iteration, started here"),
            (
                SiteKind::Mapping,
                amount(8, 32768),
                None,
                "4 KiB in 1 mapping per iteration, mapped here",
            ),
            (heap, amount(8, 8), Some("a::b"), "1 B in 1 block per iteration, allocated in `a::b`"),
            (
                heap,
                amount(8, 8),
                Some(""),
                "1 B in 1 block per iteration, allocated in a call of this test",
            ),
        ] {
            assert_eq!(label(kind, survived, 8, function), expected);
        }
        assert_eq!(
            more(heap, 3, amount(24, 384), 8),
            "and 3 more sites with 48 B in 3 blocks per iteration"
        );
    }

    #[test]
    fn labels_of_tasks() {
        let amount = |blocks| Amount { blocks, bytes: blocks * 128 };
        assert_eq!(task_label(amount(8), 8, None), "1 task per iteration, spawned here");
        assert_eq!(
            task_label(amount(2), 8, Some("a::b")),
            "1 task in every 4 iterations, spawned in `a::b`"
        );
        assert_eq!(
            task_label(amount(16), 8, Some("")),
            "2 tasks per iteration, spawned in a call of this test"
        );
    }

    #[test]
    fn unexplained_growth_is_mentioned() {
        let account = |rest| Account {
            kind: SiteKind::CHeap,
            growth: Amount::default(),
            sites: Amount::default(),
            older: Amount::default(),
            rest,
        };
        assert_eq!(unattributed(&account(Amount::default())), None);
        assert_eq!(
            unattributed(&account(Amount { blocks: 2, bytes: 96 })).as_deref(),
            Some(
                "96 B in 2 blocks of what was recorded have no site: not every call can be recorded"
            )
        );
    }
}
