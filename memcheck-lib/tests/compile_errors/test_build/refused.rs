#![cfg(test)]
#![allow(unused)]

use memcheck::{Workload, memcheck};

#[test]
#[memcheck] //~ remove `#[test]`
fn test_above() {}

#[test]
/// Documentation and other attributes between.
#[allow(dead_code)]
#[memcheck] //~ remove `#[test]`
fn test_far_above() {}

#[memcheck]
fn other_argument(numbers: Vec<u8>) {} //~ takes nothing, or one `memcheck::Workload`, not a `Vec<u8>`

#[memcheck]
fn returns_a_number() -> u32 { //~ `u32: Termination`
    3
}

#[memcheck]
fn sets_up_and_returns_a_number(workload: Workload) -> Option<u8> { //~ `Option<u8>: Termination`
    workload.iterate(|| ());
    None
}

#[memcheck]
fn iterates_over_values_of_its_own(workload: Workload) {
    struct Own;
    workload.iterate(|| Own); //~ an iteration cannot return a `Own`
}

#[memcheck]
fn wrong_body() {
    let text: String = 3; //~ mismatched types
}

fn around() {
    #[memcheck] //~ cannot test inner items
    fn within_a_function() {}
}

struct Cache;

impl Cache {
    #[memcheck] //~ may only be used on a free function
    fn associated() {}
}
