//! The cargo workspace: which source files are the user's.

use std::collections::HashMap;
use std::ops::Deref;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use cargo_metadata::Metadata;

/// A workspace that is loaded at first use; a run without a leak never needs it.
pub(crate) type LazyWorkspace<'a> = &'a (dyn Deref<Target = Workspace> + Sync);

/// A file that `cargo vendor` writes into every crate.
const VENDORED: &str = ".cargo-checksum.json";

/// Where the user's code is.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    /// The root folder; a second time without symbolic links if that path differs.
    roots: Vec<PathBuf>,
    /// Folders of build results (two with `build.build-dir`) and of downloads. On a CI machine they may be
    /// inside the workspace.
    foreign: Vec<PathBuf>,
    /// Names of the crates.
    crates: Vec<String>,
    /// Which folders hold a vendored crate.
    vendored: Mutex<HashMap<PathBuf, bool>>,
    /// Why cargo could not describe the workspace.
    problem: Option<String>,
}

impl Workspace {
    /// From `cargo metadata --no-deps`.
    pub(crate) fn of(metadata: &Metadata) -> Workspace {
        let targets = metadata.packages.iter().flat_map(|package| &package.targets);
        let mut crates: Vec<String> = targets.map(|target| target.name.replace('-', "_")).collect();
        crates.sort();
        crates.dedup();
        Workspace {
            foreign: [Some(&metadata.target_directory), metadata.build_directory.as_ref()]
                .into_iter()
                .flatten()
                .map(|folder| folder.clone().into_std_path_buf())
                .chain(cargo_home())
                .collect(),
            crates,
            ..Workspace::at(metadata.workspace_root.clone().into_std_path_buf())
        }
    }

    /// The folder of a package, if cargo could not describe the workspace because of `problem`.
    pub(crate) fn guessed(package: PathBuf, problem: &str) -> Workspace {
        let problem = format!("only files of this package count as yours: {problem}");
        Workspace { problem: Some(problem), ..Workspace::at(package) }
    }

    /// Why only a part of the user's code may be known.
    pub(super) fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// A folder, without information from cargo.
    pub(crate) fn at(root: PathBuf) -> Workspace {
        let real = root.canonicalize().ok().filter(|real| *real != root);
        let roots = [Some(root), real].into_iter().flatten().collect();
        Workspace { roots, ..Workspace::default() }
    }

    /// The names of the user's crates.
    pub(super) fn crates(&self) -> &[String] {
        &self.crates
    }

    /// The root folder, unless it is guessed.
    pub(crate) fn root(&self) -> Option<&Path> {
        self.roots.first().filter(|_| self.problem.is_none()).map(PathBuf::as_path)
    }

    /// The path at which a file of a report can be opened.
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.roots.first().map_or_else(|| file.into(), |root| root.join(file))
    }

    /// The path of a source file relative to the workspace root, if the file is the user's: in the
    /// workspace, and neither generated, downloaded nor vendored.
    pub(super) fn own(&self, file: &Path) -> Option<PathBuf> {
        let file = normal(file);
        if !file.is_absolute() {
            // `--remap-path-prefix` shortens paths.
            let whole = self.roots.iter().map(|root| root.join(&file)).find(|of| of.is_file())?;
            return self.own(&whole);
        }
        let (root, below) = self
            .roots
            .iter()
            .find_map(|root| Some((root, file.strip_prefix(root).ok()?.to_owned())))?;
        let foreign = self.foreign.iter().any(|folder| file.starts_with(folder));
        let vendored = || below.ancestors().skip(1).any(|folder| self.is_vendored(root, folder));
        (!foreign && !vendored()).then_some(below)
    }

    fn is_vendored(&self, root: &Path, folder: &Path) -> bool {
        let mut known = self.vendored.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = root.join(folder);
        *known.entry(folder).or_insert_with_key(|folder| folder.join(VENDORED).exists())
    }
}

/// The folder of cargo's downloads.
fn cargo_home() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("CARGO_HOME").or_else(|| Some(set("HOME")?.join(".cargo")))
}

/// A path without `.` and `..`. Links are not followed, because the file may no longer exist.
pub(crate) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if normal.file_name().is_some() => {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_in_the_workspace_are_the_users_unless_generated_downloaded_or_vendored() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_owned();
        std::fs::create_dir_all(root.join("third/serde/src")).unwrap();
        std::fs::write(root.join("third/serde/.cargo-checksum.json"), "{}").unwrap();
        std::fs::create_dir_all(root.join("src")).unwrap();
        std::fs::write(root.join("src/lib.rs"), "").unwrap();
        let foreign = vec![root.join("target"), root.join(".cargo")];
        let workspace = Workspace { foreign, ..Workspace::at(root.clone()) };
        let own = |path: &str| {
            let own = workspace.own(&root.join(path))?;
            Some(own.to_string_lossy().into_owned())
        };
        assert_eq!(own("src/lib.rs").as_deref(), Some("src/lib.rs"));
        assert_eq!(own("a/./b/../src/lib.rs").as_deref(), Some("a/src/lib.rs"));
        assert_eq!(
            own("third/path-dependency/src/lib.rs").as_deref(),
            Some("third/path-dependency/src/lib.rs")
        );
        assert_eq!(own("target/debug/build/a-1/out/bindings.rs"), None);
        assert_eq!(own(".cargo/registry/src/index-1/a-1.0.0/src/lib.rs"), None);
        assert_eq!(own("registry/src/lib.rs").as_deref(), Some("registry/src/lib.rs"));
        std::fs::write(root.join("third/serde/src/lib.rs"), "").unwrap();
        assert_eq!(own("third/serde/src/lib.rs"), None);
        assert_eq!(workspace.own("third/serde/src/lib.rs".as_ref()), None);
        assert_eq!(own("../elsewhere/src/lib.rs"), None);

        assert_eq!(workspace.own("src/lib.rs".as_ref()), Some("src/lib.rs".into()));
        assert_eq!(workspace.own("serde-1.0.0/src/lib.rs".as_ref()), None);
        assert_eq!(workspace.own("/rustc/1/library/alloc/src/vec/mod.rs".as_ref()), None);
    }

    #[test]
    fn the_build_folders_come_from_cargo_metadata() {
        let metadata = serde_json::json!({
            "packages": [], "workspace_members": [], "resolve": null, "version": 1,
            "workspace_root": "/w", "target_directory": "/w/target", "build_directory": "/w/bd",
        });
        let workspace = Workspace::of(&serde_json::from_value(metadata).unwrap());
        let own = |file: &str| workspace.own(file.as_ref());
        assert_eq!(own("/w/src/lib.rs"), Some("src/lib.rs".into()));
        assert_eq!(own("/w/target/debug/build/a-1/out/bindings.rs"), None);
        assert_eq!(own("/w/bd/debug/build/a-1/out/bindings.rs"), None);
        assert_eq!(workspace.root(), Some("/w".as_ref()));
        assert_eq!(Workspace::guessed("/w".into(), "why").root(), None);
    }

    #[test]
    fn a_workspace_behind_a_link_is_found_under_both_paths() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().canonicalize().unwrap().join("real");
        std::fs::create_dir(&real).unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let workspace = Workspace::at(link.clone());
        for root in [&real, &link] {
            assert_eq!(workspace.own(&root.join("src/a.rs")), Some("src/a.rs".into()));
        }
        assert_eq!(workspace.path("src/a.rs"), link.join("src/a.rs"));
    }
}
