//! The README of every example shows what the example does.
//!
//! A README shows commands and their output:
//!
//! ````text
//! ```console
//! $ cargo memcheck --manifest-path examples/registry/Cargo.toml
//! …
//! $ echo $?
//! 100
//! ```
//! ````
//!
//! Each command is run, and its output compared with the README except for what varies. `BLESS=1
//! cargo test --test e2e docs::` writes the output into the READMEs.

use crate::support::session::{check_readme, command, comparable};
use crate::support::{root, run};

#[test]
fn quickstart() {
    check("quickstart");
}

#[test]
fn registry() {
    check("registry");
}

#[test]
fn rc_cycle() {
    check("rc_cycle");
}

#[test]
#[ignore = "slow: run by .ci/run"]
fn async_service() {
    check("async_service");
}

#[test]
fn arena() {
    check("arena");
}

#[test]
#[ignore = "slow: run by .ci/run"]
fn own_allocator() {
    check("own_allocator");
}

#[test]
fn zero_alloc() {
    check("zero_alloc");
}

#[test]
#[ignore = "slow: run by .ci/run"]
fn snapshots() {
    check("snapshots");
}

#[test]
fn library() {
    check("library");
}

#[test]
fn every_example_has_a_test_and_its_own_workspace() {
    let source = include_str!("examples.rs");
    let mut folders = 0;
    for entry in std::fs::read_dir(root().join("examples")).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_dir() {
            continue;
        }
        folders += 1;
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(source.contains(&format!("check(\"{name}\")")), "{name} has no test here");
        let manifest = std::fs::read_to_string(path.join("Cargo.toml")).unwrap();
        assert!(manifest.contains("\n[workspace]\n"), "{name} has no [workspace] of its own");
        assert!(path.join("Cargo.lock").exists(), "{name} has no Cargo.lock");
    }
    assert!(folders > 0);
}

/// In each passing test `--prove` plants every kind of leak, and all are detected.
#[test]
#[ignore = "slow: run by .ci/run"]
fn passing_tests_of_the_examples_are_proven() {
    for (example, filters, proven) in [
        ("quickstart", &[][..], 3),
        ("zero_alloc", &["--exact", "tests::recording_does_not_allocate"], 1),
        ("registry", &["a_visit_that_is_forgotten"], 1),
        ("arena", &["gives_its_pieces_back"], 1),
        ("own_allocator", &["sorting_keeps_nothing"], 1),
        ("rc_cycle", &["an_acyclic_tree"], 1),
        ("async_service", &["a_queue_of_requests", "a_request_with_a_weak_sender"], 2),
    ] {
        let manifest = format!("examples/{example}/Cargo.toml");
        let begin = ["memcheck", "--prove", "--manifest-path", &manifest];
        let arguments: Vec<String> =
            begin.iter().chain(filters).map(|word| word.to_string()).collect();
        let output = run(&mut command(&arguments)).code(0);
        let said = format!("       Proof {proven} proven\n");
        assert!(output.stdout.contains(&said), "{example}: {}", output.stdout);
    }
}

fn check(example: &str) {
    check_readme(&root().join("examples").join(example).join("README.md"));
}

#[test]
fn comparing_printed_output_ignores_times_and_sizes() {
    let one = "        PASS [   0.49s] a b  heap +0 B/iter · resident +0 B · 4,080 iterations\n\
               \x20       LEAK [   2.35s] a c  heap +128 B/iter in 2 blocks · resident +24.6 MiB · 9 iterations  ▁▁▂█\n";
    let other = "        LEAK [   1.00s] a c  heap +131 B/iter in 2 blocks · resident +900 KiB · 10 iterations  ▁▂█\n\
                 \x20       PASS [   0.40s] a b  heap +0 B/iter · resident -4.1 KiB · 4,099 iterations\n";
    assert_eq!(comparable(one), comparable(other));
    for different in [
        one.replace("+0 B/iter", "+1 B/iter"),
        one.replace("2 blocks", "3 blocks"),
        one.replace("LEAK", "LIMIT"),
        one.replace("128 B", "0 B"),
    ] {
        assert_ne!(comparable(one), comparable(&different), "{different}");
    }
}
