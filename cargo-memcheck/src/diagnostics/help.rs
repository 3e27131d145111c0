//! Help for a leak. A call stack shows how memory was allocated, not why it was not freed, so help that the
//! stack does not prove is worded as a possibility.

use memcheck::tool::report::{SiteKind, SourceLocation};

/// Functions of the standard library that keep a value forever, found in the source line.
const KEPT: [(&[&str], &str); 4] = [
    (
        &["Box::leak(", "Vec::leak(", "String::leak(", ".leak()"],
        "`leak` keeps its value until the process ends: create the value once and reuse it, or own it",
    ),
    (
        &["mem::forget(", "forget("],
        "`mem::forget` prevents the drop of its value: drop the value, or keep its owner",
    ),
    (
        &["Box::into_raw(", "Rc::into_raw(", "Arc::into_raw(", "CString::into_raw(", ".into_raw()"],
        "only `from_raw` frees a pointer from `into_raw`: call it when the pointer is no longer used",
    ),
    (&["ManuallyDrop::new("], "only `ManuallyDrop::drop` drops the value in a `ManuallyDrop`"),
];

const THREAD: &str =
    "a thread keeps its memory until it ends and is joined: keep the `JoinHandle` and call `join`";
const C_THREAD: &str = "a thread keeps its stack and this block until it ends and is joined or detached: call `pthread_join` or `pthread_detach`";

/// Help that follows from a function between the user's line and the allocator.
struct CallHelp {
    /// The start of the function's name. With `::` in front, a part of it. With `.rs` or `/` at the end, a
    /// part of its file name, because inlined functions often have no path.
    names: &'static [&'static str],
    /// Whether the help only applies if new blocks are rare: a container grows without new blocks; a new
    /// block in each iteration can be anything.
    grows: bool,
    help: &'static str,
}

const CYCLE: &str = "an `Rc` or `Arc` stays while a clone of it exists: drop the clones, or, if they form a cycle, replace one of them with `Weak`";

/// Whether a function is part of the start of a thread.
pub(super) fn starts_a_thread(place: &SourceLocation) -> bool {
    let of_threads = |call: &&CallHelp| [THREAD, C_THREAD].contains(&call.help);
    CERTAIN.iter().filter(of_threads).any(|call| call.is_in(place))
}

/// Help for functions with only one purpose. The first match wins.
const CERTAIN: [CallHelp; 5] = [
    CallHelp {
        names: &["tokio::runtime::task::", "/src/runtime/task/"],
        grows: false,
        help: "a task keeps its memory until it ends: await or abort its handle, and end what it waits for",
    },
    CallHelp {
        names: &[
            "std::thread::spawn",
            "std::thread::Builder",
            "std::thread::builder",
            "std::thread::functions::spawn",
            "std/src/thread/builder.rs",
            "std/src/thread/lifecycle.rs",
        ],
        grows: false,
        help: THREAD,
    },
    // Threads of the standard library match above.
    CallHelp { names: &["pthread_create"], grows: false, help: C_THREAD },
    CallHelp {
        names: &["::mpsc::", "::mpmc::", "crossbeam_channel::", "flume::", "/mpsc/", "/mpmc/"],
        grows: false,
        help: "messages that are never received stay in the channel: receive them, drop the receiver, or bound the channel",
    },
    CallHelp {
        names: &["alloc::ffi::c_str::CString", "alloc/src/ffi/c_str.rs"],
        grows: false,
        help: "only `CString::from_raw` frees a `CString` pointer from `into_raw`",
    },
];

/// Likely help if nothing else matches. The first match wins.
const LIKELY: [CallHelp; 4] = [
    CallHelp {
        names: &["alloc::rc::", "alloc::sync::", "alloc/src/rc.rs", "alloc/src/sync.rs"],
        grows: false,
        help: CYCLE,
    },
    CallHelp {
        names: &[
            "hashbrown::",
            "std::collections::hash::",
            "indexmap::",
            "std/src/collections/hash/",
        ],
        grows: true,
        help: "the map keeps growing: remove entries that are no longer needed, or limit its size",
    },
    CallHelp {
        names: &["alloc::collections::", "alloc/src/collections/"],
        grows: true,
        help: "the collection keeps growing: remove elements that are no longer needed, or limit its size",
    },
    CallHelp {
        names: &["alloc::raw_vec::", "alloc/src/raw_vec/", "alloc/src/raw_vec.rs"],
        grows: true,
        help: "the `Vec` or `String` keeps growing: clear or drain it, or limit its size",
    },
];

