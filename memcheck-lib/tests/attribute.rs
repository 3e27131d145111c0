//! Every form of `#[memcheck]`, in every place: each must compile, and `cargo memcheck` must find each
//! in the binary by the name that libtest gives it.

#![forbid(unsafe_code)]
#![deny(warnings)]

extern crate memcheck as renamed;

use std::collections::BTreeSet;
use std::process::Command;

mod forms {
    use std::hint::black_box;
    use std::process::Termination;

    use memcheck::{Workload, memcheck};

    #[memcheck]
    fn plain() {
        drop(black_box(vec![1u8]));
    }

    #[memcheck(
        warmup = 4,
        iterations = 1_000,
        timeout = "2 min",
        heap = "64 B",
        resident = "1.5 MiB",
        threads = 0,
        fds = 1,
        mappings = 2,
        children = 0,
        allocations = 12,
        bytes = 4096,
        peak = "1 MiB",
        serial = "port"
    )]
    fn all_options() {}

    #[memcheck(known_leak = "this test is about the option")]
    fn leaks() {
        black_box(Box::leak(Box::new(1u8)));
    }

    #[memcheck]
    fn workload(workload: Workload) {
        let mut numbers = black_box(vec![1, 2, 3]);
        workload.iterate(|| numbers.reverse());
    }

    #[memcheck]
    fn renamed_workload(mut other: renamed::Workload) -> Result<(), String> {
        other = black_box(other);
        other.iterate(|| "1".parse::<u8>().map(drop));
        Ok(())
    }

    #[memcheck]
    fn result() -> Result<(), Box<dyn std::error::Error>> {
        "1".parse::<u8>()?;
        Ok(())
    }

    #[memcheck]
    fn some_termination() -> impl Termination {
        std::process::ExitCode::SUCCESS
    }

    #[memcheck(crate = "crate::renamed")]
    fn renamed_crate() {}

    #[memcheck()]
    #[ignore = "to be found as ignored"]
    fn ignored() -> ! {
        panic!("an ignored test ran")
    }

    #[memcheck]
    #[cfg_attr(unix, ignore = "to be found as ignored", expect(unreachable_code))]
    fn ignored_on_unix() {
        panic!("an ignored test ran");
        #[cfg(unix)]
        plain();
    }

    #[memcheck]
    #[cfg_attr(any(), ignore)]
    fn not_ignored() {}

    #[memcheck]
    fn r#type() {}

    #[memcheck]
    fn r#not_a_keyword() {}

    /// A public function with a doc comment that refers to itself.
    #[memcheck]
    #[inline]
    pub fn recursive_by_name() {
        const _: fn() = recursive_by_name;
    }

    mod r#match {
        #[memcheck::memcheck]
        fn nested() {}
    }

    macro_rules! made {
        ($($name:ident: $fds:expr, $size:literal);*) => {
            $(
                #[memcheck(fds = $fds, heap = $size)]
                fn $name(workload: Workload) {
                    workload.iterate(|| drop(black_box(vec![$fds])));
                }
            )*
        };
    }
    made!(made: 1, "64 B"; also_made: 2, 64);
}

mod without_prelude {
    #![no_implicit_prelude]

    #[::memcheck::memcheck(resident = "256 KiB", known_leak = "no `Some`, no `Into`")]
    #[ignore = "about names in generated code only"]
    fn plain() {}

    #[::memcheck::memcheck]
    fn workload(workload: ::memcheck::Workload) {
        workload.iterate(|| ());
    }
}

#[memcheck::memcheck(fds = 1)]
mod module {
    #![allow(clippy::unit_cmp)]

    fn helper() {}

    #[test]
    fn a() {
        helper();
    }

    #[test]
    #[ignore = "to be found as ignored"]
    fn b() {}

    #[memcheck(fds = 2)]
    fn own_options(workload: memcheck::Workload) {
        workload.iterate(helper);
    }

    #[test]
    #[should_panic(expected = "stays an ordinary test")]
    fn panics() {
        panic!("stays an ordinary test");
    }

