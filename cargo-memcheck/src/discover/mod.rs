//! Finds the annotated tests of a test binary without running it: `#[memcheck]` leaves an entry of
//! plain bytes in the link section `memcheck_tests`.

mod elf;
mod record;

use std::collections::BTreeMap;

pub(crate) use elf::ElfError;
pub(crate) use record::{Annotated, RecordError};

use crate::cargo::TestBinary;
use crate::error::Error;

/// The annotated tests of `binary`, in the order of their names.
pub(crate) fn annotated(binary: &TestBinary) -> Result<Vec<Annotated>, Error> {
    let path = &binary.path;
    let section = elf::section(path, elf::ENTRIES)
        .map_err(|source| Error::BrokenBinary { path: path.clone(), source })?
        .unwrap_or_default();
    let tests =
        record::parse(&section).map_err(|source| Error::BadEntry { path: path.clone(), source })?;
    unique(&binary.id, tests)
}

/// Sorts by name and refuses two tests of one name. libtest would reach only one of them, so the
/// other would silently not be checked: a nested function has the path of one beside its parent.
fn unique(binary: &str, tests: Vec<Annotated>) -> Result<Vec<Annotated>, Error> {
    let mut by_name: BTreeMap<String, Annotated> = BTreeMap::new();
    for test in tests {
        match by_name.get(&test.name) {
            Some(first) if *first != test => {
                return Err(Error::DuplicateTest {
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

    fn test(name: &str, line: u32) -> Annotated {
        Annotated { name: name.into(), file: "src/lib.rs".into(), line, ..Annotated::default() }
    }

    #[test]
    fn tests_are_sorted_by_name() {
        let tests = unique("a", vec![test("b", 1), test("a", 2)]).unwrap();
        assert_eq!(tests, [test("a", 2), test("b", 1)]);
    }

    #[test]
    fn two_places_with_one_name_are_an_error_that_names_both() {
        let error = unique("a", vec![test("t", 1), test("t", 2)]).unwrap_err();
        assert_eq!(
            error.sentence(),
            "two annotated tests of `a` have the name `t`: src/lib.rs:1 and src/lib.rs:2"
        );
    }
}
