//! Reads one section of an ELF file, without reading the rest of the file.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use object::{Object, ObjectSection, ReadCache};

/// The section with the entries of annotated tests.
pub(super) const ENTRIES: &str = "memcheck_tests";

/// Why a section cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ElfError {
    #[error("cannot open the file")]
    Open(#[source] io::Error),
    #[error("the file is not a valid ELF file")]
    Malformed(#[source] object::Error),
    #[error("not an ELF file")]
    Foreign,
}

impl ElfError {
    /// What the user can do.
    pub(crate) fn help(&self, path: &Path) -> String {
        match self {
            ElfError::Open(_) => {
                "make the target directory readable, or set another one with --target-dir".into()
            }
            ElfError::Foreign => {
                "build for this machine: cargo memcheck runs the tests here. Remove --target, or \
                 `build.target` in the cargo configuration"
                    .into()
            }
            ElfError::Malformed(_) => format!(
                "remove the file, so that cargo builds it again: `rm {}` (a full disk or a killed \
                 build leaves such files)",
                path.display()
            ),
        }
    }
}

/// The bytes of the section `name`; `None` if the file has no such section.
pub(super) fn section(path: &Path, name: &str) -> Result<Option<Vec<u8>>, ElfError> {
    let file = File::open(path).map_err(ElfError::Open)?;
    let mut start = [0; 4];
    // A full disk leaves truncated files, or zeros.
    let whole = file.read_exact_at(&mut start, 0).is_ok() && start != [0; 4];
    if whole && start != object::elf::ELFMAG {
        return Err(ElfError::Foreign);
    }
    let cache = ReadCache::new(file);
    let file = object::File::parse(&cache).map_err(ElfError::Malformed)?;
    match file.section_by_name(name) {
        None => Ok(None),
        Some(section) => {
            section.data().map(|data| Some(data.to_vec())).map_err(ElfError::Malformed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A section of this binary for the test that reads it. It is not the section of the entries, because
    /// the tool also reads this binary when it checks its own repository.
    #[used]
    #[unsafe(link_section = "memcheck_elf")]
    static ENTRY: [u8; 4] = *b"test";

    #[test]
    fn reads_the_section_of_a_program() {
        let own = std::env::current_exe().unwrap();
        assert_eq!(section(&own, "memcheck_elf").unwrap().as_deref(), Some(&b"test"[..]));
        assert_eq!(section(&own, ENTRIES).unwrap(), None);
    }

    #[test]
    fn a_truncated_file_is_an_error_at_every_length() {
        let whole = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("cut");
        for length in [0, 1, 4, 63, 64, 1000, whole.len() / 2, whole.len() - 1] {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert!(
                matches!(section(&path, ENTRIES), Err(ElfError::Malformed(_))),
                "{length} bytes"
            );
        }
    }

    #[test]
    fn a_program_of_another_system_is_not_called_broken() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.wasm");
        std::fs::write(&path, b"\0asm\x01\0\0\0").unwrap();
        let error = section(&path, ENTRIES).unwrap_err();
        assert!(matches!(error, ElfError::Foreign) && error.help(&path).contains("--target"));
        std::fs::write(&path, [0; 64]).unwrap();
        assert!(matches!(section(&path, ENTRIES), Err(ElfError::Malformed(_))));
    }

    #[test]
    fn a_missing_file_is_an_error() {
        assert!(matches!(section("/nowhere".as_ref(), ENTRIES), Err(ElfError::Open(_))));
    }
}
