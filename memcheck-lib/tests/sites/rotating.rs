//! Bodies with a leak and a cache or pool that rotates. Blocks of the cache live at the end of every
//! batch, and more of them in a longer recording, but as many older ones are freed.

use std::hint::black_box;
use std::mem::forget;

use memcheck::tool::report::{Report, SiteKind, Sites, Status};

use crate::observed::{Case, one_site};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "cache_of_1000_replaced_at_random",
            iterations: 2000,
            body: |workload| {
                let mut random = Random(1);
                let mut cache: Vec<Vec<u8>> = (0..1000).map(|_| vec![0; 64]).collect();
                workload.iterate(|| {
                    cache[random.below(1000)] = black_box(vec![0; 64]);
                    leak();
                })
            },
            truth: only_the_leak,
        },
        Case {
            name: "cache_of_10000_replaced_in_turn",
            iterations: 2000,
            body: |workload| {
                // No recorded block is freed during the recording.
                let mut cache: Vec<Vec<u8>> = (0..10_000).map(|_| vec![0; 64]).collect();
                let mut next = 0;
                workload.iterate(|| {
                    cache[next] = black_box(vec![0; 64]);
                    next = (next + 1) % 10_000;
                    leak();
                })
            },
            truth: only_the_leak,
        },
        Case {
            name: "cache_of_entries_of_any_size",
            iterations: 2000,
            body: |workload| {
                let mut random = Random(1);
                let mut cache: Vec<(String, Box<[u8]>)> =
                    (0..1000).map(|_| (String::new(), Box::default())).collect();
                for entry in &mut cache {
                    *entry = (text(random.below(90)), vec![0; random.below(300)].into());
                }
                workload.iterate(|| {
                    let entry = (text(random.below(90)), vec![0; random.below(300)].into());
                    cache[random.below(1000)] = black_box(entry);
                    leak();
                })
            },
            truth: only_the_leak,
        },
        Case {
            name: "cache_of_few_large_ones",
            iterations: 2000,
            body: |workload| {
                let mut random = Random(1);
                let mut cache: Vec<Vec<u8>> = (0..10).map(|_| vec![0; 65_536]).collect();
                workload.iterate(|| {
                    cache[random.below(10)] = black_box(vec![0; 65_536]);
                    leak();
                })
            },
            truth: only_the_leak,
        },
        Case {
            name: "pool_that_breathes",
            // The leak must exceed 400 blocks of noise in each late step.
            iterations: 8000,
            body: |workload| {
                let mut random = Random(1);
                let mut pool: Vec<Vec<u8>> = Vec::with_capacity(400);
                workload.iterate(|| {
                    // From 0 to 400, by large steps.
                    let wanted = random.below(400);
                    pool.truncate(wanted);
                    while pool.len() < wanted {
                        pool.push(black_box(vec![0; 48]));
                    }
                    leak();
                })
            },
            truth: only_the_leak,
        },
    ]
}

fn only_the_leak(report: &Report, _: &Sites) {
    assert_eq!(report.status(), Status::Leak, "{report}");
    one_site(report, SiteKind::RustHeap, 1, 100);
}

fn leak() {
    forget(black_box(vec![0u8; 100]));
}

fn text(length: usize) -> String {
    "a".repeat(length)
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % bound
    }
}
