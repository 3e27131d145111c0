//! What README says is so: its commands run, its tables are those of `--help` and of the attribute,
//! its first screen is what the tool prints.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use crate::support::session::{bless, check_readme};
use crate::support::{clean, root, run, target_directory};

const TEST: &str = "cargo test --workspace";
const QUICKSTART: &str = "cargo memcheck --manifest-path examples/quickstart/Cargo.toml";
const REGISTRY: &str = "cargo memcheck --manifest-path examples/registry/Cargo.toml";

/// Commands of README that other files run, and the file that does.
const RUN_ELSEWHERE: [(&str, &str); 2] =
    [(TEST, ".ci/run"), ("cargo install --path cargo-memcheck", ".ci/run")];

/// Two tests write the file when they are told to mend it.
static FILE: Mutex<()> = Mutex::new(());

fn readme() -> String {
    std::fs::read_to_string(root().join("README.md")).unwrap()
}

#[test]
fn the_first_screen_is_what_the_tool_prints() {
    let _file = FILE.lock();
    check_readme(&root().join("README.md"));
}

/// The alias of this repository, which is how a clone is tried.
#[test]
fn a_clone_can_be_tried_with_the_alias() {
    let mut words = QUICKSTART.split(' ');
    let mut command = Command::new(words.next().unwrap());
    command.args(words).arg("--target-dir").arg(target_directory());
    clean(&mut command);
    command.current_dir(root());
    let output = run(&mut command).code(0);
    assert!(output.stdout.contains("3 tests run: 3 passed"), "{}", output.stdout);
}

#[test]
fn every_command_is_run_somewhere() {
    let text = readme();
    let mut shell = false;
    let mut commands = 0;
    for line in text.lines() {
        match line {
            "```sh" => shell = true,
            "```" => shell = false,
            _ if shell => {
                let command = line.split('#').next().unwrap_or_default().trim();
                if let Some((_, file)) = RUN_ELSEWHERE.iter().find(|(known, _)| *known == command) {
                    let runs = std::fs::read_to_string(root().join(file)).unwrap();
                    assert!(runs.contains(command), "{file} does not run `{command}`");
                } else {
                    let run_here = [QUICKSTART, REGISTRY, "cargo memcheck"];
                    assert!(run_here.contains(&command), "nothing runs `{command}`");
                }
                commands += 1;
            }
            _ => {}
        }
    }
    assert!(commands >= 5, "only {commands} commands were found");
    for main in [TEST, QUICKSTART, REGISTRY] {
        assert!(text.contains(main), "README does not name `{main}`");
    }
}

#[test]
fn the_tables_are_those_of_the_help_and_of_the_attribute() {
    let _file = FILE.lock();
    let help = help(&["--help"]);
    let mut text = readme();
    text = section(&text, "commands", &commands(&help));
    text = section(
        &text,
        "flags",
        &flags(
            &help,
            &["Filters", "Running", "Configuration", "Display", "Results for other tools"],
        ),
    );
    text = section(&text, "options", &options(&help));
    if bless() {
        std::fs::write(root().join("README.md"), text).unwrap();
    } else {
        assert_eq!(
            text,
            readme(),
            "run `BLESS=1 cargo test --test e2e docs::` to update README.md"
        );
    }
}

/// The first lines of code in README are those of the example that they speak of.
#[test]
fn the_code_on_the_first_screen_is_the_example() {
    let example = std::fs::read_to_string(root().join("examples/registry/src/lib.rs")).unwrap();
    let text = readme();
    let code = text.split("```rust\n").nth(1).unwrap().split("```").next().unwrap();
    for line in code.lines() {
        let line = line.split("//").next().unwrap_or_default().trim();
        assert!(example.contains(line), "the example does not have `{line}`");
    }
}