    mod deeper {
        #[test]
        fn c() -> Result<(), std::num::ParseIntError> {
            "1".parse::<u8>().map(drop)
        }
    }
}

#[cfg(feature = "tokio")]
mod asynchronous {
    use std::cell::Cell;

    use memcheck::{Workload, memcheck};

    #[memcheck]
    async fn plain() {
        tokio::task::yield_now().await;
    }

    #[memcheck(flavor = "multi_thread", worker_threads = 2)]
    async fn multi_thread() -> Result<(), tokio::task::JoinError> {
        tokio::spawn(async {}).await
    }

    #[memcheck]
    async fn workload(workload: Workload) {
        let count = Cell::new(0);
        workload
            .iterate_async(|| async {
                tokio::task::yield_now().await;
                count.set(count.get() + 1);
            })
            .await;
    }

    #[memcheck]
    async fn workload_that_lends(workload: Workload) -> Result<(), std::fmt::Error> {
        let mut text = String::new();
        workload
            .iterate_async(async || {
                text.clear();
                text.push('a');
                tokio::task::yield_now().await;
                Ok::<(), String>(())
            })
            .await;
        Ok(())
    }

    #[memcheck(flavor = "multi_thread", worker_threads = 2)]
    mod module {
        #[tokio::test]
        async fn taken() {}

        #[tokio::test(flavor = "current_thread")]
        async fn taken_with_its_runtime() {}

        #[test]
        fn not_asynchronous() {}
    }
}

/// The entries in this binary: path, and whether it is ignored.
fn entries() -> BTreeSet<(String, bool)> {
    let binary = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    // Built at run time: a literal would be found in the binary, too.
    let start = ["memcheck-test", "1", ""].join("\x1f").into_bytes();
    let found = binary.windows(start.len()).enumerate().filter(|(_, window)| *window == start);
    found
        .map(|(at, _)| {
            let rest = &binary[at + start.len()..];
            let end = rest.iter().position(|byte| *byte == b'\x1e').unwrap();
            let entry = std::str::from_utf8(&rest[..end]).unwrap();
            let fields: Vec<&str> = entry.split('\x1f').collect();
            let [path, file, line, column, flags] = fields[..] else { panic!("{entry:?}") };
            assert!(file.ends_with("attribute.rs"), "{entry:?}");
            assert!(line.parse::<u32>().unwrap() > 1 && column.parse::<u32>().unwrap() > 0);
            assert_eq!(flags.contains("serial=port"), path.ends_with("all_options"), "{entry:?}");
            let path = path.strip_prefix("attribute::").unwrap();
            (path.to_owned(), flags.split(',').any(|flag| flag.starts_with("ignored")))
        })
        .collect()
}

/// The tests that libtest knows.
fn listed(arguments: &[&str]) -> BTreeSet<String> {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--list", "--format", "terse"])
        .args(arguments)
        .output()
        .unwrap();
    let list = String::from_utf8(output.stdout).unwrap();
    let names = list.lines().map(|line| line.strip_suffix(": test").unwrap().to_owned());
    names.filter(|name| name.contains("::") && name != "module::panics").collect()
}

/// Code that runs before `main` may close all descriptors. If the worker then took itself for an
/// observer, it would start another worker, and so on.
#[test]
#[cfg(target_os = "linux")]
fn a_worker_without_its_socket_exits_with_an_error() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["forms::plain", "--exact", "--nocapture"])
        .env("MEMCHECK_WORKER", format!("3:960:961:{}:1", std::process::id()))
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("were closed before the test started"), "{said}");
}

#[test]
#[cfg(target_os = "linux")]
fn every_test_has_an_entry_with_its_libtest_name() {
    let entries = entries();
    let names: BTreeSet<String> = entries.iter().map(|(path, _)| path.clone()).collect();
    assert_eq!(names, listed(&[]));
    let ignored: BTreeSet<String> =
        entries.into_iter().filter(|(_, ignored)| *ignored).map(|(path, _)| path).collect();
    assert_eq!(ignored, listed(&["--ignored"]));
    assert!(ignored.contains("forms::ignored_on_unix"), "{ignored:?}");
}
