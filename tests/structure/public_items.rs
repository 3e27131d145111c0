//! The public items of the library, as rustdoc lists them: a change of the public surface is seen
//! in review, in docs/public-items.txt.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::session::bless;
use crate::support::{clean, root, run, target_directory};

/// Where the list is kept.
const LIST: &str = "docs/public-items.txt";

/// Kinds of members that have an anchor on the page of their item.
const MEMBERS: [&str; 5] = ["method", "tymethod", "structfield", "variant", "associatedconstant"];

#[test]
fn the_public_items_are_those_of_the_committed_list() {
    let target = target_directory().join("public-items");
    let mut command = Command::new("cargo");
    command.args(["doc", "--package", "memcheck-lib", "--no-deps", "--quiet"]);
    command.args(["--features", "tokio,insta", "--target-dir"]).arg(&target);
    clean(&mut command);
    command.current_dir(root());
    run(&mut command).code(0);
    let found = items(&target.join("doc/memcheck"));
    let path = root().join(LIST);
    if bless() {
        fs::write(&path, &found).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        found, expected,
        "the public surface changed: if that is meant, run \
         `BLESS=1 cargo test --test e2e public_items` and review {LIST}"
    );
}

/// One line for each item, `struct Options`, followed by its members, indented.
fn items(folder: &Path) -> String {
    let all = fs::read_to_string(folder.join("all.html")).unwrap();
    let mut lines = Vec::new();
    for link in all.split("<a href=\"").skip(1) {
        let Some((href, rest)) = link.split_once('"') else { continue };
        let Some((kind, _)) = kind(href) else { continue };
        let name = rest.split(['>', '<']).nth(1).unwrap_or_default();
        let page = fs::read_to_string(folder.join(href)).unwrap();
        // What follows are the members of traits.
        let own = page.split("id=\"trait-implementations\"").next().unwrap_or_default();
        let mut members: Vec<String> = own.split("id=\"").skip(1).filter_map(member).collect();
        members.sort();
        members.dedup();
        lines.push((format!("{kind} {name}"), members));
    }
    lines.sort();
    lines.into_iter().map(|(item, members)| item + "\n" + &members.concat()).collect()
}

/// The kind and name of the item that a page is about: `report/struct.Site.html`.
fn kind(href: &str) -> Option<(&str, &str)> {
    href.rsplit('/').next()?.strip_suffix(".html")?.split_once('.')
}

/// The member that an anchor names.
fn member(after: &str) -> Option<String> {
    let (kind, name) = after.split('"').next()?.split_once('.')?;
    // An anchor of a member's own parts has more dots.
    let is_one = MEMBERS.contains(&kind) && !name.contains('.');
    is_one.then(|| format!("    {kind} {name}\n"))
}