/// Every link to a file of this repository leads somewhere, and some link leads to every page.
#[test]
fn links_lead_somewhere() {
    let mut pages: Vec<PathBuf> = files_in(&root().join("docs"));
    pages.retain(|path| path.extension().is_some_and(|end| end == "md"));
    assert!(pages.len() > 10, "{pages:?}");
    let top = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|file| root().join(file));
    let examples = files_in(&root().join("examples"));
    let examples = examples.into_iter().map(|folder| folder.join("README.md"));
    let mut linked = BTreeSet::new();
    for path in pages.iter().cloned().chain(top).chain(examples) {
        let text = std::fs::read_to_string(&path).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") {
                let target = path.parent().unwrap().join(target).canonicalize();
                let target = target
                    .unwrap_or_else(|error| panic!("{} links to {link}: {error}", path.display()));
                linked.insert(target);
            }
        }
    }
    for page in pages {
        let page = page.canonicalize().unwrap();
        assert!(linked.contains(&page), "nothing links to {}", page.display());
    }
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn the_library_is_light() {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    command.args(["tree", "--locked", "--prefix", "none", "--format", "{p}"]);
    command.arg("--manifest-path").arg(root().join("examples/quickstart/Cargo.toml"));
    clean(&mut command);
    let tree = run(&mut command).code(0).stdout;
    let crates: BTreeSet<&str> = tree
        .lines()
        .map(|line| line.trim_end_matches(" (*)"))
        .filter(|line| !line.is_empty() && !line.starts_with("quickstart "))
        .collect();
    assert!(crates.len() < 40, "{crates:#?}");
    let said = format!("The library brings {} crates along", crates.len());
    assert!(readme().contains(&said), "README does not say: {said}\n{crates:#?}");
}

fn help(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-memcheck"));
    command.arg("memcheck").args(arguments);
    clean(&mut command);
    run(&mut command).code(0).stdout
}

/// `text` with what stands between `<!-- NAME -->` and `<!-- /NAME -->` replaced.
fn section(text: &str, name: &str, table: &str) -> String {
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = text.split_once(&open).expect("the section begins");
    let (_, after) = rest.split_once(&close).expect("the section ends");
    format!("{before}{open}{table}{close}{after}")
}

/// The commands as a table.
fn commands(help: &str) -> String {
    let mut table = String::from("| command | what it does |\n|---|---|\n");
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    for line in lines.take_while(|line| !line.is_empty()) {
        let (name, what) = line.trim().split_once("  ").expect("a name and what it does");
        let _ = writeln!(table, "| `cargo memcheck {name}` | {} |", what.trim());
    }
    table
}

/// A flag of `--help`: how it is written, and what it does.
struct Flag {
    usage: String,
    what: String,
}

/// The flags under a heading of `--help`.
fn flags_under(help: &str, heading: &str) -> Vec<Flag> {
    let mut flags: Vec<Flag> = Vec::new();
    let lines = help.lines().skip_while(|line| line.trim_end_matches(':') != heading).skip(1);
    for line in lines.take_while(|line| line.is_empty() || line.starts_with(' ')) {
        let text = line.trim();
        if text.starts_with('-') && !text.starts_with("- ") && line.find('-') < Some(8) {
            flags.push(Flag { usage: text.to_owned(), what: String::new() });
        } else if let Some(flag) = flags.last_mut()
            && !text.is_empty()
        {
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
            // The values that a flag takes make one sentence.
            let (separator, text) = match text.strip_prefix("- ") {
                Some(value) => (" – ", value),
                None if text == "Possible values:" => continue,
                None if flag.what.is_empty() => ("", text.as_str()),
                None => (" ", text.as_str()),
            };
            flag.what.push_str(separator);
            flag.what.push_str(text);
        }
    }
    flags
}

/// The flags under some headings as a table.
fn flags(help: &str, headings: &[&str]) -> String {
    let mut table = String::from("| flag | what it does |\n|---|---|\n");
    for heading in headings {
        let flags = flags_under(help, heading);
        assert!(!flags.is_empty(), "--help has no {heading}");
        for Flag { usage, what } in flags {
            let _ = writeln!(table, "| `{usage}` | {what} |");
        }
    }
    table
}

/// The attribute's own table, with the flag that says the same for all tests.
fn options(help: &str) -> String {
    let attribute = std::fs::read_to_string(root().join("memcheck-lib/src/attribute.md")).unwrap();
    let rows = attribute.lines().skip_while(|line| !line.starts_with("| option |")).skip(2);
    let flags = flags_under(help, "Options of the attribute, for every test of this run");
    let mut known: Vec<String> = flags.iter().map(|flag| flag.usage.clone()).collect();
    let mut table =
        String::from("| option | value | default | what it says | flag |\n|---|---|---|---|---|\n");
    for row in rows.take_while(|row| row.starts_with('|')) {
        let name = row.split('`').nth(1).expect("a name");
        let start = format!("--{} ", name.replace('_', "-"));
        let at = known.iter().position(|usage| usage.starts_with(&start));
        let flag = at.map_or("–".to_owned(), |at| format!("`{}`", known.remove(at)));
        let _ = writeln!(table, "{row} {flag} |");
    }
    assert!(known.is_empty(), "flags without an option of the attribute: {known:?}");
    table
}
