//! Every form of an annotated test: it passes when it is clean and fails when it leaks, under
//! `cargo memcheck`, `cargo test` and nextest, in debug and in release.

use std::sync::LazyLock;

use crate::support::{Output, Project};

const FORMS: &str = r#"
#![cfg(test)]
#![forbid(unsafe_code)]

use std::hint::black_box;
use std::process::ExitCode;

use memcheck::{memcheck, Workload};

fn work(leak: bool) {
    let block = black_box(Box::new([0u8; 24]));
    if leak {
        Box::leak(block);
    }
}

macro_rules! forms {
    ($($module:ident: $leak:literal),*) => {$(
        mod $module {
            use super::*;

            #[memcheck(iterations = 500)]
            fn plain() { work($leak) }

            #[memcheck(iterations = 500)]
            fn result() -> Result<(), String> { work($leak); Ok(()) }

            #[memcheck(iterations = 500)]
            fn exit_code() -> ExitCode { work($leak); ExitCode::SUCCESS }

            #[memcheck(iterations = 500)]
            fn set_up(workload: Workload) {
                let kept = vec![1u8; 100];
                workload.iterate(|| { black_box(&kept); work($leak) });
            }

            #[memcheck(iterations = 500)]
            fn set_up_result(workload: Workload) -> Result<(), std::num::ParseIntError> {
                let number: i32 = "7".parse()?;
                workload.iterate(|| { work($leak); black_box(number.to_string()).parse::<i32>().map(drop) });
                Ok(())
            }

            #[memcheck(iterations = 500)]
            fn r#type() { work($leak) }

            #[memcheck(iterations = 500)]
            async fn current_thread() { work($leak); tokio::task::yield_now().await }

            #[memcheck(iterations = 500, flavor = "multi_thread", worker_threads = 2)]
            async fn multi_thread() -> Result<(), tokio::task::JoinError> {
                tokio::spawn(async { work($leak) }).await
            }

            #[memcheck(iterations = 500)]
            async fn async_set_up(workload: Workload) {
                let (send, mut receive) = tokio::sync::mpsc::channel(4);
                workload.iterate_async(async || {
                    send.send(1).await.unwrap();
                    work($leak);
                    receive.recv().await.unwrap();
                }).await;
            }

            #[memcheck(iterations = 500)]
            mod annotated {
                use super::*;

                #[test]
                fn test() { work($leak) }

                #[tokio::test]
                async fn tokio_test() { work($leak); tokio::task::yield_now().await }

                mod deeper {
                    use super::*;

                    #[test]
                    fn nested() -> Result<(), String> { work($leak); Ok(()) }
                }
            }
        }
    )*};
}

forms!(clean: false, leaky: true);
"#;

const NAMES: [&str; 12] = [
    "annotated::deeper::nested",
    "annotated::test",
    "annotated::tokio_test",
    "async_set_up",
    "current_thread",
    "exit_code",
    "multi_thread",
    "plain",
    "result",
    "set_up",
    "set_up_result",
    "r#type",
];

static PROJECT: LazyLock<Project> = LazyLock::new(|| {
    // So that tests of annotated modules are judged under `cargo test` and nextest, too.
    let project = Project::new("forms").env("MEMCHECK", "judge");
    project.library_features(&["tokio"]).file("src/lib.rs", FORMS)
});

#[track_caller]
fn assert_every_form_is_judged(flags: &[&str]) {
    let output = PROJECT.memcheck(flags).code(100);
    for (module, status) in [("clean", "PASS"), ("leaky", "LEAK")] {
        for name in NAMES {
            let test = format!("forms {module}::{name} ");
            let line = line_with(&output, &test);
            assert!(line.trim_start().starts_with(status), "{line}");
            // A multi-thread runtime may still hold the last task at the begin or end of the run.
            let rate =
                if name == "multi_thread" { "heap +2" } else { "heap +24 B/iter in 1 block " };
            assert!(module == "clean" || line.contains(rate), "{line}");
        }
    }
}

#[test]
fn every_form_passes_when_clean_and_leaks_when_leaking_in_debug() {
    assert_every_form_is_judged(&["--test-threads=2"]);
}

#[test]
#[ignore = "slow: run by .ci/run"]
fn every_form_passes_when_clean_and_leaks_when_leaking_in_release() {
    assert_every_form_is_judged(&["--release"]);
}

#[test]
fn every_form_passes_when_clean_and_fails_when_leaking_under_cargo_test() {
    let output = PROJECT.cargo_test(&[]).code(101);
    for (module, result) in [("clean", "ok"), ("leaky", "FAILED")] {
        for name in NAMES {
            let line = format!("test {module}::{name} ... {result}");
            assert!(output.stdout.contains(&line), "{line}\n{}", output.stdout);
        }
    }
}

#[test]
fn every_form_passes_when_clean_and_fails_when_leaking_under_nextest() {
    let Some(output) = PROJECT.nextest(&["--no-fail-fast"]) else { return };
    for (module, result) in [("clean", "PASS"), ("leaky", "FAIL")] {
        for name in NAMES {
            let test = format!("forms {module}::{name}");
            let lines = output.stderr.lines().filter(|line| line.ends_with(&test));
            let statuses: Vec<&str> =
                lines.filter_map(|line| line.split_whitespace().next()).collect();
            assert!(statuses.contains(&result), "{test}: {statuses:?}\n{}", output.stderr);
        }
    }
}

fn line_with<'a>(output: &'a Output, text: &str) -> &'a str {
    let line = output.stdout.lines().find(|line| line.contains(text));
    line.unwrap_or_else(|| panic!("no line with {text:?}:\n{}{}", output.stdout, output.stderr))
}
