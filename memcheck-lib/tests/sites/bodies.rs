//! Bodies that leak heap, and bodies that only look like it.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ffi::CString;
use std::hint::black_box;
use std::mem::forget;
use std::rc::Rc;
use std::sync::Mutex;

use memcheck::tool::report::{Amount, Report, SiteKind, Sites, Status};

use crate::observed::{Case, account, each_iteration, grew_as_here, one_site, only_growing};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "box_leak",
            iterations: 500,
            body: |workload| {
                workload.iterate(|| {
                    Box::leak(black_box(Box::new([0u8; 48])));
                })
            },
            truth: |report, _| {
                assert_eq!(report.status(), Status::Leak);
                each_iteration(report, SiteKind::RustHeap, 1, 48);
            },
        },
        Case {
            name: "forget",
            iterations: 500,
            body: |workload| workload.iterate(|| forget(black_box(vec![0u8; 100]))),
            truth: |report, _| each_iteration(report, SiteKind::RustHeap, 1, 100),
        },
        Case {
            name: "rc_cycle",
            iterations: 500,
            body: |workload| workload.iterate(cycle),
            truth: |report, _| each_iteration(report, SiteKind::RustHeap, 1, 32),
        },
        Case {
            name: "into_raw",
            iterations: 500,
            body: |workload| {
                workload.iterate(|| {
                    black_box(CString::new("fifteen letters").unwrap().into_raw());
                })
            },
            truth: |report, _| each_iteration(report, SiteKind::RustHeap, 1, 16),
        },
        Case {
            name: "malloc",
            iterations: 500,
            body: |workload| {
                workload.iterate(|| {
                    // SAFETY: any size may be asked for.
                    black_box(unsafe { libc_malloc(40) });
                })
            },
            truth: |report, sites| {
                if sites.accounts.iter().any(|account| account.kind == SiteKind::CHeap) {
                    each_iteration(report, SiteKind::CHeap, 1, 40);
                }
            },
        },
        Case {
            name: "vec",
            iterations: 2000,
            body: |workload| workload.iterate(vec),
            truth: |report, sites| doubled(report, sites, vec),
        },
        Case {
            name: "vec_of_blocks",
            iterations: 2000,
            body: |workload| workload.iterate(vec_of_blocks),
            truth: |_, sites| {
                // The container has a site, so there is no note about a missing one.
                assert_eq!(sites.notes, [""; 0]);
                grew_as_here(sites, vec_of_blocks);
            },
        },
        Case {
            name: "string",
            iterations: 2000,
            body: |workload| workload.iterate(string),
            truth: |report, sites| doubled(report, sites, string),
        },
        Case {
            name: "deque",
            iterations: 2000,
            body: |workload| workload.iterate(deque),
            truth: |report, sites| doubled(report, sites, deque),
        },
        Case {
            name: "hash_map",
            iterations: 2000,
            body: |workload| workload.iterate(hash_map()),
            truth: |report, sites| doubled(report, sites, hash_map()),
        },
        Case {
            name: "tree_map",
            iterations: 2000,
            body: |workload| workload.iterate(tree_map()),
            truth: |report, sites| {
                assert_eq!(report.status(), Status::Leak);
                assert!(sites.sites[0].grows);
                grew_as_here(sites, tree_map());
            },
        },
        Case {
            name: "one_in_seven",
            iterations: 2000,
            body: |workload| workload.iterate(one_in_seven()),
            truth: |report, sites| {
                assert_eq!(report.status(), Status::Leak);
                let site = only_growing(sites, SiteKind::RustHeap);
                let sevenths = sites.iterations as i64 / 7;
                assert!((sevenths..=sevenths + 1).contains(&site.survived.blocks));
                assert_eq!(site.survived.bytes, site.survived.blocks * 24);
                assert_eq!(site.survived, account(sites, SiteKind::RustHeap).growth);
                grew_as_here(sites, one_in_seven());
            },
        },
        Case {
            name: "cache_beside_a_leak",
            iterations: 500,
            body: |workload| workload.iterate(cache_beside_a_leak()),
            truth: |report, sites| {
                assert_eq!(report.status(), Status::Leak);
                one_site(report, SiteKind::RustHeap, 1, 100);
                grew_as_here(sites, cache_beside_a_leak());
            },
        },
        Case {
            name: "clean",
            iterations: 500,
            body: |workload| workload.iterate(|| drop(black_box(vec![0u8; 100]))),
            truth: |report, sites| {
                assert_eq!(report.status(), Status::Pass);
                assert!(!sites.grew_again && sites.sites.iter().all(|site| !site.grows));
                assert_eq!(account(sites, SiteKind::RustHeap).growth, Amount::default());
            },
        },
        Case {
            name: "shrunk_by_realloc",
            iterations: 500,
            body: |workload| {
                workload.iterate(|| {
                    let mut vec = Vec::with_capacity(1000);
                    vec.push(black_box(1u8));
                    vec.shrink_to_fit();
                    forget(vec);
                })
            },
            truth: |report, _| each_iteration(report, SiteKind::RustHeap, 1, 1),
        },
        Case {
            name: "eight_threads",
            iterations: 64,
            body: |workload| {
                workload.iterate(|| {
                    // Joined, because the end of a scope does not wait for the last frees of its threads.
                    let start = |seed| std::thread::spawn(move || at_random(seed));
                    let threads: Vec<_> = (0..8u64).map(start).collect();
                    for thread in threads {
                        thread.join().unwrap();
                    }
                })
            },
            truth: |_, sites| {
                assert_eq!(account(sites, SiteKind::RustHeap).growth, Amount::default());
                let survived = sites.sites.iter().filter(|of| of.kind == SiteKind::RustHeap);
                let blocks: i64 = survived.map(|site| site.survived.blocks).sum();
                assert_eq!(blocks, 0, "{:?}", sites.sites);
            },
        },
        Case {
            name: "eight_threads_that_leave",
            iterations: 64,
            body: |workload| {
                workload.iterate(|| {
                    // 1 to 8 blocks, among many that are freed.
                    let start = |seed| {
                        std::thread::spawn(move || {
                            for _ in 0..=seed {
                                at_random(seed);
                                forget(black_box(Box::new([0u8; 24])));
                            }
                        })
                    };
                    let threads: Vec<_> = (0..8u64).map(start).collect();
                    for thread in threads {
                        thread.join().unwrap();
                    }
                })
            },
            truth: |report, _| {
                assert_eq!(report.status(), Status::Leak);
                each_iteration(report, SiteKind::RustHeap, 36, 36 * 24);
            },
        },
        Case {
            name: "a_million_blocks",
            iterations: 100,
            body: |workload| {
                let mut done = 0u64;
                workload.iterate(|| {
                    done += 1;
                    forget(black_box(vec![1u8; 24]));
                    if done < 120 {
                        // A recording may take 8 times as long as what was judged.
                        std::thread::sleep(std::time::Duration::from_millis(20));
                    }
                    if done == 200 {
                        for _ in 0..1_000_000 {
                            forget(black_box(Box::new(1u64)));
                        }
                        // From here on all are recorded. The result is checked below.
                        within_the_stated_bound(tables());
                    }
                })
            },
            truth: |report, sites| {
                assert_eq!(report.status(), Status::Leak);
                let failed = sites.notes.iter().any(|note| note.contains("the body failed"));
                assert!(!failed, "{report}");
                let truth = Amount {
                    blocks: 1_000_000 + sites.iterations as i64,
                    bytes: 8_000_000 + 24 * sites.iterations as i64,
                };
                assert_eq!(account(sites, SiteKind::RustHeap).growth, truth);
                let most = sites.sites.iter().find(|of| of.survived.blocks == 1_000_000).unwrap();
                assert_eq!(most.survived.bytes, 8_000_000);
            },
        },
        Case {
            name: "fails_while_recorded",
            iterations: 100,
            body: |workload| {
                let mut done = 0u64;
                workload.iterate(|| {
                    done += 1;
                    assert!(done < 300, "enough");
                    Box::leak(black_box(Box::new([0u8; 48])));
                })
            },
            truth: |report, sites| {
                assert_eq!(report.status(), Status::Leak, "{report}");
                assert!(sites.notes.iter().any(|note| note.contains("the body failed")));
            },
        },
        Case {
            name: "dies_while_recorded",
            iterations: 100,
            body: |workload| {
                let mut done = 0u64;
                workload.iterate(|| {
                    done += 1;
                    if done > 200 {
                        std::process::abort();
                    }
                    Box::leak(black_box(Box::new([0u8; 48])));
                })
            },
            truth: |report, sites| {
                assert_eq!(report.status(), Status::Leak, "{report}");
                assert!(sites.notes.iter().any(|note| note.contains("the worker ended")));
            },
        },
    ]
}

