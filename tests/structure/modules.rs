//! The modules of a crate and what they import, read from its sources.
//!
//! A node is a file. An arrow leads from the file that names a path to the file that defines what
//! the path means: re-exports are followed, so importing a sibling through `super` is an arrow to
//! the sibling. Test code is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::Visit;

/// A crate's modules.
#[derive(Debug, Default)]
pub(super) struct Modules {
    modules: Vec<Module>,
}

/// One module: a file, or an inline module of a file.
#[derive(Debug, Default)]
struct Module {
    parent: Option<usize>,
    /// Path of the file, relative to the crate's source folder.
    file: String,
    children: BTreeMap<String, usize>,
    /// Names that `use` brings in, with what they stand for.
    aliases: BTreeMap<String, Vec<String>>,
    /// Paths of `use …::*`.
    globs: Vec<Vec<String>>,
    /// Every path that this module names and that begins in this crate.
    named: Vec<Vec<String>>,
}

impl Modules {
    /// Reads the crate whose root is `root` (`lib.rs` or `main.rs`).
    pub(super) fn of(root: &Path) -> Self {
        let mut modules = Modules::default();
        let source = root.parent().unwrap();
        modules.read(root, source, source, None);
        modules
    }

    /// The files, relative to the source folder.
    pub(super) fn files(&self) -> BTreeSet<&str> {
        self.modules.iter().map(|module| module.file.as_str()).collect()
    }

    /// The arrows between files.
    pub(super) fn arrows(&self) -> BTreeSet<(&str, &str)> {
        let mut arrows = BTreeSet::new();
        for (at, module) in self.modules.iter().enumerate() {
            let own = module.aliases.values().chain(&module.globs).chain(&module.named);
            for path in own {
                if let Some(target) = self.resolve(at, path, 0) {
                    let target = self.modules[target].file.as_str();
                    if target != module.file {
                        arrows.insert((module.file.as_str(), target));
                    }
                }
            }
        }
        arrows
    }

    /// Files that import each other, directly or through others: each group is one cycle.
    pub(super) fn cycles(&self) -> Vec<Vec<&str>> {
        let mut imports: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (from, to) in self.arrows() {
            imports.entry(from).or_default().push(to);
        }
        let reached_from = |start: &str| {
            let mut seen: BTreeSet<&str> = BTreeSet::new();
            let mut open: Vec<&str> = imports.get(start).cloned().unwrap_or_default();
            while let Some(file) = open.pop() {
                if seen.insert(file) {
                    open.extend(imports.get(file).into_iter().flatten());
                }
            }
            seen
        };
        let reach: BTreeMap<&str, BTreeSet<&str>> =
            imports.keys().map(|&file| (file, reached_from(file))).collect();
        let in_cycle = |file: &str, other: &str| {
            reach[file].contains(other) && reach.get(other).is_some_and(|of| of.contains(file))
        };
        let mut groups: Vec<Vec<&str>> = Vec::new();
        for &file in imports.keys() {
            if in_cycle(file, file) && !groups.iter().flatten().any(|of| *of == file) {
                groups.push(reach[file].iter().copied().filter(|of| in_cycle(file, of)).collect());
            }
        }
        groups
    }

    /// The module that defines what `path` means in the module `at`; `None` for other crates.
    fn resolve(&self, at: usize, path: &[String], depth: usize) -> Option<usize> {
        if depth > 16 {
            return None;
        }
        let (first, mut rest) = path.split_first()?;
        let mut now = match first.as_str() {
            "crate" => 0,
            "self" => at,
            "super" => self.modules[at].parent?,
            name => {
                let child = self.modules[at].children.get(name);
                match (child, self.modules[at].aliases.get(name)) {
                    (Some(&child), _) => child,
                    // An alias of the same name as the path itself is the `use` that is looked at.
                    (None, Some(alias)) if alias != path => {
                        let mut whole = alias.clone();
                        whole.extend_from_slice(rest);
                        return self.resolve(at, &whole, depth + 1);
                    }
                    _ => return None,
                }
            }
        };
        while let Some((name, left)) = rest.split_first() {
            let module = &self.modules[now];
            if name == "super" {
                now = module.parent?;
            } else if let Some(&child) = module.children.get(name) {
                now = child;
            } else if let Some(alias) = module.aliases.get(name) {
                let mut whole = alias.clone();
                whole.extend_from_slice(left);
                return self.resolve(now, &whole, depth + 1);
            } else {
                let found = module.globs.iter().find_map(|glob| {
                    let inside = self.resolve(now, glob, depth + 1)?;
                    self.modules[inside].aliases.get(name)?;
                    let mut whole = glob.clone();
                    whole.extend_from_slice(rest);
                    self.resolve(now, &whole, depth + 1)
                });
                return Some(found.unwrap_or(now));
            }
            rest = left;
        }
        Some(now)
    }

