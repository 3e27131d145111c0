//! Wrong or missing input: each error says what is wrong, why, and what to do, with its exit code.

use std::process::Command;

use super::project_with_nested_test;
use crate::support::{Output, Project, clean, entry, run};

/// Runs the tool in an empty folder.
fn outside(arguments: &[&str]) -> Output {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-memcheck"));
    clean(&mut command);
    command.arg("memcheck").args(arguments).current_dir(directory.path());
    let mut output = run(&mut command);
    output.stderr = output.stderr.replace(&*directory.path().to_string_lossy(), "<folder>");
    output
}

#[test]
fn an_unknown_flag_is_rejected_with_a_similar_flag() {
    insta::assert_snapshot!(outside(&["--resitent", "1 MiB"]).code(2).error(), @"
    error: unexpected argument '--resitent' found

      tip: a similar argument exists: '--resident'
      tip: to pass '--resitent' as a value, use '-- --resitent'

    Usage: cargo memcheck --resident <SIZE> [FILTERS]... [-- <ARGS>...]

    For more information, try '--help'.
    ");
}

#[test]
fn an_invalid_size_or_time_is_rejected() {
    insta::assert_snapshot!(outside(&["--resident", "much"]).code(2).error(), @r#"
    error: invalid value 'much' for '--resident <SIZE>': expected a size: a number and a unit, for example "64 B", "256 KiB" or "1.5 MiB"

    For more information, try '--help'.
    "#);
    insta::assert_snapshot!(outside(&["--time", "2"]).code(2).error(), @r#"
    error: invalid value '2' for '--time <TIME>': missing unit after 2; write "2s" for seconds, or use ns, us, ms, m, h, d or w

    For more information, try '--help'.
    "#);
}

#[test]
fn a_missing_manifest_is_an_error() {
    insta::assert_snapshot!(outside(&[]).code(2).error(), @"
    error: there is no Cargo.toml in `<folder>` or a folder above it
      help: run the command inside a cargo project, or set --manifest-path
    ");
    insta::assert_snapshot!(outside(&["--manifest-path", "x/Cargo.toml"]).code(2).error(), @"
    error: cannot read the manifest `x/Cargo.toml` (--manifest-path): No such file or directory (os error 2)
      help: set --manifest-path to the path of an existing Cargo.toml
    ");
}

#[test]
fn help_and_version_exit_0() {
    let help = outside(&["--help"]).code(0).stdout;
    assert!(help.contains("Usage: cargo memcheck") && help.contains("--resident"), "{help}");
    assert!(outside(&["--version"]).code(0).stdout.starts_with("cargo-memcheck "));
}

#[test]
fn a_failed_build_shows_the_compiler_error_and_exits_101() {
    let project = Project::new("no-build")
        .without_library()
        .file("src/lib.rs", "pub fn broken() -> u8 { missing }\n");
    let output = project.memcheck(&["--lib"]).code(101);
    // The message of the compiler, then that of the tool.
    assert!(output.stderr.contains("cannot find value `missing`"), "{}", output.stderr);
    insta::assert_snapshot!(output.error(), @"
    error: cargo could not build the tests: `cargo test --no-run --message-format=json-render-diagnostics --lib` failed with exit status: 101
      help: fix the build errors above, then run again
    ");
    assert_eq!(output.stdout, "");
}

#[test]
fn an_unknown_package_exits_101() {
    let project = Project::new("no-such-package").without_library();
    let output = project.memcheck(&["-p", "other"]).code(101);
    assert!(output.stderr.contains("other"), "{}", output.stderr);
}

#[test]
fn an_unusable_target_directory_exits_101() {
    let project = Project::new("no-target").without_library().file("occupied", "");
    let output = project.memcheck(&["--target-dir", "occupied"]).code(101);
    assert!(output.stderr.contains("occupied"), "{}", output.stderr);
    insta::assert_snapshot!(output.error(), @"
    error: cargo could not build the tests: `cargo test --no-run --message-format=json-render-diagnostics --target-dir occupied` failed with exit status: 101
      help: fix the build errors above, then run again
    ");
}

#[test]
fn a_truncated_test_binary_is_an_error_that_says_to_remove_it() {
    let project =
        Project::new("cut-binary").without_library().file("src/lib.rs", "#[test] fn a() {}\n");
    project.memcheck(&["--no-run"]).code(0);
    let own = |path: &std::path::PathBuf| path.metadata().is_ok_and(|of| of.len() > 4096);
    let mut binaries = project.test_binaries("cut_binary");
    binaries.retain(own);
    let whole = std::fs::read(&binaries[0]).unwrap();
    for (length, why) in [
        (0, "Could not read file magic"),
        (40, "Invalid ELF header size or alignment"),
        (whole.len() / 2, "Invalid ELF section header offset/size/alignment"),
    ] {
        for binary in &binaries {
            std::fs::write(binary, &whole[..length]).unwrap();
        }
        let error = project.memcheck(&["list"]).code(1).error();
        let expected = format!(
            "error: cannot find the annotated tests in `<target>/debug/deps/cut_binary-<hash>`: \
             the file is not a valid ELF file: {why}\n  help: remove the file, so that cargo builds it \
             again: `rm <target>/debug/deps/cut_binary-<hash>` (a full disk or a killed build \
             leaves such files)"
        );
        assert_eq!(error, expected);
    }
    for binary in &binaries {
        std::fs::write(binary, "no ELF file at all").unwrap();
    }
    project.memcheck(&["list"]).code(1);

    // The advice in the message works.
    for binary in &binaries {
        std::fs::remove_file(binary).unwrap();
    }
    project.memcheck(&["list"]).code(4);
}

#[test]
fn an_entry_of_another_version_is_an_error_that_says_what_to_update() {
    let version = |name, version| {
        let entry = entry(&format!("memcheck-test|{version}|{name}::a|src/lib.rs|1|1|"));
        Project::new(name)
            .without_library()
            .file("src/lib.rs", entry)
            .memcheck(&["list"])
            .code(2)
            .error()
    };
    insta::assert_snapshot!(version("older", 0), @"
    error: cannot read an annotated test in `<target>/debug/deps/older-<hash>`: its entry has version 0, but cargo-memcheck <version> reads version 1
      help: the library is older than the tool: update the library with `cargo update -p memcheck-lib`, or set the tool's version in Cargo.toml
    ");
    insta::assert_snapshot!(version("newer", 2), @"
    error: cannot read an annotated test in `<target>/debug/deps/newer-<hash>`: its entry has version 2, but cargo-memcheck <version> reads version 1
      help: the library is newer than the tool: update the tool with `cargo install cargo-memcheck`
    ");
}

#[test]
fn a_damaged_entry_is_an_error() {
    let source = entry("memcheck-test|1|damaged::a|src/lib.rs|1");
    let project = Project::new("damaged").without_library().file("src/lib.rs", source);
    insta::assert_snapshot!(project.memcheck(&["list"]).code(2).error(), @r#"
    error: cannot read an annotated test in `<target>/debug/deps/damaged-<hash>`: its entry is damaged: "memcheck-test\u{1f}1\u{1f}damaged::a\u{1f}src/lib.rs\u{1f}1"
      help: run `cargo clean` and build again; if that does not help, check that only #[memcheck] writes to the link section `memcheck_tests`
    "#);
}

#[test]
fn two_tests_with_the_same_name_are_an_error() {
    let project = Project::new("same-name").file(
        "src/lib.rs",
        "#![cfg(test)]\n#[memcheck::memcheck]\nfn a() {}\n\
         fn outer() {\n    #[memcheck::memcheck]\n    fn a() {}\n}\n",
    );
    insta::assert_snapshot!(project.memcheck(&["list"]).code(2).error(), @"
    error: two annotated tests of `same-name` have the name `a`: src/lib.rs:2 and src/lib.rs:5
      help: rename one of them: a test inside a function has the path of a test next to that function, and libtest finds only one of the two
    ");
}

/// The compiler removes every `#[test]` of a target that has no harness.
#[test]
fn a_test_in_a_target_without_harness_fails() {
    let project = Project::new("no-harness")
        .manifest_extra("\n[[test]]\nname = \"own_main\"\nharness = false\n")
        .file(
            "tests/own_main.rs",
            "#![deny(warnings)]\n#![forbid(unsafe_code)]\n#[memcheck::memcheck]\nfn never_runs() {}\nfn main() {}\n",
        );
    let output = project.memcheck(&["--test", "own_main"]).code(100);
    let said = "the test harness does not know `never_runs`, so the test never runs";
    assert!(output.stdout.contains(said), "{}", output.stdout);
    assert!(output.stdout.contains("`harness = false` in Cargo.toml"), "{}", output.stdout);
}

#[test]
fn a_test_inside_a_function_fails_because_libtest_cannot_run_it() {
    let output = project_with_nested_test("nested").memcheck(&[]).code(100);
    let why = "the test harness does not know `inner`, so the test never runs: if it is inside a \
               function, move it out of the function";
    assert!(output.stdout.contains(why), "{}", output.stdout);
}

#[test]
fn a_project_without_annotated_tests_exits_4_with_first_steps() {
    let project = Project::new("nothing-yet")
        .without_library()
        .file("src/lib.rs", "#[test] fn ordinary() {}\n");
    insta::assert_snapshot!(project.memcheck(&[]).code(4).error(), @r#"
    error: there is no test with #[memcheck]
      help: cargo memcheck searched 1 test binary; add the library to Cargo.toml, with the path of a clone of its repository:

        [dev-dependencies]
        memcheck-lib = { path = "CLONE/memcheck-lib" }

      Then annotate a test. Its body is one iteration of the work that must not leak:

        use memcheck::memcheck;

        #[memcheck]
        fn parsing_does_not_leak() {
            my_crate::parse("input");
        }

      Then run `cargo memcheck` again
    "#);
    project.memcheck(&["list"]).code(4);
    let begun = Project::new("begun").file("src/lib.rs", "#[test] fn ordinary() {}\n");
    let error = begun.memcheck(&[]).code(4).error();
    assert!(error.contains("cargo memcheck searched 1 test binary; annotate a test"), "{error}");
}

#[test]
fn filters_that_match_no_test_exit_4() {
    let project = Project::new("asked")
        .file("src/lib.rs", "#![cfg(test)]\n#[memcheck::memcheck]\n#[ignore]\nfn later() {}\n");
    insta::assert_snapshot!(project.memcheck(&["latr", "--release=no"]).code(2).error(), @"
    error: unexpected value 'no' for '--release' found; no more were expected

    Usage: cargo memcheck --release [FILTERS]... [-- <ARGS>...]

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(project.memcheck(&["latr"]).code(4).error(), @"
    error: no test matches `latr` (1 annotated)
      help: `cargo memcheck list` shows the test names
    ");
    insta::assert_snapshot!(project.memcheck(&["--lib", "list"]).code(4).error(), @"
    error: no test matches `list` (1 annotated)
      help: write the command first: `cargo memcheck list …`; `cargo memcheck list` shows the test names
    ");
    insta::assert_snapshot!(project.memcheck(&["lat*"]).code(4).error(), @"
    error: no test matches `lat*` (1 annotated)
      help: a filter is a part of a name, not a pattern: write `lat` instead of `lat*`; `cargo memcheck list` shows the test names
    ");
    insta::assert_snapshot!(project.memcheck(&["later", "--skip", "later"]).code(4).error(), @"
    error: no test matches `later` and is left after --skip later (1 annotated)
      help: `cargo memcheck list` shows the test names
    ");
    insta::assert_snapshot!(project.memcheck(&[]).code(4).error(), @"
    error: all selected tests are ignored (1)
      help: run ignored tests too with `--run-ignored all`
    ");
    assert_eq!(project.memcheck(&["list"]).code(0).stdout, "asked:\n    later (ignored)\n");
    project.memcheck(&["--no-run"]).code(0);
}

/// Cargo would start that runner instead of the tool on every test binary.
#[test]
fn a_runner_given_with_config_is_rejected() {
    let project = Project::new("own-runner")
        .without_library()
        .file("src/lib.rs", entry("memcheck-test|1|own_runner::a|src/lib.rs|1|1|"))
        .file("runner.toml", "[target.'cfg(unix)']\nrunner = \"touch started\"\n");
    let inline = "target.'cfg(unix)'.runner=\"touch started\"";
    insta::assert_snapshot!(project.memcheck(&["--config", inline]).code(2).error(), @r#"
    error: `--config target.'cfg(unix)'.runner="touch started"` sets a runner, and cargo would start it instead of cargo memcheck
      help: remove the runner from --config: cargo memcheck must start the tests itself
    "#);
    project.memcheck(&["--config", "runner.toml"]).code(2);
    assert!(!project.path().join("started").exists());
}

/// A library with another protocol version comes from an old `target` or a renamed dependency.
#[test]
fn a_worker_of_another_protocol_version_fails_and_says_what_to_update() {
    let project = |name: &str, protocol: u32| {
        let source = entry(&format!(
            "memcheck-test|1|{}::a|src/lib.rs|1|1|",
            name.replace('-', "_")
        )) + r#"
#[test]
fn a() {
    let invitation = std::env::var("MEMCHECK_WORKER").unwrap();
    let socket: i32 = invitation.split(':').nth(1).unwrap().parse().unwrap();
    let mut hello = [1u32.to_ne_bytes(), PROTOCOLu32.to_ne_bytes()].concat();
    hello.extend(b"{\"library\":\"0.0.9\"}");
    unsafe extern "C" { safe fn send(socket: i32, data: *const u8, length: usize, flags: i32) -> isize; }
    assert_eq!(send(socket, hello.as_ptr(), hello.len(), 0), hello.len() as isize);
    std::thread::sleep(std::time::Duration::from_secs(3600));
}
"#;
        let source = source.replace("PROTOCOL", &protocol.to_string());
        Project::new(name).without_library().file("src/lib.rs", source).memcheck(&[]).code(1)
    };
    for (name, protocol, advice) in [
        ("old-protocol", 0, "Update the dev-dependency `memcheck-lib`"),
        ("new-protocol", 99, "Update cargo-memcheck"),
    ] {
        let stdout = project(name, protocol).stdout;
        let what = format!("the test was built with memcheck-lib 0.0.9 (protocol {protocol})");
        assert!(stdout.contains(&what) && stdout.contains(advice), "{stdout}");
    }
}