impl CallHelp {
    fn is_in(&self, place: &SourceLocation) -> bool {
        let function = place.function.as_str();
        let start = function.trim_start_matches(['<', '&']);
        self.names.iter().any(|name| match name {
            file if file.ends_with(".rs") || file.ends_with('/') => {
                place.file.as_deref().is_some_and(|of| of.contains(file))
            }
            part if part.starts_with("::") => function.contains(part),
            prefix => start.starts_with(prefix),
        })
    }
}

/// Help that follows from the call stack or the source line. `inner` are the places inside the user's line,
/// innermost first; `blocks` are the new blocks per iteration; `line` is the source line, unless it calls a
/// dependency; `likely` is whether a cycle of the user's is likely. `rust_counted` is whether the Rust heap has its own counters.
pub(super) fn specific<'a>(
    kind: SiteKind,
    rust_counted: bool,
    inner: impl Iterator<Item = &'a SourceLocation> + Clone,
    blocks: f64,
    line: Option<&str>,
    likely: bool,
) -> Option<&'static str> {
    let by_calls = |calls: &[CallHelp]| {
        let fits = |call: &&CallHelp| {
            (!call.grows || blocks < 0.9) && inner.clone().any(|place| call.is_in(place))
        };
        calls.iter().find(fits).map(|call| call.help)
    };
    let by_line = || {
        let line = line?;
        let is_kept = |ways: &[&str]| ways.iter().any(|way| calls(line, way));
        KEPT.iter().find(|(ways, _)| is_kept(ways)).map(|&(_, help)| help)
    };
    match kind {
        // glibc allocates this block for a thread; users cannot free it.
        SiteKind::CHeap if rust_counted => {
            by_calls(&CERTAIN).filter(|help| [THREAD, C_THREAD].contains(help))
        }
        // If the Rust heap has no counters, its allocations appear on the C heap.
        SiteKind::RustHeap | SiteKind::CHeap => {
            let all = || by_calls(&LIKELY).filter(|help| likely || *help != CYCLE);
            by_calls(&CERTAIN).or_else(by_line).or_else(all)
        }
        SiteKind::Mapping | SiteKind::Thread | SiteKind::Descriptor | SiteKind::Child => None,
    }
}

/// Whether a line calls this function, by its short name or by its path in `std`. Other names, methods and
/// functions with another path that end with the same text do not count.
fn calls(line: &str, call: &str) -> bool {
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    line.match_indices(call).any(|(at, _)| {
        let before = line[..at].trim_end_matches(is_path);
        let path = line[before.len()..at].trim_start_matches(':');
        let of_std = ["std::", "core::", "alloc::"].iter().any(|root| path.starts_with(root));
        let is_same = path.is_empty() || of_std && path.ends_with("::");
        call.starts_with('.') || is_same && !before.ends_with('.') && !before.ends_with("fn ")
    })
}

