//! The C heap, end to end: what C forgets is counted to the byte, what C does well is not blamed.

mod support;

use support::{Output, Project};

const TESTS: &str = include_str!("c_heap/tests.rs");

fn project(name: &str) -> Project {
    Project::new(name)
        .manifest_extra("libc = \"0.2.160\"\n")
        .file("build.rs", include_str!("c_heap/build.rs"))
        .file("c/border.c", include_str!("c_heap/border.c"))
        .file("c/plugin.c", include_str!("c_heap/plugin.c"))
        .file("tests/border.rs", TESTS)
}

/// The line of a test.
#[track_caller]
fn line<'a>(output: &'a Output, test: &str) -> &'a str {
    let mut lines = output.stdout.lines();
    let found = lines.find(|line| line.contains("s] ") && line.contains(&format!(" {test} ")));
    found.unwrap_or_else(|| panic!("{test} is not in\n{}", output.stdout))
}

#[test]
fn leaks_in_c_are_counted_to_the_byte() {
    let project = project("border");
    let output = project.memcheck(&["-j", "1"]).code(100);

    for test in TESTS.lines().filter_map(|line| line.strip_prefix("fn clean_")) {
        let name = format!("clean_{}", test.split('(').next().unwrap_or_default());
        assert!(line(&output, &name).contains("PASS"), "{}", output.stdout);
    }
    for (test, rate) in [
        ("leaks_24_bytes_in_c", "heap +0 B/iter · C heap +24 B/iter in 1 block "),
        ("leaks_104_bytes_in_a_c_thread", "heap +0 B/iter · C heap +104 B/iter in 1 block "),
        ("leaks_104_bytes_in_a_loaded_library", "heap +0 B/iter · C heap +104 B/iter in 1 block "),
        ("leaks_11_bytes_of_rust_given_to_c", "heap +11 B/iter in 1 block · resident"),
    ] {
        let line = line(&output, test);
        assert!(line.contains("LEAK") && line.contains(rate), "{line}\n{}", output.stdout);
    }
    for headline in [
        "error[c-heap-growth]: 24 B in 1 block survives every iteration on the C heap",
        "error[c-heap-growth]: 104 B in 1 block survives every iteration on the C heap",
        "error[heap-growth]: 11 B in 1 block survives every iteration",
    ] {
        assert!(output.stdout.contains(headline), "{headline}\n{}", output.stdout);
    }

    // Blocks that change sides are no leak, and no success.
    for (test, headline) in [
        (
            "mismatch_rust_block_freed_by_c",
            "error[mismatched-free]: 1 block per iteration is allocated by Rust's allocator and freed by C's `free`",
        ),
        (
            "mismatch_c_block_freed_by_rust",
            "error[mismatched-free]: 1 block per iteration is allocated by C's `malloc` and freed by Rust's allocator",
        ),
    ] {
        assert!(line(&output, test).contains("FAIL"), "{}", output.stdout);
        assert!(output.stdout.contains(headline), "{headline}\n{}", output.stdout);
    }

    // What the allocator keeps is told from what is gone.
    assert!(line(&output, "retained_by_the_allocator").contains("PASS"), "{}", output.stdout);
    assert!(output.stdout.contains("warning[retained]"), "{}", output.stdout);
    assert!(line(&output, "leaks_pages_past_the_heap").contains("LEAK"), "{}", output.stdout);
    for text in [
        "error[resident-growth]: the live footprint grows by 16 KiB in every iteration",
        "that stay: fragmentation, or memory mapped past the heaps",
        "note: glibc, about, by its own account: allocated",
    ] {
        assert!(output.stdout.contains(text), "{text}\n{}", output.stdout);
    }
}

#[test]
fn a_c_heap_that_is_not_counted_is_said_once() {
    let project = Project::new("uncounted")
        .file(
            "Cargo.toml",
            format!(
                "[package]\nname = \"uncounted\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n\
                 [dev-dependencies.memcheck-lib]\npath = {:?}\ndefault-features = false\n\
                 features = [\"global-allocator\"]\n",
                support::root().join("memcheck-lib")
            ),
        )
        .file(
            "src/lib.rs",
            "#[cfg(test)]\n#[memcheck::memcheck(iterations = 64)]\nfn one() {}\n\
             #[cfg(test)]\n#[memcheck::memcheck(iterations = 64)]\nfn two() {}\n",
        );
    let output = project.memcheck(&[]).code(0);
    let said = "warning[c-heap-not-counted] (2 tests): the C heap is not counted: the feature `native-heap` of memcheck-lib is not enabled";
    assert_eq!(output.stdout.matches(said).count(), 1, "{}", output.stdout);
}