/// A container that doubles: one site, which explains the whole growth since the recording began.
fn doubled(report: &Report, sites: &Sites, step: impl FnMut()) {
    assert_eq!(report.status(), Status::Leak);
    assert!(sites.grew_again);
    let (site, account) =
        (only_growing(sites, SiteKind::RustHeap), account(sites, SiteKind::RustHeap));
    assert_eq!(site.survived, account.sites, "{:?}", sites.sites);
    grew_as_here(sites, step);
}

fn vec() {
    static KEPT: Mutex<Vec<u64>> = Mutex::new(Vec::new());
    KEPT.lock().unwrap().push(black_box(1));
}

fn vec_of_blocks() {
    static KEPT: Mutex<Vec<String>> = Mutex::new(Vec::new());
    KEPT.lock().unwrap().push(black_box("eight by".to_owned()));
}

fn string() {
    static KEPT: Mutex<String> = Mutex::new(String::new());
    KEPT.lock().unwrap().push_str(black_box("eight by"));
}

fn deque() {
    static KEPT: Mutex<VecDeque<u64>> = Mutex::new(VecDeque::new());
    KEPT.lock().unwrap().push_back(black_box(1));
}

fn hash_map() -> impl FnMut() {
    let (mut kept, mut next) = (HashMap::new(), 0u64);
    move || {
        next += 1;
        kept.insert(next, black_box(next));
    }
}

