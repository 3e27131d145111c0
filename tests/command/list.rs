//! `cargo memcheck list`: which tests it finds, their names, and which of them filters select.

use crate::support::{Project, clean, entry, root, run, target_directory};

/// A project with every kind of target.
fn every_kind() -> Project {
    let test = "use memcheck::memcheck;\n#[memcheck]\nfn ";
    Project::new("every-kind")
        .manifest_extra(
            "\n[features]\nextra = []\n\n[[bench]]\nname = \"speed\"\ntest = true\n\n\
             [[test]]\nname = \"dashed-name\"\n",
        )
        .file(
            "src/lib.rs",
            "/// ```\n/// every_kind::documented();\n/// ```\npub fn documented() {}\n\
             #[cfg(test)]\nmod tests {\n    mod deeper {\n        use memcheck::memcheck;\n\
             \x20       #[memcheck]\n        fn in_the_library() {}\n    }\n\
             \x20   use memcheck::memcheck;\n    #[memcheck]\n    #[ignore]\n    fn later() {}\n\
             \x20   #[memcheck(serial = \"port\")]\n    fn alone() {}\n    #[test]\n    fn ordinary() {}\n}\n\
             #[cfg(all(test, feature = \"extra\"))]\n#[memcheck::memcheck]\nfn with_the_feature() {}\n",
        )
        .file("src/bin/tool.rs", format!("fn main() {{}}\n#[cfg(test)]\nmod tests {{ {test}in_the_binary() {{}} }}\n"))
        .file("tests/dashed-name.rs", format!("{test}in_a_test() {{}}\n"))
        .file("tests/plain.rs", "#[test]\nfn ordinary() {}\n")
        .file("examples/show.rs", format!("fn main() {{}}\n#[cfg(test)]\nmod tests {{ {test}in_the_example() {{}} }}\n"))
        .file("benches/speed.rs", format!("{test}in_the_bench() {{}}\n"))
}

#[test]
fn targets_and_filters_select_tests_as_cargo_test_does() {
    let project = every_kind();
    let list =
        |arguments: &[&str]| project.memcheck(&[&["list"], arguments].concat()).code(0).stdout;

    // As under `cargo test`: examples are only built, and benches only run with `test = true`.
    insta::assert_snapshot!(list(&[]), @"
    every-kind:
        tests::alone (serial: port)
        tests::deeper::in_the_library
        tests::later (ignored)
    every-kind::bench/speed:
        in_the_bench
    every-kind::bin/tool:
        tests::in_the_binary
    every-kind::dashed-name:
        in_a_test
    ");
    insta::assert_snapshot!(list(&["--lib", "--features", "extra", "feature"]), @"
    every-kind:
        with_the_feature
    ");
    insta::assert_snapshot!(list(&["--bins", "--test", "dashed-name"]), @"
    every-kind::bin/tool:
        tests::in_the_binary
    every-kind::dashed-name:
        in_a_test
    ");
    insta::assert_snapshot!(list(&["--examples"]), @"
    every-kind::example/show:
        tests::in_the_example
    ");

    // Filters.
    insta::assert_snapshot!(list(&["in_the", "--skip", "bench"]), @"
    every-kind:
        tests::deeper::in_the_library
    every-kind::bin/tool:
        tests::in_the_binary
    ");
    insta::assert_snapshot!(list(&["--exact", "in_a_test"]), @"
    every-kind::dashed-name:
        in_a_test
    ");
    insta::assert_snapshot!(list(&["--run-ignored", "only"]), @"
    every-kind:
        tests::later (ignored)
    ");

    insta::assert_snapshot!(list(&["--lib", "--message-format", "short"]), @"
    src/lib.rs:16:5: every-kind tests::alone (serial: port)
    src/lib.rs:9:9: every-kind tests::deeper::in_the_library
    src/lib.rs:13:5: every-kind tests::later (ignored)
    ");
    let json: serde_json::Value =
        serde_json::from_str(&list(&["--bins", "--message-format", "json"])).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&json).unwrap(), @r#"
    {
      "tests": [
        {
          "binary": "every-kind::bin/tool",
          "column": 1,
          "file": "src/bin/tool.rs",
          "ignored": false,
          "line": 4,
          "name": "tests::in_the_binary",
          "serial": null
        }
      ],
      "version": 1
    }
    "#);

    // libtest uses the same names.
    let cargo = project.cargo_test(&["--lib", "--", "--list"]).code(0).stdout;
    assert!(cargo.contains("tests::deeper::in_the_library: test"), "{cargo}");
}

#[test]
#[ignore = "slow: run by .ci/run"]
fn tests_are_found_in_stripped_release_binaries() {
    // The library would take a minute to build with this profile.
    let project = Project::new("stripped")
        .without_library()
        .manifest_extra("\n[profile.release]\nstrip = true\nlto = true\n")
        .file("src/lib.rs", entry("memcheck-test|1|stripped::kept|src/lib.rs|1|1|"));
    let output = project.memcheck(&["list", "--release", "-q"]).code(0);
    assert_eq!(output.stdout, "stripped:\n    kept\n");
    assert_eq!(output.stderr, "");
}

#[test]
fn package_flags_select_workspace_members() {
    let member = |name: &str| {
        format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
             [dev-dependencies]\nmemcheck-lib = {{ path = {:?} }}\n",
            root().join("memcheck-lib")
        )
    };
    let test = "#[cfg(test)]\n#[memcheck::memcheck]\nfn checked() {}\n";
    let project = Project::new("members")
        .file("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"one\", \"two\"]\n")
        .file("one/Cargo.toml", member("member-one"))
        .file("one/src/lib.rs", test)
        .file("two/Cargo.toml", member("member-two"))
        .file("two/src/lib.rs", test);
    let list =
        |arguments: &[&str]| project.memcheck(&[&["list"], arguments].concat()).code(0).stdout;
    let (one, two) = ("member-one:\n    checked\n", "member-two:\n    checked\n");
    assert_eq!(list(&["--workspace"]), [one, two].concat());
    assert_eq!(list(&["-p", "member-two"]), two);
    assert_eq!(list(&["--workspace", "--exclude", "member-two"]), one);
    assert_eq!(list(&["--manifest-path", "one/Cargo.toml"]), one);
}

#[test]
fn the_binary_runs_without_the_memcheck_argument() {
    let project = Project::new("named-by-list")
        .file("src/lib.rs", "#[cfg(test)]\n#[memcheck::memcheck]\nfn found() {}\n");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_cargo-memcheck"));
    clean(&mut command);
    command.arg("list").current_dir(project.path());
    command.env("CARGO_TARGET_DIR", target_directory());
    assert_eq!(run(&mut command).code(0).stdout, "named-by-list:\n    found\n");
    assert_eq!(project.memcheck(&["list"]).code(0).stdout, "named-by-list:\n    found\n");
}
