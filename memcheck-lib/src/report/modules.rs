//! The executable files that the frames of call stacks belong to.

use std::io;
use std::path::Path;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

/// An executable or a shared library.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Module {
    /// Its path, as the kernel names it.
    pub path: String,
    /// Versions of the file while the worker ran; all must match. Not stored in reports.
    #[serde(skip)]
    pub versions: Vec<FileVersion>,
}

/// The version of a file, to detect that another file was written to the same path.
///
/// A program that is rebuilt while its tests run has other functions at the same addresses. Compare this
/// before you look them up.
///
/// ```
/// use memcheck::tool::report::FileVersion;
///
/// let program = std::env::current_exe()?;
/// assert_eq!(FileVersion::of(&program)?, FileVersion::of(&program)?);
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileVersion(Version);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Version {
    Status { inode: u64, bytes: u64, modified: Option<SystemTime> },
    Build(Vec<u8>),
}

impl FileVersion {
    /// The version of the file at `path` now.
    ///
    /// # Errors
    ///
    /// If the file does not exist or its folder cannot be searched.
    pub fn of(path: &Path) -> io::Result<FileVersion> {
        let of = std::fs::metadata(path)?;
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(&of);
        #[cfg(not(unix))]
        let inode = 0;
        Ok(FileVersion(Version::Status { inode, bytes: of.len(), modified: of.modified().ok() }))
    }

    /// The version of an ELF file with this build ID (the note `NT_GNU_BUILD_ID`).
    pub fn of_build(id: Vec<u8>) -> FileVersion {
        FileVersion(Version::Build(id))
    }

    /// Whether the file at `path`, which has this build ID, is this version.
    ///
    /// ```
    /// # use memcheck::tool::report::FileVersion;
    /// let version = FileVersion::of_build(vec![0xab, 0xcd]);
    /// assert!(version.is_of("/lib/a.so".as_ref(), Some(&[0xab, 0xcd])));
    /// assert!(!version.is_of("/lib/a.so".as_ref(), None));
    /// ```
    pub fn is_of(&self, path: &Path, build: Option<&[u8]>) -> bool {
        match &self.0 {
            Version::Status { .. } => FileVersion::of(path).is_ok_and(|now| now == *self),
            Version::Build(id) => build == Some(id),
        }
    }
}