fn tree_map() -> impl FnMut() {
    let (mut kept, mut next) = (BTreeMap::new(), 0u64);
    move || {
        next += 1;
        kept.insert(next, black_box(next));
    }
}

fn one_in_seven() -> impl FnMut() {
    let mut done = 0u64;
    move || {
        done += 1;
        if done.is_multiple_of(7) {
            forget(black_box(Box::new([0u8; 24])));
        }
    }
}

/// The cache fills up during the recording, and is full then.
fn cache_beside_a_leak() -> impl FnMut() {
    let (mut cache, mut done) = (Vec::<Vec<u8>>::new(), 0u64);
    move || {
        done += 1;
        if (700..800).contains(&done) {
            cache.push(black_box(vec![0u8; 64]));
        }
        forget(black_box(vec![0u8; 100]));
    }
}

/// Bytes of the recorder's tables, in the memory that worker and observer share.
fn tables() -> u64 {
    let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap();
    let mut ours = false;
    let mut kib = 0;
    for line in smaps.lines() {
        match line.split_once(':') {
            Some(("Rss", size)) if ours => {
                kib += size.trim().trim_end_matches(" kB").parse::<u64>().unwrap();
            }
            // The first line of a mapping has no name before its first colon, but addresses.
            Some((first, _)) if first.contains('-') => ours = line.contains("/memfd:memcheck"),
            _ => {}
        }
    }
    kib << 10
}

/// The bound of docs/src/how/recording.md. A million blocks take a good part of it: else something else
/// was measured.
fn within_the_stated_bound(bytes: u64) {
    assert!((20 << 20..=104 << 20).contains(&bytes), "the tables take {bytes} bytes");
}

fn cycle() {
    struct Node {
        next: RefCell<Option<Rc<Node>>>,
    }
    let node = Rc::new(Node { next: RefCell::new(None) });
    *node.next.borrow_mut() = Some(Rc::clone(&node));
}

unsafe extern "C" {
    #[link_name = "malloc"]
    fn libc_malloc(size: usize) -> *mut std::ffi::c_void;
}

/// Allocates, grows, shrinks and frees at random, and leaks nothing.
fn at_random(seed: u64) {
    let mut state = seed + 1;
    let mut random = move |below: u64| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) % below
    };
    let mut held: Vec<Vec<u8>> = Vec::new();
    for _ in 0..500 {
        match random(4) {
            0 | 1 => held.push(vec![0; 1 + random(300) as usize]),
            2 if !held.is_empty() => drop(held.swap_remove(random(held.len() as u64) as usize)),
            _ => {
                if let Some(last) = held.last_mut() {
                    last.reserve_exact(random(2000) as usize);
                    last.truncate(random(100) as usize);
                    last.shrink_to_fit();
                }
            }
        }
    }
}
