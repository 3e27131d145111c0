//! The documentation: README, the site in `docs/`, the pages at the top level and the examples.

use std::path::{Path, PathBuf};

use crate::support::root;

mod commands;
mod configuration;
mod examples;
mod links;
mod phrases;
mod readme;
mod rust_code;
mod tables;

/// A page in Markdown.
struct Page {
    /// Relative to the repository.
    name: String,
    text: String,
}

impl Page {
    fn read(name: &str) -> Page {
        let text = std::fs::read_to_string(root().join(name));
        let text = text.unwrap_or_else(|error| panic!("{name}: {error}"));
        Page { name: name.to_owned(), text }
    }

    fn path(&self) -> PathBuf {
        root().join(&self.name)
    }

    /// The code blocks of a language, such as `sh` or `rust`.
    fn blocks(&self, language: &str) -> Vec<String> {
        let mut blocks: Vec<String> = Vec::new();
        let mut fence: Option<bool> = None;
        for line in self.text.lines() {
            match (fence, line.strip_prefix("```")) {
                (None, Some(info)) => {
                    let wanted = info == language;
                    fence = Some(wanted);
                    blocks.extend(wanted.then(String::new));
                }
                (Some(_), Some("")) => fence = None,
                (Some(true), _) => {
                    let block = blocks.last_mut().expect("a fence begins a block");
                    block.push_str(line);
                    block.push('\n');
                }
                _ => {}
            }
        }
        assert!(fence.is_none(), "{}: a code block is not closed", self.name);
        blocks
    }
}

/// Every page that people read.
fn pages() -> Vec<Page> {
    let mut names: Vec<String> =
        ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "CHANGELOG.md"]
            .map(str::to_owned)
            .into();
    names.extend(site_pages());
    for example in files_in("examples") {
        names
            .extend(Some(format!("{example}/README.md")).filter(|name| root().join(name).exists()));
    }
    names.iter().map(|name| Page::read(name)).collect()
}

/// The names of the pages of the site.
fn site_pages() -> Vec<String> {
    let pages = files_below("docs/src", "md");
    assert!(pages.len() > 30, "{pages:?}");
    pages
}

/// The names of the files with an extension in a folder and the folders in it.
fn files_below(folder: &str, extension: &str) -> Vec<String> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for name in files_in(&folder) {
            match Path::new(&name).extension() {
                Some(found) if found == extension => files.push(name),
                None => folders.push(name),
                Some(_) => {}
            }
        }
    }
    files.sort();
    files
}

fn files_in(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap();
    let name = |entry: std::fs::DirEntry| format!("{folder}/{}", entry.file_name().display());
    entries.map(|entry| name(entry.unwrap())).collect()
}
