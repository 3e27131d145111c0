//! Who uses a crate that leaks: each line that is to be named is marked.
#![cfg(test)]

use std::panic::{catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::task::Waker;

use memcheck::memcheck;

#[memcheck(iterations = 500)]
fn cycle() {
    keeper::parse("text"); // NAMES: cycle
}

#[memcheck(iterations = 500)]
fn half_built() {
    let result = catch_unwind(|| {
        keeper::fill(|index| match index { // NAMES: half_built
            3 => resume_unwind(Box::new(())),
            index => index,
        })
    });
    assert!(result.is_err());
}

#[memcheck(iterations = 100)]
fn descriptor() {
    keeper::open(); // NAMES: descriptor
}

static EVENT: keeper::Event = keeper::Event(Mutex::new(Vec::new()));

#[memcheck(iterations = 4000)]
fn wakers() {
    EVENT.wait(Waker::noop()); // NAMES: wakers
}
