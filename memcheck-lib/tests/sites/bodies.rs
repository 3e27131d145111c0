//! The bodies.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ffi::CString;
use std::hint::black_box;
use std::mem::forget;
use std::rc::Rc;
use std::sync::Mutex;

use memcheck::report::{SiteKind, Sites, Word};

use crate::observed::{Case, each_iteration, exact, only_growing};

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
                assert_eq!(report.word(), Word::Leak);
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
            body: |workload| {
                static KEPT: Mutex<Vec<u64>> = Mutex::new(Vec::new());
                workload.iterate(|| KEPT.lock().unwrap().push(black_box(1)))
            },
            truth: |_, sites| doubled(sites, 8),
        },
        Case {
            name: "string",
            iterations: 2000,
            body: |workload| {
                static KEPT: Mutex<String> = Mutex::new(String::new());
                workload.iterate(|| KEPT.lock().unwrap().push_str(black_box("eight by")))
            },
            truth: |_, sites| doubled(sites, 8),
        },
        Case {
            name: "deque",
            iterations: 2000,
            body: |workload| {
                static KEPT: Mutex<VecDeque<u64>> = Mutex::new(VecDeque::new());
                workload.iterate(|| KEPT.lock().unwrap().push_back(black_box(1)))
            },
            truth: |_, sites| doubled(sites, 8),
        },
        Case {
            name: "hash_map",
            iterations: 2000,
            body: |workload| {
                let mut kept = HashMap::new();
                let mut next = 0u64;
                workload.iterate(|| {
                    next += 1;
                    kept.insert(next, black_box(next));
                })
            },
            truth: |report, sites| {
                assert_eq!(report.word(), Word::Leak);
                exact(sites, SiteKind::RustHeap);
                only_growing(sites, SiteKind::RustHeap);
            },
        },
        Case {
            name: "tree_map",
            iterations: 2000,
            body: |workload| {
                let mut kept = BTreeMap::new();
                let mut next = 0u64;
                workload.iterate(|| {
                    next += 1;
                    kept.insert(next, black_box(next));
                })
            },
            truth: |report, sites| {
                assert_eq!(report.word(), Word::Leak);
                exact(sites, SiteKind::RustHeap);
                assert!(sites.sites[0].grows);
            },
        },
        Case {
            name: "one_in_seven",
            iterations: 2000,
            body: |workload| {
                let mut done = 0u64;
                workload.iterate(|| {
                    done += 1;
                    if done.is_multiple_of(7) {
                        forget(black_box(Box::new([0u8; 24])));
                    }
                })
            },
            truth: |report, sites| {
                assert_eq!(report.word(), Word::Leak);
                exact(sites, SiteKind::RustHeap);
                let site = only_growing(sites, SiteKind::RustHeap);
                let sevenths = sites.iterations as i64 / 7;
                assert!((sevenths..=sevenths + 1).contains(&site.survived.blocks));
                assert_eq!(site.survived.bytes, site.survived.blocks * 24);
            },
        },
        Case {
            name: "cache_beside_a_leak",
            iterations: 500,
            body: |workload| {
                let mut cache: Vec<Vec<u8>> = Vec::new();
                let mut done = 0u64;
                workload.iterate(|| {
                    done += 1;
                    // Fills up during the recording, and is full then.
                    if (700..800).contains(&done) {
                        cache.push(black_box(vec![0u8; 64]));
                    }
                    forget(black_box(vec![0u8; 100]));
                })
            },
            truth: |report, _| {
                assert_eq!(report.word(), Word::Leak);
                each_iteration(report, SiteKind::RustHeap, 1, 100);
            },
        },
        Case {
            name: "clean",
            iterations: 500,
            body: |workload| workload.iterate(|| drop(black_box(vec![0u8; 100]))),
            truth: |report, sites| {
                assert_eq!(report.word(), Word::Pass);
                assert!(!sites.grew_again && sites.sites.iter().all(|site| !site.grows));
                exact(sites, SiteKind::RustHeap);
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
                    // Joined: the end of a scope does not wait for what threads free last.
                    let start = |seed| std::thread::spawn(move || at_random(seed));
                    let threads: Vec<_> = (0..8u64).map(start).collect();
                    for thread in threads {
                        thread.join().unwrap();
                    }
                })
            },
            truth: |_, sites| {
                exact(sites, SiteKind::RustHeap);
                let survived = sites.sites.iter().filter(|of| of.kind == SiteKind::RustHeap);
                let blocks: i64 = survived.map(|site| site.survived.blocks).sum();
                assert_eq!(blocks, 0, "{:?}", sites.sites);
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
                    }
                })
            },
            truth: |report, sites| {
                assert_eq!(report.word(), Word::Leak);
                exact(sites, SiteKind::RustHeap);
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
                assert_eq!(report.word(), Word::Leak, "{report:#}");
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
                assert_eq!(report.word(), Word::Leak, "{report:#}");
                assert!(sites.notes.iter().any(|note| note.contains("the worker ended")));
            },
        },
    ]
}

/// A container that doubles: one site, and so many bytes of an element in each iteration between
/// two doublings.
fn doubled(sites: &Sites, element: i64) {
    exact(sites, SiteKind::RustHeap);
    let site = only_growing(sites, SiteKind::RustHeap);
    // Half of it is as yet unused, right after a doubling.
    assert!(site.survived.bytes >= element * sites.iterations as i64 / 2, "{site:?}");
    assert!(sites.grew_again);
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

/// Allocates, grows, shrinks and frees, all by chance; nothing is left.
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
