//! A leak in a program that is replaced while it runs, as a build does it.
#![cfg(test)]

use std::hint::black_box;

use memcheck::{Workload, memcheck};

#[memcheck(iterations = 500)]
fn replaces_itself(workload: Workload) {
    let program = std::env::current_exe().unwrap();
    let other = program.with_extension("other");
    std::fs::copy(&program, &other).unwrap();
    std::fs::rename(&other, &program).unwrap();
    workload.iterate(|| std::mem::forget(black_box(Box::new([1u8; 48]))));
}
