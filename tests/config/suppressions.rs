//! `[[suppress]]`: suppressed leaks are shown, unused suppressions are warned about.

use crate::support::{Project, root};

#[test]
fn a_suppressed_leak_is_known_and_another_leak_still_fails() {
    let project = Project::new("suppressed")
        .file(
            ".config/memcheck.toml",
            "[[suppress]]\nfunction = \"*vendor::init*\"\nreason = \"https://example.org/42\"\n",
        )
        .file(
            "src/lib.rs",
            r#"#![cfg(test)]
mod vendor {
    #[inline(never)]
    pub fn init() { std::hint::black_box(Box::leak(Box::new([7u8; 24]))); }
}
fn ours() { std::hint::black_box(Box::leak(Box::new(1u64))); }

#[memcheck::memcheck(iterations = 2000)]
fn theirs_alone() { vendor::init(); }

#[memcheck::memcheck(iterations = 2000)]
fn theirs_and_ours() { vendor::init(); ours(); }
"#,
        );
    let reason =
        "suppressed: 24 B in 1 block per iteration at *vendor::init* (https://example.org/42)";
    let known = project.memcheck(&["--exact", "theirs_alone"]).code(0);
    assert!(known.stdout.contains("KNOWN") && known.stdout.contains(reason), "{}", known.stdout);
    let leak = project.memcheck(&["--exact", "theirs_and_ours"]).code(100);
    assert!(leak.stdout.contains("LEAK") && leak.stdout.contains(reason), "{}", leak.stdout);
    assert!(
        leak.stdout.contains("8 B in 1 block per iteration, allocated here"),
        "{}",
        leak.stdout
    );
    // Without recorded sites it is not known which leak it is, so none is suppressed.
    project.memcheck(&["--exact", "theirs_alone", "--sites=never"]).code(100);
}

/// An unused suppression would hide the next leak. The warning needs a run of the whole workspace.
#[test]
fn an_unused_suppression_is_warned_about() {
    let library = root().join("memcheck-lib");
    let manifest = |name: &str| {
        format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
             [dev-dependencies]\nmemcheck-lib = {{ path = {library:?} }}\n"
        )
    };
    let test = |attributes: &str| {
        format!(
            "#[cfg(test)]\n#[memcheck::memcheck(iterations = 500)]\n{attributes}fn of_it() {{}}\n"
        )
    };
    let project = Project::new("unused")
        .file(
            "Cargo.toml",
            "[workspace]\nmembers = [\"one\", \"two\", \"none\"]\nresolver = \"3\"\n",
        )
        .file("one/Cargo.toml", manifest("unused-one"))
        .file("one/src/lib.rs", test(""))
        .file("two/Cargo.toml", manifest("unused-two"))
        .file("two/src/lib.rs", test("") + &test("#[ignore]\n").replace("of_it", "later"))
        // A package without tests, so no tests of it are missing.
        .file("none/Cargo.toml", manifest("unused-none") + "[lib]\ntest = false\n")
        .file("none/src/lib.rs", "")
        .file(
            ".config/memcheck.toml",
            "# Once needed.\n[[suppress]]\nfunction = \"*vendor::init*\"\nreason = \"gone\"\n",
        );
    let warnings = |arguments: &[&str]| {
        let stderr = project.memcheck(arguments).code(0).stderr;
        stderr.lines().filter(|line| line.starts_with("warning: ")).collect::<Vec<_>>().join("\n")
    };
    let unused = "warning: .config/memcheck.toml:2: the suppression of `*vendor::init*` matched no leak in this run";
    let remove = "remove it, or it may hide a future leak";
    assert_eq!(warnings(&[]), format!("{unused} (1 ignored test did not run): {remove}"));
    assert_eq!(warnings(&["--workspace", "--run-ignored=all"]), format!("{unused}: {remove}"));
    for part in
        [&["-p", "unused-one"][..], &["--skip", "nothing-else", "of_it"], &["--sites=never"]]
    {
        assert_eq!(warnings(part), "", "{part:?}");
    }
}
