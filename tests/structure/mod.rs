//! The structure of the code: imports point one way, in the order that ARCHITECTURE.md states.

mod modules;
mod public_items;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use modules::Modules;

use crate::support::root;

/// The crates whose order ARCHITECTURE.md states: source folder and root file.
const CRATES: [(&str, &str); 2] =
    [("memcheck-lib/src", "lib.rs"), ("cargo-memcheck/src", "main.rs")];

fn modules(folder: &str, file: &str) -> Modules {
    Modules::of(&root().join(folder).join(file))
}

#[test]
fn imports_between_files_form_no_cycle() {
    let mut message = String::new();
    for (folder, file) in CRATES {
        let modules = modules(folder, file);
        for cycle in modules.cycles() {
            message.push_str(&format!("{folder}: a cycle of {} files\n", cycle.len()));
            for (from, to) in modules.arrows() {
                if cycle.contains(&from) && cycle.contains(&to) {
                    message.push_str(&format!("  {from} imports {to}\n"));
                }
            }
        }
    }
    assert!(message.is_empty(), "move what both files need into a file below both:\n{message}");
}

#[test]
fn modules_import_only_modules_above_them_in_the_architecture() {
    let architecture = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for (folder, file) in CRATES {
        let order = order(&architecture, folder);
        let modules = modules(folder, file);
        let place = |file: &str| {
            let name = top_level(file);
            let place = order.iter().position(|of| *of == name);
            place.unwrap_or_else(|| panic!("ARCHITECTURE.md does not list {folder}/{name}"))
        };
        let files = modules.files();
        let present: BTreeSet<String> =
            files.iter().filter(|of| **of != file).map(|of| top_level(of)).collect();
        for name in &order {
            assert!(
                present.contains(name),
                "{folder} has no module {name}, ARCHITECTURE.md lists it"
            );
        }
        for (from, to) in modules.arrows() {
            if from == file {
                continue;
            }
            assert!(to != file, "{folder}: {from} imports an item of the crate root {file}");
            assert!(
                place(to) <= place(from),
                "{folder}: {from} imports {to}, which ARCHITECTURE.md lists below it: move the \
                 shared item up, or change the order with a reason"
            );
        }
    }
}

/// The names in the block of `ARCHITECTURE.md` that follows `<!-- order: FOLDER -->`: one module a
/// line, its name first.
fn order(architecture: &str, folder: &str) -> Vec<String> {
    let mark = format!("<!-- order: {folder} -->");
    let (_, after) =
        architecture.split_once(&mark).unwrap_or_else(|| panic!("ARCHITECTURE.md has no `{mark}`"));
    let block = after.split("```").nth(1).unwrap_or_default();
    let lines = block.lines().skip(1).filter_map(|line| line.split_whitespace().next());
    lines.map(|name| name.trim_end_matches('/').to_owned()).collect()
}

/// The top-level module that a file belongs to.
fn top_level(file: &str) -> String {
    let first = file.split('/').next().unwrap_or(file);
    first.trim_end_matches(".rs").to_owned()
}

/// The reader of modules sees a cycle where there is one, through re-exports and inline paths.
#[test]
fn a_cycle_through_a_reexport_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path: PathBuf = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("lib.rs", "mod a; mod b; mod c;");
    write("a/mod.rs", "mod inner; pub(crate) use inner::Thing;");
    write("a/inner.rs", "pub(crate) struct Thing; fn f() { crate::b::g() }");
    write("b.rs", "use crate::a::Thing; pub(crate) fn g() { let _ = Thing; }");
    write("c.rs", "use crate::b::g; #[cfg(test)] mod tests { use super::*; } fn h() { g() }");
    let modules = Modules::of(&folder.path().join("lib.rs"));
    assert_eq!(modules.cycles(), [["a/inner.rs", "b.rs"]]);
    let arrows = modules.arrows();
    let expected: [(&str, &str); 4] = [
        ("a/inner.rs", "b.rs"),
        ("a/mod.rs", "a/inner.rs"),
        ("b.rs", "a/inner.rs"),
        ("c.rs", "b.rs"),
    ];
    assert_eq!(arrows.into_iter().collect::<Vec<_>>(), expected);
}
