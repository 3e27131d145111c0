//! Each form of a test that asserts its profile: once accepted, the same files hold under each
//! runner. `scripts/snapshots-50.sh` does it fifty times.

use crate::support::Project;
use crate::support::insta::run_with;

#[test]
fn every_form_has_the_same_snapshot_everywhere() {
    let project = Project::new("snapshot_forms")
        .library_features(&["insta", "tokio"])
        .manifest_extra(
            "tokio = { version = \"1.40\", features = [\"macros\", \"rt-multi-thread\", \"sync\"] }\n",
        )
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
    // With several threads what depends on who runs when is left out, what does not is not.
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

    // In CI nothing is written, so a difference fails.
    let ci = [("CI", "1")];
    run_with(project.memcheck_command(&["-j", "8", "--sites=always"]), &ci).code(0);
    run_with(project.cargo("test", &["--lib"]), &ci).code(0);
    if project.nextest(&["--no-run"]).is_some() {
        run_with(project.cargo("nextest", &["run"]), &ci).code(0);
    }
}
