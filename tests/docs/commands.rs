//! Every command that a page shows is run somewhere, and what a page shows of the output is real.

use std::process::Command;

use super::{Page, pages};
use crate::support::session::check_readme;
use crate::support::{clean, root, run, target_directory, tools};

const QUICKSTART: &str = "cargo memcheck --manifest-path examples/quickstart/Cargo.toml";
const REGISTRY: &str = "cargo memcheck --manifest-path examples/registry/Cargo.toml";
const JQ: &str =
    r#"jq -r '.tests[] | select(.status == "LEAK") | .report.test.name' memcheck.json"#;

/// Commands that the tests below run.
const RUN_HERE: [&str; 3] = [QUICKSTART, REGISTRY, JQ];

/// Commands that other files run, and the file that does.
const RUN_ELSEWHERE: [(&str, &str); 7] = [
    ("cargo test --workspace", ".ci/run"),
    ("cargo memcheck", ".ci/run"),
    ("cargo install --path cargo-memcheck", ".ci/run"),
    ("mdbook build docs", ".ci/run"),
    ("scripts/clean-runs.sh 10000", ".github/workflows/ci.yml"),
    ("scripts/recording-cost.sh", ".github/workflows/ci.yml"),
    ("scripts/symbols-cost.sh", ".github/workflows/ci.yml"),
];

/// Measurements that take too long, or need what CI does not have: run by hand, with the file that
/// they run. Their pages say what they gave.
const RUN_BY_HAND: [(&str, &str); 8] = [
    ("scripts/c-heap-links.sh", "scripts/c-heap-links.sh"),
    ("scripts/c-libraries.sh", "scripts/c-libraries.sh"),
    ("scripts/real-cases.sh FOLDER", "scripts/real-cases.sh"),
    ("scripts/sensitivity-table.sh", "scripts/sensitivity-table.sh"),
    (
        "cargo run --release -p memcheck-lib --example operating_characteristics 2000 > docs/src/evidence/verdict-table.md",
        "memcheck-lib/examples/operating_characteristics/main.rs",
    ),
    (
        "cargo build --release -p memcheck-lib --examples",
        "memcheck-lib/examples/counting_cost/main.rs",
    ),
    ("target/release/examples/counting_cost", "memcheck-lib/examples/counting_cost/main.rs"),
    (
        "cargo test -p memcheck-lib --release --test process -- --ignored --nocapture cost::many_mappings",
        "memcheck-lib/tests/process/cost.rs",
    ),
];

/// Pages with commands and their output, besides those of the examples.
const SESSIONS: [&str; 4] = [
    "README.md",
    "docs/src/guide/getting-started.md",
    "docs/src/guide/reading-a-report.md",
    "docs/src/guide/writing-tests.md",
];

#[test]
fn outputs_in_readme_and_guide_are_real() {
    for name in SESSIONS {
        check_readme(&root().join(name));
    }
}

#[test]
fn every_page_with_an_output_is_checked() {
    for page in pages() {
        let checked = SESSIONS.contains(&&*page.name) || page.name.starts_with("examples/");
        assert!(checked || page.blocks("console").is_empty(), "nothing checks {}", page.name);
    }
}

#[test]
fn every_command_is_run_somewhere() {
    let mut commands = 0;
    for page in pages() {
        for line in page.blocks("sh").iter().flat_map(|block| block.lines()) {
            let command = line.split(" #").next().unwrap_or_default().trim();
            let run_elsewhere = RUN_ELSEWHERE.iter().find(|(known, _)| *known == command);
            let by_hand = RUN_BY_HAND.iter().find(|(known, _)| *known == command);
            if let Some((_, file)) = run_elsewhere {
                let runs = Page::read(file).text;
                assert!(runs.contains(command), "{file} does not run `{command}`");
            } else if let Some((_, file)) = by_hand {
                assert!(root().join(file).exists(), "there is no {file}");
            } else {
                let name = &page.name;
                assert!(RUN_HERE.contains(&command), "nothing runs `{command}` of {name}");
            }
            commands += 1;
        }
    }
    assert!(commands >= 20, "only {commands} commands were found");
}

/// The alias of this repository, with which a clone is tried.
#[test]
#[ignore = "slow: run by .ci/run"]
fn clone_can_be_tried_with_the_alias() {
    let mut words = QUICKSTART.split(' ');
    let mut command = Command::new(words.next().unwrap());
    command.args(words).arg("--target-dir").arg(target_directory());
    clean(&mut command);
    command.current_dir(root());
    let output = run(&mut command).code(0);
    assert!(output.stdout.contains("3 tests run: 3 passed"), "{}", output.stdout);
}

#[test]
fn jq_filter_names_the_tests_that_leak() {
    if !tools::is_installed(&["jq", "--version"], "`apt-get install jq`") {
        return;
    }
    let sample = root().join("tests/fixtures/reports/report-2-failed.json");
    let filter = JQ.split('\'').nth(1).unwrap();
    let output = run(Command::new("jq").args(["-r", filter]).arg(sample)).code(0);
    assert!(output.stdout.lines().count() > 0, "no name of a test that leaks");
}
