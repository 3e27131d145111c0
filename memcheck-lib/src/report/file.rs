//! A file that is there as a whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes `contents` to `path`: into a new file beside it first, which then takes its name, so that
/// nobody ever reads a part, and an older file stays when the disk is full. What is no ordinary
/// file (`/dev/stdout`, a pipe) is written to as it is.
///
/// # Errors
///
/// The kernel's; the new file is taken away again.
pub fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    // What a symbolic link points at is meant, not the link.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        let mut file = File::options().write(true).open(path)?;
        file.write_all(contents)?;
        return file.flush();
    }
    let beside = beside(path)?;
    let written = File::create(&beside).and_then(|mut file| {
        file.write_all(contents)?;
        // Some file systems tell of a full disk only now.
        file.sync_all()
    });
    let result = written.and_then(|()| fs::rename(&beside, path));
    if result.is_err() {
        let _ = fs::remove_file(&beside);
    }
    result
}

/// A name in the same folder that no other process takes, and that no reader of `*.json` looks at.
fn beside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    // The whole name may be as long as names can be.
    let start: String = name.to_string_lossy().chars().take(32).collect();
    let thread = format!("{:?}", std::thread::current().id());
    let thread: String = thread.chars().filter(char::is_ascii_digit).collect();
    Ok(path.with_file_name(format!(".{start}.{}-{thread}.new", std::process::id())))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        for text in ["first", "second"] {
            replace(&path, text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("a.json", &link).unwrap();
        replace(&link, b"third").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "third");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
    }

    #[test]
    fn names_of_any_length_are_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n".repeat(255));
        replace(&path, b"all").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"all");
    }

    #[test]
    fn what_cannot_be_written_is_an_error() {
        let full = replace(Path::new("/dev/full"), b"text").unwrap_err();
        assert_eq!(full.kind(), io::ErrorKind::StorageFull);
        assert!(fs::metadata("/dev/full").is_ok_and(|there| !there.is_file()));
        let missing = replace(Path::new("/nowhere/at/all"), b"text").unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        let folder = tempfile::tempdir().unwrap();
        assert!(replace(folder.path(), b"text").is_err());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    }
}
