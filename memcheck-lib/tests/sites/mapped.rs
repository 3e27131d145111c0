//! Bodies that unmap, map over and move parts of mappings.
//!
//! All mappings are shared, because the kernel does not merge those with their neighbours: so it counts
//! each as one.

use std::hint::black_box;

use libc::c_void;
use memcheck::tool::report::{Amount, SiteKind, Sites};

use crate::observed::{Case, account};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "unmapped_in_part",
            iterations: 40,
            body: |workload| {
                workload.iterate(|| {
                    let (head, middle, tail) = (map(5), map(5), map(5));
                    unmap(head, 0, 1);
                    unmap(middle, 2, 1);
                    unmap(tail, 3, 2);
                })
            },
            truth: |_, sites| {
                // Without its middle the mapping counts as two.
                assert_eq!(survived(sites), [(1, 3), (1, 4), (2, 4)]);
            },
        },
        Case {
            name: "mapped_over_in_part",
            iterations: 40,
            body: |workload| {
                workload.iterate(|| {
                    let whole = map(6);
                    map_over(whole, 2, 1);
                    // Over the end of it and the beginning of nothing else.
                    map_over(whole, 5, 1);
                })
            },
            truth: |_, sites| {
                assert_eq!(survived(sites), [(1, 1), (1, 1), (2, 4)]);
            },
        },
        Case {
            name: "unmapped_at_once",
            iterations: 40,
            body: |workload| {
                workload.iterate(|| {
                    // Twelve mappings over one, unmapped by one call.
                    let whole = map(12);
                    for page in 0..12 {
                        map_over(whole, page, 1);
                    }
                    unmap(whole, 0, 12);
                })
            },
            truth: |_, sites| {
                assert_eq!(survived(sites), []);
                assert_eq!(account(sites, SiteKind::Mapping).growth, Amount::default());
            },
        },
        Case {
            name: "moved_in_part",
            iterations: 40,
            body: |workload| {
                workload.iterate(|| {
                    let whole = map(6);
                    let place = map(4);
                    // The middle goes elsewhere, over what was there; of the rest the end goes.
                    move_to(whole, 2, 2, place);
                    unmap(whole, 5, 1);
                    unmap(place, 2, 2);
                })
            },
            truth: |_, sites| {
                assert_eq!(survived(sites), [(3, 5)]);
            },
        },
        Case {
            name: "resized",
            iterations: 40,
            body: |workload| {
                workload.iterate(|| {
                    let smaller = resize(map(6), 6, 2);
                    // There is room behind it now.
                    let same = resize(smaller, 2, 4);
                    assert_eq!(black_box(same), smaller);
                    let elsewhere = resize(map(2), 2, 64);
                    unmap(elsewhere, 32, 32);
                    // Not page-aligned: an error that changes nothing.
                    // SAFETY: the call fails.
                    assert_eq!(unsafe { libc::munmap(same.byte_add(1), 1) }, -1);
                })
            },
            truth: |_, sites| {
                // The growth belongs to the line that made the mapping grow.
                assert_eq!(survived(sites), [(1, 4), (1, 32)]);
            },
        },
        Case {
            name: "older_unmapped",
            iterations: 40,
            body: |workload| {
                let mut older: Vec<*mut c_void> = (0..300).map(|_| map(3)).collect();
                workload.iterate(|| {
                    if let Some(one) = older.pop() {
                        unmap(one, 0, 3);
                    }
                })
            },
            truth: |_, sites| {
                let account = account(sites, SiteKind::Mapping);
                let iterations = sites.iterations as i64;
                let older = Amount { blocks: -iterations, bytes: -iterations * 3 * page() };
                assert_eq!((account.sites, account.older), (Amount::default(), older));
            },
        },
        Case {
            name: "older_in_part",
            iterations: 40,
            body: |workload| {
                let mut older: Vec<*mut c_void> = (0..300).map(|_| map(5)).collect();
                workload.iterate(|| {
                    if let Some(one) = older.pop() {
                        unmap(one, 1, 1);
                        map_over(one, 3, 1);
                    }
                })
            },
            truth: |_, sites| {
                // One has become three of its own, with one of this body among them.
                let iterations = sites.iterations as i64;
                let account = account(sites, SiteKind::Mapping);
                assert_eq!(survived(sites), [(1, 1)]);
                let older = Amount { blocks: 2 * iterations, bytes: -2 * iterations * page() };
                assert_eq!(account.older, older);
            },
        },
    ]
}

/// Mappings and pages of each site in each iteration, the smallest first.
fn survived(sites: &Sites) -> Vec<(i64, i64)> {
    account(sites, SiteKind::Mapping);
    let of_kind = sites.sites.iter().filter(|of| of.kind == SiteKind::Mapping);
    let iterations = sites.iterations as i64;
    let mut survived: Vec<_> = of_kind
        .map(|site| {
            assert_eq!(site.survived.blocks % iterations, 0, "{site:?}");
            let pages = site.survived.bytes / page();
            (site.survived.blocks / iterations, pages / iterations)
        })
        .collect();
    survived.sort_unstable();
    survived
}

const READ: libc::c_int = libc::PROT_READ;
const SHARED: libc::c_int = libc::MAP_SHARED | libc::MAP_ANONYMOUS;

pub(crate) fn page() -> i64 {
    // SAFETY: sysconf only returns a number.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) }
}

fn at(mapping: *mut c_void, page_of_it: i64) -> *mut c_void {
    mapping.wrapping_byte_add((page_of_it * page()) as usize)
}

fn map(pages: i64) -> *mut c_void {
    let length = (pages * page()) as usize;
    // SAFETY: a new mapping at an address that the kernel chooses.
    let new = unsafe { libc::mmap(std::ptr::null_mut(), length, READ, SHARED, -1, 0) };
    assert_ne!(black_box(new), libc::MAP_FAILED);
    new
}

fn map_over(mapping: *mut c_void, first: i64, pages: i64) {
    let length = (pages * page()) as usize;
    let flags = SHARED | libc::MAP_FIXED;
    // SAFETY: over a mapping of the body, which uses none.
    let new = unsafe { libc::mmap(at(mapping, first), length, READ, flags, -1, 0) };
    assert_ne!(black_box(new), libc::MAP_FAILED);
}

fn unmap(mapping: *mut c_void, first: i64, pages: i64) {
    // SAFETY: a mapping of the body, which uses none.
    assert_eq!(unsafe { libc::munmap(at(mapping, first), (pages * page()) as usize) }, 0);
}

fn resize(mapping: *mut c_void, from: i64, to: i64) -> *mut c_void {
    let (from, to) = ((from * page()) as usize, (to * page()) as usize);
    // SAFETY: a mapping of the body, which uses none.
    let new = unsafe { libc::mremap(mapping, from, to, libc::MREMAP_MAYMOVE) };
    assert_ne!(black_box(new), libc::MAP_FAILED);
    new
}

fn move_to(mapping: *mut c_void, first: i64, pages: i64, place: *mut c_void) {
    let length = (pages * page()) as usize;
    let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
    // SAFETY: mappings of the body, which uses none.
    let new = unsafe { libc::mremap(at(mapping, first), length, length, flags, place) };
    assert_eq!(black_box(new), place);
}
