//! The C heap: leaks in C are counted to the byte, and clean C code passes.

use crate::support::{Output, Project, root};

const TESTS: &str = include_str!("../fixtures/c_heap/tests.rs");

fn project(name: &str) -> Project {
    Project::new(name)
        .manifest_extra("libc = \"0.2.160\"\n")
        .file("build.rs", include_str!("../fixtures/c_heap/build.rs"))
        .file("c/border.c", include_str!("../fixtures/c_heap/border.c"))
        .file("c/plugin.c", include_str!("../fixtures/c_heap/plugin.c"))
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
fn leaks_in_c_are_counted_exactly() {
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

    // A block that one allocator allocates and the other frees is neither a leak nor a pass.
    for (test, headline) in [
        (
            "mismatch_rust_block_freed_by_c",
            "error[mismatched-free]: 1 block per iteration is allocated by Rust's allocator but freed by C's `free`",
        ),
        (
            "mismatch_c_block_freed_by_rust",
            "error[mismatched-free]: 1 block per iteration is allocated by C's `malloc` but freed by Rust's allocator",
        ),
    ] {
        assert!(line(&output, test).contains("FAIL"), "{}", output.stdout);
        assert!(output.stdout.contains(headline), "{headline}\n{}", output.stdout);
    }

    // Memory that the allocator retains passes; memory that is lost is a leak.
    assert!(line(&output, "retained_by_the_allocator").contains("PASS"), "{}", output.stdout);
    assert!(output.stdout.contains("warning[retained]"), "{}", output.stdout);
    assert!(line(&output, "leaks_pages_past_the_heap").contains("LEAK"), "{}", output.stdout);
    for text in [
        "error[resident-growth]: the live footprint grows by 16 KiB in every iteration",
        "that stay; look for fragmentation",
        "note: glibc reports approximately: allocated",
    ] {
        assert!(output.stdout.contains(text), "{text}\n{}", output.stdout);
    }
}

#[test]
fn an_uncounted_c_heap_is_warned_about_once() {
    let project = Project::new("uncounted")
        .file(
            "Cargo.toml",
            format!(
                "[package]\nname = \"uncounted\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n\
                 [dev-dependencies.memcheck-lib]\npath = {:?}\ndefault-features = false\n\
                 features = [\"global-allocator\"]\n",
                root().join("memcheck-lib")
            ),
        )
        .file(
            "src/lib.rs",
            "#[cfg(test)]\n#[memcheck::memcheck(iterations = 64)]\nfn one() {}\n\
             #[cfg(test)]\n#[memcheck::memcheck(iterations = 64)]\nfn two() {}\n",
        );
    let output = project.memcheck(&[]).code(0);
    let said = "warning[c-heap-not-counted] (2 tests): the C heap is not counted: the feature `native-heap` of memcheck-lib is off";
    assert_eq!(output.stdout.matches(said).count(), 1, "{}", output.stdout);
}

/// A test binary whose global allocator is not that of memcheck.
fn unwrapped(name: &str, allocator: &str) -> Project {
    Project::new(name)
        .library_features(&["own-allocator"])
        .manifest_extra("libc = \"0.2.160\"\n")
        .file("tests/own.rs", format!(
            "#[global_allocator]\nstatic GLOBAL: Own = Own;\n{allocator}\n\
             #[memcheck::memcheck]\nfn clean() {{ drop(std::hint::black_box(Box::new([1u8; 32]))); }}\n\
             #[memcheck::memcheck(heap = \"0 B\", iterations = 500)]\n\
             fn leaks() {{ std::mem::forget(std::hint::black_box(Box::new([1u8; 32]))); }}\n"
        ))
}

#[test]
fn a_rust_heap_on_malloc_is_judged_with_the_c_heap() {
    let output = unwrapped(
        "by_malloc",
        "struct Own;\n\
         unsafe impl std::alloc::GlobalAlloc for Own {\n\
             unsafe fn alloc(&self, l: std::alloc::Layout) -> *mut u8 { unsafe { std::alloc::System.alloc(l) } }\n\
             unsafe fn dealloc(&self, p: *mut u8, l: std::alloc::Layout) { unsafe { std::alloc::System.dealloc(p, l) } }\n\
         }",
    )
    .memcheck(&[])
    .code(100);
    assert!(line(&output, "clean").contains("PASS"), "{}", output.stdout);
    assert!(line(&output, "leaks").contains("LEAK"), "{}", output.stdout);
    let said = "Its blocks are counted with those of the C heap";
    assert!(output.stdout.contains(said), "{}", output.stdout);
}

#[test]
fn an_uncounted_rust_heap_is_inconclusive() {
    // Allocates from 64 MiB that are mapped once, and frees nothing.
    let output = unwrapped(
        "by_itself",
        "struct Own;\n\
         static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);\n\
         static BASE: std::sync::OnceLock<usize> = std::sync::OnceLock::new();\n\
         unsafe impl std::alloc::GlobalAlloc for Own {\n\
             unsafe fn alloc(&self, l: std::alloc::Layout) -> *mut u8 {\n\
                 let base = BASE.get_or_init(|| unsafe { libc::mmap(std::ptr::null_mut(), 64 << 20, 3, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0) } as usize);\n\
                 let size = l.size() + l.align();\n\
                 let at = base + NEXT.fetch_add(size, std::sync::atomic::Ordering::Relaxed);\n\
                 at.next_multiple_of(l.align()) as *mut u8\n\
             }\n\
             unsafe fn dealloc(&self, _: *mut u8, _: std::alloc::Layout) {}\n\
         }",
    )
    .memcheck(&["leaks"]);
    assert!(line(&output, "leaks").contains("UNSURE"), "{}", output.stdout);
    for said in ["the Rust heap was not measured", "memcheck::Alloc::new"] {
        assert!(output.stdout.contains(said), "{said}\n{}", output.stdout);
    }
}
