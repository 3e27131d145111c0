//! `#[memcheck(snapshot)]`: what a test allocates, compared with a snapshot of insta.

use crate::support::Project;
use crate::support::insta::run_with;
use crate::support::tools::is_installed;

const BEFORE: &str = r#"
#[cfg(test)]
mod tests {
    use std::hint::black_box;

    #[memcheck::memcheck(snapshot)]
    fn test_answers_a_request() {
        let name = black_box(String::from("a name"));
        drop(black_box(vec![1u8; 100]));
        drop(name);
    }

    #[memcheck::memcheck(snapshot = "parsed", known_leak = "the registry of words")]
    fn parses() {
        Box::leak(black_box(Box::new([1u8; 24])));
    }

    #[memcheck::memcheck(snapshot)]
    fn grows() {
        if std::env::var_os("LEAK").is_some() {
            Box::leak(black_box(Box::new(1u8)));
        }
    }

    #[test]
    fn by_hand() {
        let before = memcheck::Snapshot::thread().unwrap();
        let kept = black_box(vec![1u8; 1234]);
        let growth = memcheck::Snapshot::thread().unwrap().since(&before);
        drop(kept);
        insta::assert_snapshot!(growth);
    }
}
"#;

const REQUEST: &str = "src/snapshots/walk__tests__answers_a_request.snap";

fn project(name: &str) -> Project {
    let project = Project::new(name).library_features(&["insta"]).manifest_extra("insta = \"1\"\n");
    project.file("src/lib.rs", BEFORE)
}

#[test]
#[ignore = "slow: run by .ci/run"]
fn snapshots_are_compared_reviewed_and_accepted_with_cargo_insta() {
    let version = ["cargo-insta", "insta", "--version"];
    if !is_installed(&version, "`cargo install cargo-insta --locked`") {
        return;
    }
    let project = project("walk");
    let insta = |arguments: &[&str]| run_with(project.cargo("insta", arguments), &[]);
    let memcheck = |arguments: &[&str]| run_with(project.memcheck_command(arguments), &[]);
    let test = |arguments: &[&str], variables: &[(&str, &str)]| {
        run_with(project.cargo("test", arguments), variables)
    };
    let there = |path: &str| project.path().join(path).exists();
    let pending = format!("{REQUEST}.new");

    // Without a snapshot the test fails as insta does, and a new one is pending. In CI no file is
    // written.
    let first = test(&["--lib"], &[("CI", "1")]).code(101);
    assert!(first.stdout.contains("snapshot assertion for"), "{}", first.stdout);
    assert!(!there(&pending));
    let first = memcheck(&[]).code(100);
    assert!(first.stdout.contains("FAIL") && there(&pending), "{}", first.stdout);
    assert!(first.stdout.contains("allocations    2 blocks per iteration"), "{}", first.stdout);

    insta(&["test", "--accept"]).code(0);
    assert!(there(REQUEST) && !there(&pending));
    let text = std::fs::read_to_string(project.path().join(REQUEST)).unwrap();
    assert!(text.contains("source: src/lib.rs") && text.contains("peak           106 B"), "{text}");
    assert!(there("src/snapshots/walk__tests__parsed.snap"));
    let by_hand = project.path().join("src/snapshots/walk__tests__by_hand.snap");
    let by_hand = std::fs::read_to_string(by_hand).unwrap();
    assert!(
        by_hand.contains("growth of this thread\nheap: +1234 B in +1 blocks live"),
        "{by_hand}"
    );

    matches_under_each_runner(&project);

    // One more allocation.
    project.write("src/lib.rs", BEFORE.replace("drop(name);", "drop((name.clone(), name));"));
    for output in [memcheck(&[]).code(100), test(&["--lib"], &[]).code(101)] {
        let printed = format!("{}{}", output.stdout, output.stderr);
        for line in ["-allocations    2 blocks", "+allocations    3 blocks"] {
            let found = printed.lines().any(|printed| squeezed(printed).contains(&squeezed(line)));
            assert!(found, "no {line:?}:\n{printed}");
        }
    }
    assert!(there(&pending));
    // With INSTA_FORCE_PASS, as `cargo insta test` sets it, the tests pass and stay pending.
    test(&["--lib"], &[("INSTA_FORCE_PASS", "1")]).code(0);
    insta(&["accept"]).code(0);
    assert!(!there(&pending));
    memcheck(&[]).code(0);

    // Only the snapshot that no test asserts is unreferenced.
    project.write("src/snapshots/walk__tests__gone.snap", "---\nsource: src/lib.rs\n---\ngone\n");
    insta(&["test", "--unreferenced=delete"]).code(0);
    assert!(there(REQUEST) && !there("src/snapshots/walk__tests__gone.snap"));

    // A leak is reported as a leak; it never becomes a pending snapshot.
    let leak = run_with(project.memcheck_command(&["grows"]), &[("LEAK", "1")]).code(100);
    assert!(leak.stdout.contains("LEAK"), "{}", leak.stdout);
    assert!(!there("src/snapshots/walk__tests__grows.snap.new"));
    let always = [("INSTA_UPDATE", "always"), ("LEAK", "1")];
    run_with(project.memcheck_command(&["grows"]), &always).code(100);
    let text =
        std::fs::read_to_string(project.path().join("src/snapshots/walk__tests__grows.snap"));
    assert!(text.unwrap().contains("verdict        steady"));
}

