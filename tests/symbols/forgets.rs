//! One leak, through a function that is inlined and one that is not.
#![cfg(test)]

use std::hint::black_box;

use memcheck::memcheck;

#[inline(always)]
fn takes() -> Box<[u8; 48]> {
    black_box(Box::new([1u8; 48])) // LEAKS
}

#[inline(never)]
fn forgets() {
    std::mem::forget(takes());
}

#[memcheck(iterations = 500)]
fn leaks() {
    forgets();
}

#[memcheck(iterations = 500)]
fn keeps_nothing() {
    drop(takes());
}
