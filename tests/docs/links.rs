//! Every link leads somewhere, and every page of the site can be reached.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::{Page, pages, site_pages};
use crate::support::root;

const SUMMARY: &str = "docs/src/SUMMARY.md";
/// Written by `memcheck-lib/examples/operating_characteristics`.
const GENERATED: &str = "docs/src/evidence/verdict-table.md";

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let pages = pages();
    let headings: BTreeMap<PathBuf, BTreeSet<String>> =
        pages.iter().map(|page| (normal(&page.path()), anchors(page))).collect();
    let mut links = 0;
    for page in &pages {
        for link in links_of(page) {
            if link.contains("://") {
                continue;
            }
            links += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let own = page.path();
            let target = match file {
                "" => normal(&own),
                _ => normal(&own.parent().unwrap().join(file)),
            };
            let name = &page.name;
            assert!(target.exists(), "{name} links to {link}: there is no such file");
            // The site has only its own files.
            let site = root().join("docs/src");
            assert!(
                !own.starts_with(&site) || target.starts_with(&site),
                "{name} links to {link}, which is not in the site"
            );
            if !anchor.is_empty() {
                let found = headings.get(&target).is_some_and(|of| of.contains(anchor));
                assert!(found, "{name} links to {link}: there is no such heading");
            }
        }
    }
    assert!(links > 150, "only {links} links were found");
}

/// The pages for contributors name files and folders of the repository.
#[test]
fn every_path_in_the_pages_for_contributors_exists() {
    let folders = ["memcheck-lib/", "cargo-memcheck/", "tests/", "scripts/", "examples/", "docs/"];
    let mut paths = 0;
    for page in pages() {
        let for_contributors = ["CONTRIBUTING.md", "ARCHITECTURE.md"].contains(&&*page.name);
        if !for_contributors && !page.name.starts_with("docs/src/how/") {
            continue;
        }
        for path in page.text.split('`').skip(1).step_by(2) {
            if folders.iter().any(|folder| path.starts_with(folder)) {
                assert!(root().join(path).exists(), "{} names {path}", page.name);
                paths += 1;
            }
        }
    }
    assert!(paths > 20, "only {paths} paths were found");
}

#[test]
fn every_page_of_the_site_is_in_the_summary() {
    let summary = Page::read(SUMMARY);
    let linked: BTreeSet<String> =
        links_of(&summary).into_iter().map(|link| format!("docs/src/{link}")).collect();
    let pages: BTreeSet<String> = site_pages().into_iter().filter(|name| name != SUMMARY).collect();
    assert_eq!(linked, pages);
}

#[test]
fn every_included_file_exists() {
    for page in pages() {
        for include in page.text.split("{{#include ").skip(1) {
            let file = include.split("}}").next().unwrap();
            let path = page.path().parent().unwrap().join(file);
            assert!(path.exists(), "{} includes {file}", page.name);
        }
    }
}

#[test]
fn pages_are_wrapped_and_begin_with_a_title() {
    for page in pages() {
        let first = page.text.lines().next().unwrap_or_default();
        let included = first.starts_with("{{#include ");
        assert!(
            first.starts_with("# ") || included,
            "{}: the first line is not a title",
            page.name
        );
        if page.name == GENERATED {
            continue;
        }
        let mut code = false;
        for line in page.text.lines() {
            code ^= line.starts_with("```");
            let fixed = code || line.starts_with(['|', '#', '{']) || line.starts_with("```");
            let long = line.chars().count() > 110 && line.trim().contains(' ');
            assert!(fixed || !long, "{}: wrap at 100 characters: {line}", page.name);
        }
    }
}

/// The targets of the links in a page, without those in code.
fn links_of(page: &Page) -> Vec<String> {
    let mut text = String::new();
    let mut code = false;
    for line in page.text.lines() {
        code ^= line.starts_with("```");
        if !code {
            text.push_str(line);
            text.push('\n');
        }
    }
    // Spans of code may contain brackets.
    let text: String = text.split('`').step_by(2).collect();
    let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    links.map(str::to_owned).collect()
}

/// The anchors of the headings, as GitHub and mdBook make them.
fn anchors(page: &Page) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    let mut code = false;
    for line in page.text.lines() {
        code ^= line.starts_with("```");
        let Some(heading) = line.strip_prefix('#').filter(|_| !code) else { continue };
        let heading = heading.trim_start_matches('#').trim();
        let kept = heading.chars().filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || matches!(c, '-' | '_') => Some(c.to_ascii_lowercase()),
            _ => None,
        });
        let anchor: String = kept.collect();
        let again = (1..).map(|at| format!("{anchor}-{at}"));
        let free = std::iter::once(anchor.clone()).chain(again).find(|of| !anchors.contains(of));
        anchors.extend(free);
    }
    anchors
}

/// A path without `..`, whether it exists or not.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}