/// The same snapshots match under each runner.
fn matches_under_each_runner(project: &Project) {
    for _ in 0..3 {
        run_with(project.memcheck_command(&["-j", "8"]), &[("CI", "1")]).code(0);
        run_with(project.cargo("test", &["--lib", "--", "--test-threads=8"]), &[("CI", "1")])
            .code(0);
    }
    if let Some(output) = project.nextest(&["-j", "8"]) {
        output.code(0);
    }
}

/// Removes blanks and the lines of insta's table: `-allocations2blocks`.
fn squeezed(line: &str) -> String {
    line.chars().filter(|c| !c.is_whitespace() && !"│┆".contains(*c)).collect()
}

#[test]
#[ignore = "slow: run by .ci/run"]
fn an_uncounted_heap_is_an_error_and_writes_no_snapshot() {
    let project =
        Project::new("snapshot-uncounted").library_features(&["insta", "own-allocator"]).file(
            "src/lib.rs",
            r#"
        #[cfg(test)]
        mod tests {
            #[memcheck::memcheck(snapshot)]
            fn asserts() {}

            #[test]
            fn by_hand() {
                let error = memcheck::Snapshot::thread().unwrap_err().to_string();
                assert!(error.contains("memcheck::Alloc::new"), "{error}");
            }
        }
        "#,
        );
    let output = run_with(project.memcheck_command(&[]), &[("INSTA_UPDATE", "always")]).code(1);
    assert!(output.stdout.contains("BROKEN"), "{}", output.stdout);
    // The feature is enabled already, so the advice is not to enable it.
    let advice = "the feature `own-allocator` of memcheck-lib is on (possibly enabled by another \
                  crate of this build)";
    assert!(output.stdout.contains(advice), "{}", output.stdout);
    assert!(output.stdout.contains("static A: memcheck::Alloc<std::alloc::System>"));
    assert!(!project.path().join("src/snapshots").exists());
    run_with(project.cargo("test", &["by_hand"]), &[]).code(0);
}

/// `scripts/snapshots-50.sh` repeats this fifty times.
#[test]
#[ignore = "slow: run by .ci/run"]
fn every_form_has_the_same_snapshot_under_each_runner() {
    let project = Project::new("snapshot_forms")
        .library_features(&["insta", "tokio"])
        .file("src/lib.rs", include_str!("../fixtures/snapshot_forms/forms.rs"));
    let accepted = run_with(project.memcheck_command(&[]), &[("INSTA_UPDATE", "always")]).code(0);
    assert!(
        accepted.stdout.contains("14 tests run: 13 passed, 1 known leak"),
        "{}",
        accepted.stdout
    );

    let folder = project.path().join("src/snapshots");
    let names: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
    assert_eq!(names.len(), 14, "{names:?}");
    let text = |name: &str| {
        let path = folder.join(format!("snapshot_forms__tests__{name}.snap"));
        let text = std::fs::read_to_string(&path);
        text.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let plain = text("plain");
    for line in ["allocations    2 blocks per iteration", "peak           106 B"] {
        assert!(plain.contains(line), "{plain}");
    }
    assert!(text("one_of_a_group").contains("allocated      40 B per iteration"));
    // With several threads only the values that depend on scheduling are left out.
    for name in ["threads_of_its_own", "many_threads", "converted__many_threads"] {
        let text = text(name);
        assert!(text.contains("peak           varies (several threads)"), "{name}: {text}");
        assert!(text.contains("heap           steady\n"), "{name}: {text}");
        assert!(!text.contains("allocations    varies"), "{name}: {text}");
    }
    for name in ["one_thread", "converted__one_thread"] {
        let text = text(name);
        assert!(text.contains("tasks          steady"), "{name}: {text}");
        assert!(text.contains("heap           steady, +0 B per iteration"), "{name}: {text}");
    }
    let leaks = text("leaks");
    assert!(leaks.contains("verdict        growing, as known"), "{leaks}");
    assert!(leaks.contains("heap           growing, +24 B per iteration"), "{leaks}");

    // In CI no file is written, so a difference fails.
    let ci = [("CI", "1")];
    run_with(project.memcheck_command(&["-j", "8", "--sites=always"]), &ci).code(0);
    run_with(project.cargo("test", &["--lib"]), &ci).code(0);
    if project.nextest(&["--no-run"]).is_some() {
        run_with(project.cargo("nextest", &["run"]), &ci).code(0);
    }
}
