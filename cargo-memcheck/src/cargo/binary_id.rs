//! The id of a test binary, spelled as nextest spells it.
//! <https://nexte.st/docs/glossary/#binary-id>

use cargo_metadata::{PackageId, TargetKind};

/// `crate-name`, `crate-name::bin/name`, `crate-name::integration_test` …
pub(super) fn binary_id(package: &str, kinds: &[TargetKind], target: &str) -> String {
    match kinds.first() {
        Some(TargetKind::Test) => format!("{package}::{target}"),
        Some(TargetKind::Bin) => format!("{package}::bin/{target}"),
        Some(TargetKind::Example) => format!("{package}::example/{target}"),
        Some(TargetKind::Bench) => format!("{package}::bench/{target}"),
        // All kinds of libraries have the same unit tests.
        _ => package.to_owned(),
    }
}

/// The package name in a package id specification: the part after `#` is `name@version`, or only the
/// version if the last folder of the path is the name.
/// <https://doc.rust-lang.org/cargo/reference/pkgid-spec.html>
pub(super) fn package_name(id: &PackageId) -> &str {
    let (place, fragment) = id.repr.split_once('#').unwrap_or((&id.repr, ""));
    match fragment.split_once('@') {
        Some((name, _)) => name,
        None => {
            let place = place.split('?').next().unwrap_or(place);
            place.trim_end_matches('/').rsplit('/').next().unwrap_or(place)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_nextest() {
        for (kinds, id) in [
            (vec![TargetKind::Lib], "my-crate"),
            (vec![TargetKind::CDyLib, TargetKind::RLib], "my-crate"),
            (vec![TargetKind::ProcMacro], "my-crate"),
            (vec![TargetKind::Test], "my-crate::some_target"),
            (vec![TargetKind::Bin], "my-crate::bin/some_target"),
            (vec![TargetKind::Example], "my-crate::example/some_target"),
            (vec![TargetKind::Bench], "my-crate::bench/some_target"),
        ] {
            assert_eq!(binary_id("my-crate", &kinds, "some_target"), id);
        }
    }

    #[test]
    fn the_name_is_read_from_the_package_id() {
        for (repr, name) in [
            ("path+file:///home/u/folder#name@0.1.0", "name"),
            ("path+file:///home/u/name#0.1.0", "name"),
            ("git+https://example.org/u/name?branch=main#0.1.0", "name"),
            ("registry+https://example.org/index#name@1.0.0-rc.1", "name"),
        ] {
            assert_eq!(package_name(&PackageId { repr: repr.into() }), name);
        }
    }
}