    /// Reads a file. `folder` is where the files of its child modules are.
    fn read(&mut self, file: &Path, folder: &Path, source: &Path, parent: Option<usize>) -> usize {
        let text = fs::read_to_string(file)
            .unwrap_or_else(|error| panic!("cannot read {}: {error}", file.display()));
        let parsed = syn::parse_file(&text)
            .unwrap_or_else(|error| panic!("cannot parse {}: {error}", file.display()));
        let name = file.strip_prefix(source).unwrap().to_string_lossy().into_owned();
        self.add(parsed.items, name, folder, source, parent)
    }

    fn add(
        &mut self,
        items: Vec<syn::Item>,
        file: String,
        folder: &Path,
        source: &Path,
        parent: Option<usize>,
    ) -> usize {
        let at = self.modules.len();
        self.modules.push(Module { parent, file: file.clone(), ..Module::default() });
        let mut reader = Reader::default();
        for item in items {
            if is_test(&item) {
                continue;
            }
            let syn::Item::Mod(module) = item else {
                reader.visit_item(&item);
                continue;
            };
            let name = module.ident.to_string();
            let below = folder.join(&name);
            let child = match module.content {
                Some((_, items)) => self.add(items, file.clone(), &below, source, Some(at)),
                None => {
                    let (path, below) = match attribute_path(&module.attrs) {
                        Some(path) => (folder.join(path), below),
                        None if below.with_extension("rs").is_file() => {
                            (below.with_extension("rs"), below)
                        }
                        None => (below.join("mod.rs"), below),
                    };
                    self.read(&path, &below, source, Some(at))
                }
            };
            // If several modules share a name, each under its own `cfg`, paths use the first.
            self.modules[at].children.entry(name).or_insert(child);
        }
        let module = &mut self.modules[at];
        (module.aliases, module.globs, module.named) = (reader.aliases, reader.globs, reader.named);
        at
    }
}

/// Collects paths.
#[derive(Default)]
struct Reader {
    aliases: BTreeMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
    named: Vec<Vec<String>>,
}

impl Reader {
    fn tree(&mut self, tree: &syn::UseTree, before: &[String]) {
        let with = |name: &syn::Ident| {
            let mut path = before.to_vec();
            path.push(name.to_string());
            path
        };
        match tree {
            syn::UseTree::Path(path) => self.tree(&path.tree, &with(&path.ident)),
            syn::UseTree::Name(name) if name.ident == "self" => {
                self.alias(before.last().cloned().unwrap_or_default(), before.to_vec());
            }
            syn::UseTree::Name(name) => self.alias(name.ident.to_string(), with(&name.ident)),
            syn::UseTree::Rename(of) => self.alias(of.rename.to_string(), with(&of.ident)),
            syn::UseTree::Glob(_) => self.globs.push(before.to_vec()),
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.tree(tree, before));
            }
        }
    }

    fn alias(&mut self, name: String, path: Vec<String>) {
        // One name for several targets, each under its own `cfg`: all of them are named.
        self.named.push(path.clone());
        self.aliases.entry(name).or_insert(path);
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|of| of.ident.to_string()).collect();
        if matches!(segments[0].as_str(), "crate" | "super" | "self") && segments.len() > 1 {
            self.named.push(segments);
        }
        syn::visit::visit_path(self, path);
    }

    // `pub(in crate::observer)` imports nothing.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_test(item) {
            syn::visit::visit_item(self, item);
        }
    }
}

/// Whether an item is there for tests only.
fn is_test(item: &syn::Item) -> bool {
    let attributes = match item {
        syn::Item::Mod(of) => &of.attrs,
        syn::Item::Fn(of) => &of.attrs,
        syn::Item::Use(of) => &of.attrs,
        syn::Item::Impl(of) => &of.attrs,
        syn::Item::Struct(of) => &of.attrs,
        _ => return false,
    };
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Meta>().is_ok_and(|condition| needs_test(&condition))
    })
}

/// Whether a condition of `cfg` holds in tests only: `test`, or `all(…, test)`.
fn needs_test(condition: &syn::Meta) -> bool {
    match condition {
        syn::Meta::Path(path) => path.is_ident("test"),
        syn::Meta::List(list) if list.path.is_ident("all") => {
            let parser = syn::punctuated::Punctuated::<syn::Meta, syn::Token![,]>::parse_terminated;
            list.parse_args_with(parser).is_ok_and(|all| all.iter().any(needs_test))
        }
        _ => false,
    }
}

/// The value of `#[path = "…"]`.
fn attribute_path(attributes: &[syn::Attribute]) -> Option<PathBuf> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        syn::Meta::NameValue(of) if of.path.is_ident("path") => match &of.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => {
                Some(PathBuf::from(text.value()))
            }
            _ => None,
        },
        _ => None,
    })
}
