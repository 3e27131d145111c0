//! Advice that fits a leak. A stack says how something was allocated, never how it was lost; so what
//! cannot be known from it is said as a possibility.

use memcheck::report::{Place, SiteKind};

/// Ways of the standard library to keep something for ever that can be read on the line itself.
const KEPT: [(&[&str], &str); 4] = [
    (
        &["Box::leak(", "Vec::leak(", "String::leak(", ".leak()"],
        "`leak` keeps what it is given until the process ends: keep it in one place and reuse it, or own it",
    ),
    (
        &["mem::forget(", "forget("],
        "`mem::forget` keeps what it is given from being dropped: drop it, or keep its owner",
    ),
    (
        &["Box::into_raw(", "Rc::into_raw(", "Arc::into_raw(", "CString::into_raw(", ".into_raw()"],
        "what `into_raw` gives away is freed only by its `from_raw`: take it back once it is no longer used",
    ),
    (
        &["ManuallyDrop::new("],
        "what is in a `ManuallyDrop` is dropped only by `ManuallyDrop::drop`",
    ),
];

const THREAD: &str =
    "a thread keeps its memory until it ends and is joined: keep the `JoinHandle` and `join` it";
const C_THREAD: &str = "a thread keeps its stack and this block until it has ended and is joined or detached: call `pthread_join` or `pthread_detach`";

/// What the functions between the user's line and the allocator tell.
struct Call {
    /// How the name of one of them begins, or with `::` in front what it contains; with `.rs` or `/`
    /// at the end, a part of the name of its file: inlined functions often have no path.
    names: &'static [&'static str],
    /// Whether it only holds where new blocks are rare: what grows and stays one block is a
    /// container, what leaves a block behind every time may be anything.
    grows: bool,
    help: &'static str,
}

/// What only one thing does. The first that fits counts.
const CERTAIN: [Call; 5] = [
    Call {
        names: &["tokio::runtime::task::", "/src/runtime/task/"],
        grows: false,
        help: "a task keeps its memory until it ends: await or abort its handle, and let what it waits for end",
    },
    Call {
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
    // Called by no function of the standard library, or one above would have fit.
    Call { names: &["pthread_create"], grows: false, help: C_THREAD },
    Call {
        names: &["::mpsc::", "::mpmc::", "crossbeam_channel::", "flume::", "/mpsc/", "/mpmc/"],
        grows: false,
        help: "what is sent and never received stays in the channel: receive it, drop the receiver, or bound the channel",
    },
    Call {
        names: &["alloc::ffi::c_str::CString", "alloc/src/ffi/c_str.rs"],
        grows: false,
        help: "a `CString` given away with `into_raw` is freed only by `CString::from_raw`",
    },
];

/// What is likely where nothing more is known. The first that fits counts.
const LIKELY: [Call; 4] = [
    Call {
        names: &["alloc::rc::", "alloc::sync::", "alloc/src/rc.rs", "alloc/src/sync.rs"],
        grows: false,
        help: "an `Rc` or `Arc` that survives is often part of a cycle: make one of its pointers `Weak`, or break the cycle",
    },
    Call {
        names: &[
            "hashbrown::",
            "std::collections::hash::",
            "indexmap::",
            "std/src/collections/hash/",
        ],
        grows: true,
        help: "a map that keeps growing: remove what is no longer needed, or bound it",
    },
    Call {
        names: &["alloc::collections::", "alloc/src/collections/"],
        grows: true,
        help: "a collection that keeps growing: remove what is no longer needed, or bound it",
    },
    Call {
        names: &["alloc::raw_vec::", "alloc/src/raw_vec/", "alloc/src/raw_vec.rs"],
        grows: true,
        help: "a `Vec` or `String` that keeps growing: clear or drain it, or bound it",
    },
];

impl Call {
    fn is_in(&self, place: &Place) -> bool {
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

/// Help that is told by how it was allocated: `inner` are the places inside of the user's line,
/// innermost first; `blocks` are new per iteration; `line` is its source, if what it calls is of the
/// standard library. `rust_counted` says whether the Rust heap is counted by itself.
pub(super) fn fitting<'a>(
    kind: SiteKind,
    rust_counted: bool,
    inner: impl Iterator<Item = &'a Place> + Clone,
    blocks: f64,
    line: Option<&str>,
) -> Option<&'static str> {
    let by_calls = |calls: &[Call]| {
        let fits = |call: &&Call| {
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
        // What glibc allocates for a thread is not for its user to free.
        SiteKind::CHeap if rust_counted => {
            by_calls(&CERTAIN).filter(|help| [THREAD, C_THREAD].contains(help))
        }
        // Without counters of its own what Rust allocates shows on the C heap.
        SiteKind::RustHeap | SiteKind::CHeap => {
            by_calls(&CERTAIN).or_else(by_line).or_else(|| by_calls(&LIKELY))
        }
        _ => None,
    }
}

/// Whether a line calls this, by that name or from `std::` on, and not what only ends like it:
/// another name, a method, or a function of another path.
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

/// Help for all that survives of `kind`.
pub(super) fn general(kind: SiteKind, rust_counted: bool) -> Option<&'static str> {
    match kind {
        SiteKind::RustHeap => Some(
            "what is allocated here is never dropped: `Box::leak`, `mem::forget`, `into_raw` or a container that is never emptied may hold it",
        ),
        SiteKind::CHeap if !rust_counted => Some(
            "what is allocated here is never dropped (in Rust) or given back with `free` (in C): the Rust heap is not counted apart",
        ),
        SiteKind::CHeap => {
            Some("give it back with `free`, or with the function that the C library has for it")
        }
        SiteKind::Thread => {
            Some("end the thread and join it: keep its `JoinHandle`, and let what it waits for end")
        }
        SiteKind::Descriptor => Some(
            "close it, or let its owner be dropped: one given away with `into_raw_fd`, forgotten or kept in a container stays open",
        ),
        SiteKind::Mapping => Some("unmap it with `munmap`, or let the map that owns it be dropped"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: SiteKind, inner: &[&str], blocks: f64, line: &str) -> &'static str {
        let place = |of: &&str| match of.contains('/') {
            true => Place { file: Some((*of).to_owned()), ..Place::default() },
            false => Place { function: (*of).to_owned(), ..Place::default() },
        };
        let inner: Vec<Place> = inner.iter().map(place).collect();
        fitting(kind, true, inner.iter(), blocks, Some(line))
            .or_else(|| general(kind, true))
            .unwrap()
    }

    #[test]
    fn what_rust_allocates_without_counters_is_not_given_to_free() {
        let none = std::iter::empty;
        let (heap, line) = (SiteKind::CHeap, Some("Box::leak(a)"));
        assert!(fitting(heap, true, none(), 1.0, line).is_none());
        assert!(fitting(heap, false, none(), 1.0, line).unwrap().contains("`leak`"));
        assert!(
            general(heap, false).unwrap().starts_with("what is allocated here is never dropped")
        );
    }

    #[test]
    fn the_way_it_was_allocated_gives_the_advice() {
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
        // Read on the line, unless what is called tells more.
        let string = &["alloc::ffi::c_str::CString::new"][..];
        for (inner, line, word) in [
            (string, "mem::forget(CString::new(a));", "a `CString` given away"),
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
        assert_eq!(fitting(heap, true, [].iter(), 1.0, None), None);
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
