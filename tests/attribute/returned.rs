//! What the closure of `iterate` may return.

use crate::support::Project;

const TESTS: &str = r#"
#![cfg(test)]
use memcheck::{memcheck, Workload};

pub struct Response(#[allow(dead_code)] Vec<u8>);

#[derive(Debug)]
pub enum Refused { Closed }

fn get(count: &mut u32) -> Result<Response, Refused> {
    *count += 1;
    match *count {
        100.. => Err(Refused::Closed),
        _ => Ok(Response(vec![1; 100])),
    }
}

#[memcheck(iterations = 200)]
fn a_value(workload: Workload) {
    workload.iterate(|| vec![1u8; 100]);
}

#[memcheck(iterations = 50)]
fn a_result(workload: Workload) {
    workload.iterate(|| get(&mut 0));
}

#[memcheck(iterations = 200)]
fn an_error(workload: Workload) {
    let mut count = 0;
    workload.iterate(|| get(&mut count));
}

#[memcheck(iterations = 50)]
async fn an_async_result(workload: Workload) {
    workload.iterate_async(async || get(&mut 0)).await;
}

#[memcheck(iterations = 200)]
async fn an_async_error(workload: Workload) {
    let mut count = 0;
    workload.iterate_async(async || get(&mut count)).await;
}
"#;

#[test]
fn any_value_can_be_returned_and_an_error_fails_with_its_message() {
    let project = Project::new("returned").library_features(&["tokio"]).file("src/lib.rs", TESTS);
    let output = project.memcheck(&[]).code(100).stdout;
    for test in ["a_value", "a_result", "an_async_result"] {
        let line = output.lines().find(|line| line.contains(&format!("returned {test} ")));
        let line = line.unwrap_or_else(|| panic!("{test}: {output}"));
        assert!(line.trim_start().starts_with("PASS") && line.contains("heap +0 B"), "{line}");
    }
    let error = "error[failed]: the test returned an error in iteration 100: Closed";
    assert_eq!(output.matches(error).count(), 2, "{output}");
    assert!(output.contains("Error: Closed"), "{output}");

    let output = project.env("MEMCHECK", "once").cargo_test(&[]).code(0);
    assert!(output.stdout.contains("5 passed"), "{}", output.stdout);
}
