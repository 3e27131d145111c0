//! The annotated tests of a binary, unique by name.

use std::collections::BTreeMap;

use super::elf;
use super::entry::{self, AnnotatedTest};
use super::error::DiscoverError;
use crate::cargo::TestBinary;

/// The annotated tests of `binary`, in the order of their names.
pub(crate) fn annotated(binary: &TestBinary) -> Result<Vec<AnnotatedTest>, DiscoverError> {
    let path = &binary.path;
    let section = elf::section(path, elf::ENTRIES)
        .map_err(|source| DiscoverError::BrokenBinary { path: path.clone(), source })?
        .unwrap_or_default();
    let tests = entry::parse(&section)
        .map_err(|source| DiscoverError::BadEntry { path: path.clone(), source })?;
    unique(&binary.id, tests)
}

/// Sorts by name and refuses two tests with one name: libtest finds only one of them, so the other would
/// never run. A nested function has the path of a function next to its parent.
fn unique(binary: &str, tests: Vec<AnnotatedTest>) -> Result<Vec<AnnotatedTest>, DiscoverError> {
    let mut by_name: BTreeMap<String, AnnotatedTest> = BTreeMap::new();
    for test in tests {
        match by_name.get(&test.name) {
            Some(first) if *first != test => {
                return Err(DiscoverError::DuplicateTest {
                    binary: binary.to_owned(),
                    name: test.name.clone(),
                    first: first.place(),
                    second: test.place(),
                });
            }
            _ => by_name.insert(test.name.clone(), test),
        };
    }
    Ok(by_name.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(name: &str, line: u32) -> AnnotatedTest {
        AnnotatedTest {
            name: name.into(),
            file: "src/lib.rs".into(),
            line,
            ..AnnotatedTest::default()
        }
    }

    #[test]
    fn tests_are_sorted_by_name() {
        let tests = unique("a", vec![test("b", 1), test("a", 2)]).unwrap();
        assert_eq!(tests, [test("a", 2), test("b", 1)]);
    }

    #[test]
    fn the_error_for_two_tests_of_one_name_has_both_places() {
        let error = unique("a", vec![test("t", 1), test("t", 2)]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "two annotated tests of `a` have the name `t`: src/lib.rs:1 and src/lib.rs:2"
        );
    }
}
