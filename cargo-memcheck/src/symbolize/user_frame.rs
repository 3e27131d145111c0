//! Which frames are the user's, and which place a report shows for a call stack.

use std::path::Path;

use memcheck::tool::report::{Frame, SourceLocation};

use super::names;

/// The library that is linked into every test, as its functions name it.
const LIBRARY: &str = "memcheck";

/// The package that contains it.
const PACKAGE: &str = "memcheck-lib";

/// Parts of paths of the standard library's sources: as built for the toolchain, as the component
/// `rust-src` installs them, and the sources of its dependencies.
const STANDARD: [&str; 3] = ["/rustc/", "/rustlib/src/rust/", "/rust/deps/"];

/// Whether a place is in the user's code: its file is relative to the workspace.
pub(crate) fn is_users(place: &SourceLocation) -> bool {
    place.file.as_deref().is_some_and(|file| !Path::new(file).is_absolute())
}

/// Whether a file is a source of the standard library.
pub(super) fn is_standard(file: &str) -> bool {
    STANDARD.iter().any(|part| file.contains(part))
}

/// Whether a function of a frame is the user's.
pub(crate) fn is_users_frame(frame: &Frame) -> bool {
    frame.functions.iter().any(is_users)
}

/// Whether a function only passes a request on: functions of the library, and the allocator. A report
/// never shows it as the place of a leak, whatever its file is.
///
/// With `debug = "line-tables-only"`, functions have no path, so the file tells which are the library's.
pub(super) fn is_plumbing(place: &SourceLocation) -> bool {
    let function = place.function.as_str();
    names::crate_of(function) == Some(LIBRARY)
        || names::is_allocator(function)
        || !function.contains("::") && place.file.as_deref().is_some_and(is_of_library)
}

/// Whether a file is a source of the library: in the folder of its package, which has a version where
/// cargo downloaded it.
fn is_of_library(file: &str) -> bool {
    let is_package = |folder: &str| {
        let name = folder.rsplit('/').next().unwrap_or(folder);
        let is_version = |of: &str| of.starts_with(|c: char| c.is_ascii_digit());
        name.strip_prefix(PACKAGE).is_some_and(|version| {
            version.is_empty() || version.strip_prefix('-').is_some_and(is_version)
        })
    };
    // Downloads are in a folder `registry/src`.
    file.ends_with(".rs") && file.match_indices("/src/").any(|(at, _)| is_package(&file[..at]))
}

/// The place that a report shows for a call stack: the innermost place in the user's code. Without one,
/// the innermost function without a file in one of the user's `crates`. Without that, the innermost
/// place outside the standard library (a thread that C code started).
pub(super) fn user_frame(stack: &[Frame], crates: &[String]) -> Option<SourceLocation> {
    let places = || stack.iter().flat_map(|frame| &frame.functions);
    let elsewhere = |place: &&SourceLocation| {
        place.file.as_deref().is_some_and(|file| !is_standard(file)) && !is_plumbing(place)
    };
    let of_crates = |place: &&SourceLocation| {
        place.file.is_none()
            && names::crate_of(&place.function)
                .is_some_and(|name| crates.iter().any(|own| own == name))
    };
    places()
        .find(|place| is_users(place))
        .or_else(|| places().find(of_crates))
        .or_else(|| places().find(elsewhere))
        .cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(places: &[(&str, &str)]) -> Vec<Frame> {
        let place = |&(function, file): &(&str, &str)| SourceLocation {
            function: function.into(),
            file: Some(file.to_owned()).filter(|file| !file.is_empty()),
            line: Some(1),
            column: None,
        };
        let frame = |of| Frame { functions: vec![place(of)], ..Frame::default() };
        places.iter().map(frame).collect()
    }

    fn found(places: &[(&str, &str)]) -> Option<String> {
        user_frame(&stack(places), &["my".to_owned()]).map(|place| place.function)
    }

    #[test]
    fn the_innermost_place_of_the_user_is_shown() {
        let places = [
            ("__rust_alloc", "/w/memcheck-lib/src/heap/alloc.rs"),
            ("alloc::vec::Vec<T>::push", "/rustc/1/library/alloc/src/vec/mod.rs"),
            ("serde_json::from_str", "/home/u/.cargo/registry/src/x/serde_json-1/src/de.rs"),
            ("my::parse", "src/lib.rs"),
            ("my::tests::a", "src/lib.rs"),
        ];
        assert_eq!(found(&places).as_deref(), Some("my::parse"));
        assert_eq!(found(&places[..3]).as_deref(), Some("serde_json::from_str"));
        assert_eq!(found(&places[..2]), None);
    }

    #[test]
    fn functions_of_the_library_without_a_path_are_not_shown() {
        let line_tables = [
            ("acquired", "/w/vendor/memcheck-lib/src/recorder/mod.rs"),
            ("new", "/c/registry/src/index-1/memcheck-lib-0.1.0/src/heap/alloc.rs"),
            ("put", "/c/registry/src/index-1/lru-0.6.2/src/lib.rs"),
        ];
        assert_eq!(found(&line_tables).as_deref(), Some("put"));
        assert_eq!(found(&line_tables[..2]), None);
        for (file, is_own) in [
            ("/w/memcheck-lib-extra/src/lib.rs", false),
            ("/w/memcheck-lib/tests/own.rs", false),
            ("/w/memcheck-lib/src/own.rs", true),
        ] {
            assert_eq!(is_of_library(file), is_own, "{file}");
        }
    }

    #[test]
    fn without_files_the_crate_name_decides() {
        let places = [("alloc::vec::Vec<T>::push", ""), ("<my::Cache>::insert", ""), ("main", "")];
        assert_eq!(found(&places).as_deref(), Some("<my::Cache>::insert"));
        // A system library with files does not win over a user's function without.
        let places = [("strdup", "/build/glibc/string/strdup.c"), ("my::a", "")];
        assert_eq!(found(&places).as_deref(), Some("my::a"));
    }
}