/// General help for surviving memory or resources of `kind`.
pub(super) fn general(kind: SiteKind, rust_counted: bool) -> Option<&'static str> {
    match kind {
        SiteKind::RustHeap => Some(
            "the memory is never dropped: look for `Box::leak`, `mem::forget`, `into_raw` or a container that is never emptied",
        ),
        SiteKind::CHeap if !rust_counted => Some(
            "the memory is never dropped (in Rust) or freed (in C): the Rust heap has no counters of its own, so it can be either",
        ),
        SiteKind::CHeap => {
            Some("free it with `free`, or with the matching function of the C library")
        }
        SiteKind::Thread => {
            Some("end the thread and join it: keep its `JoinHandle`, and end what it waits for")
        }
        SiteKind::Descriptor => Some(
            "close it, or drop its owner: a descriptor stays open after `into_raw_fd` or `mem::forget`, and in a container",
        ),
        SiteKind::Mapping => Some("unmap it with `munmap`, or drop the map that owns it"),
        SiteKind::Child => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: SiteKind, inner: &[&str], blocks: f64, line: &str) -> &'static str {
        let place = |of: &&str| match of.contains('/') {
            true => SourceLocation { file: Some((*of).to_owned()), ..SourceLocation::default() },
            false => SourceLocation { function: (*of).to_owned(), ..SourceLocation::default() },
        };
        let inner: Vec<SourceLocation> = inner.iter().map(place).collect();
        specific(kind, true, inner.iter(), blocks, Some(line), true)
            .or_else(|| general(kind, true))
            .unwrap()
    }

    #[test]
    fn without_counters_help_for_the_c_heap_is_also_for_rust() {
        let none = std::iter::empty;
        let (heap, line) = (SiteKind::CHeap, Some("Box::leak(a)"));
        assert!(specific(heap, true, none(), 1.0, line, true).is_none());
        assert!(specific(heap, false, none(), 1.0, line, true).unwrap().contains("`leak`"));
        assert!(general(heap, false).unwrap().starts_with("the memory is never dropped"));
    }

    #[test]
    fn help_follows_from_the_call_stack_and_the_line() {
        let heap = SiteKind::RustHeap;
        for (inner, blocks, line, word) in [
            (&["alloc::boxed::Box<T>::new"][..], 1.0, "Box::leak(Box::new(1));", "`leak`"),
            (&["alloc::vec::Vec<T>::to_vec"], 1.0, "mem::forget(a.to_vec());", "mem::forget"),
            (&["alloc::rc::Rc<T>::new"], 1.0, "let a = Rc::new(1);", "cycle"),
            (&["<alloc::sync::Arc<u8>>::new"], 1.0, "", "cycle"),
            (&["/rustc/1/library/alloc/src/rc.rs"], 1.0, "", "cycle"),
            (&["/rustc/1/library/std/src/sync/mpmc/list.rs"], 0.03, "", "channel"),
            (&["hashbrown::raw::RawTable<T>::reserve_rehash"], 0.0, "a.insert(1, 2);", "map"),
            (&["alloc::raw_vec::RawVec<T>::grow_one"], 0.0, "a.push(1);", "`Vec` or `String`"),
            (&["alloc::raw_vec::RawVec<T>::grow_one"], 1.0, "format!()", "never dropped"),
            (&["alloc::collections::btree::map::BTreeMap<K,V>::insert"], 0.2, "", "collection"),
            (&["std::sync::mpsc::Sender<T>::send"], 0.03, "sender.send(1)", "channel"),
            (&["std::thread::Builder::spawn"], 3.0, "", "join"),
            (
                &["std::thread::local::LocalKey<T>::with", "tokio::runtime::task::new"],
                1.0,
                "",
                "task",
            ),
            (&["alloc::ffi::c_str::CString::new"], 1.0, "", "from_raw"),
            (&["alloc::boxed::Box<alloc::rc::Rc<T>>::new"], 1.0, "Box::new(1)", "never dropped"),
            (&[], 1.0, "", "never dropped"),
        ] {
            let help = of(heap, inner, blocks, line);
            assert!(help.contains(word), "{inner:?} {line}: {help}");
        }
        // The source line helps, unless the call stack is more specific.
        let string = &["alloc::ffi::c_str::CString::new"][..];
        for (inner, line, word) in [
            (string, "mem::forget(CString::new(a));", "a `CString` pointer"),
            (&["alloc::rc::Rc<T>::new"], "std::mem::forget(Rc::new(1))", "`mem::forget`"),
            (&[], "forget(a)", "`mem::forget`"),
            (&[], "::core::mem::forget(a)", "`mem::forget`"),
            (&[], "let a = vec![1].leak();", "`leak` keeps"),
            (&[], "std::boxed::Box::leak(a)", "`leak` keeps"),
            (&[], "Box::into_raw(Box::new(1))", "`into_raw`"),
            (&[], "a.into_raw()", "`into_raw`"),
            (&[], "ManuallyDrop::new(a)", "`ManuallyDrop`"),
            (&[], "outside::leak(44)", "never dropped"),
            (&[], "MyBox::leak(44)", "never dropped"),
            (&[], "leak(44)", "never dropped"),
            (&[], "cache.forget(x)", "never dropped"),
            (&[], "cache::forget(x)", "never dropped"),
            (&[], "my::mem::forget(x)", "never dropped"),
            (&[], "fn forget(x: u8) {", "never dropped"),
            (&[], "a.into_raw_fd()", "never dropped"),
            (&[], "MyManuallyDrop::new(a)", "never dropped"),
            (&["alloc::rc::Rc<T>::new"], "kept.push(Rc::new(session_forget(1)))", "cycle"),
        ] {
            let help = of(heap, inner, 1.0, line);
            assert!(help.contains(word), "{inner:?} {line}: {help}");
        }
        assert_eq!(specific(heap, true, [].iter(), 1.0, None, true), None);
        assert!(of(SiteKind::CHeap, &["malloc"], 1.0, "make()").contains("`free`"));
        let thread = of(SiteKind::CHeap, &["calloc", "pthread_create"], 1.0, "start()");
        assert!(thread.contains("pthread_join"));
        let thread =
            of(SiteKind::CHeap, &["pthread_create", "std::thread::Builder::spawn"], 1.0, "spawn()");
        assert!(thread.contains("JoinHandle"));
        assert!(of(SiteKind::Mapping, &[], 1.0, "").contains("munmap"));
        assert!(of(SiteKind::Thread, &[], 1.0, "").contains("join"));
        assert!(of(SiteKind::Descriptor, &[], 1.0, "").contains("close"));
    }
}
