//! Why the annotated tests of a binary cannot be found.

use std::path::PathBuf;

use super::elf::ElfError;
use super::entry::EntryError;

/// Why the annotated tests of a binary cannot be found.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DiscoverError {
    #[error("cannot find the annotated tests in `{}`", path.display())]
    BrokenBinary { path: PathBuf, source: ElfError },
    #[error("cannot read an annotated test in `{}`", path.display())]
    BadEntry { path: PathBuf, source: EntryError },
    #[error("two annotated tests of `{binary}` have the name `{name}`: {first} and {second}")]
    DuplicateTest { binary: String, name: String, first: String, second: String },
}

impl DiscoverError {
    /// What the user can do.
    pub(crate) fn help(&self) -> String {
        match self {
            DiscoverError::BrokenBinary { path, source } => source.help(path),
            DiscoverError::BadEntry { source, .. } => source.help(),
            DiscoverError::DuplicateTest { .. } => {
                "rename one of them: a test inside a function has \
                 the path of a test next to that function, and libtest finds only one of the two"
                    .into()
            }
        }
    }
}
