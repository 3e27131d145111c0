//! Environment variables that `cargo run` or `cargo test` set when it started this tool. They describe
//! the package of the tool; the tested package must not see them.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// The variable of the dynamic loader's search path.
const LIBRARY_PATH: &str = "LD_LIBRARY_PATH";

/// The changes that remove those variables from the environment.
pub(crate) fn changes() -> Vec<(OsString, Option<OsString>)> {
    let mut changes: Vec<_> = std::env::vars_os()
        .filter(|(name, _)| is_of_the_package(name))
        .map(|(name, _)| (name, None))
        .collect();
    let directory = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.to_owned()));
    if let (Some(value), Some(directory)) = (std::env::var_os(LIBRARY_PATH), directory) {
        let paths: Vec<PathBuf> = std::env::split_paths(&value).collect();
        let kept = without(&paths, &directory);
        if kept.len() < paths.len() {
            let value = std::env::join_paths(&kept).ok().filter(|value| !value.is_empty());
            changes.push((LIBRARY_PATH.into(), value));
        }
    }
    changes
}

/// Whether cargo sets this variable to facts about the package that it runs.
/// <https://doc.rust-lang.org/cargo/reference/environment-variables.html>
fn is_of_the_package(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    const EXACT: [&str; 8] = [
        "CARGO_MANIFEST_DIR",
        "CARGO_MANIFEST_PATH",
        "CARGO_MANIFEST_LINKS",
        "CARGO_CRATE_NAME",
        "CARGO_BIN_NAME",
        "CARGO_PRIMARY_PACKAGE",
        "CARGO_TARGET_TMPDIR",
        "OUT_DIR",
    ];
    EXACT.contains(&name) || name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_BIN_EXE_")
}

/// `paths` without the folders that `cargo run` adds for a program in `directory`: that folder, folders
/// in it, and the target libraries of the toolchain. If `directory` is not in the list, the tool is
/// installed, and every path is the user's.
fn without(paths: &[PathBuf], directory: &Path) -> Vec<PathBuf> {
    if !paths.iter().any(|path| path == directory) {
        return paths.to_vec();
    }
    // `…/lib/rustlib/x86_64-unknown-linux-gnu/lib`
    let is_target_library = |path: &Path| {
        let mut up = path.components().rev().map(|part| part.as_os_str());
        up.next() == Some("lib".as_ref())
            && up.next().is_some()
            && up.next() == Some("rustlib".as_ref())
    };
    paths
        .iter()
        .filter(|path| !path.starts_with(directory) && !is_target_library(path))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_variables_of_the_package_are_removed() {
        for name in ["CARGO_PKG_NAME", "CARGO_MANIFEST_DIR", "OUT_DIR", "CARGO_BIN_EXE_x"] {
            assert!(is_of_the_package(name.as_ref()), "{name}");
        }
        for name in ["CARGO", "CARGO_HOME", "CARGO_TERM_COLOR", "CARGO_TARGET_DIR", "RUSTFLAGS"] {
            assert!(!is_of_the_package(name.as_ref()), "{name}");
        }
    }

    #[test]
    fn the_folders_of_cargo_run_are_removed() {
        let paths = [
            "/t/debug/build/x/out",
            "/t/debug",
            "/t/debug/deps",
            "/rust/lib/rustlib/x86_64-unknown-linux-gnu/lib",
            "/rust/lib",
            "/opt/lib",
        ]
        .map(PathBuf::from);
        let kept = without(&paths, "/t/debug".as_ref());
        assert_eq!(kept, ["/rust/lib", "/opt/lib"].map(PathBuf::from));
    }

    #[test]
    fn an_installed_tool_keeps_all_paths() {
        let paths = ["/opt/lib", "/rust/lib/rustlib/x/lib"].map(PathBuf::from);
        assert_eq!(without(&paths, "/home/u/.cargo/bin".as_ref()), paths);
    }
}
