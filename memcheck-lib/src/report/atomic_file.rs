//! Writing a file atomically.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes `contents` to a new file in the same folder and renames it to `path`. Readers never see a part
/// of it, and an older file stays if the disk is full. A path that is not a regular file
/// (`/dev/stdout`, a pipe) is written to directly.
///
/// # Errors
///
/// Those of the kernel. The new file is then removed.
pub fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    // Replace the target of a symbolic link, not the link.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        let mut file = File::options().write(true).open(path)?;
        file.write_all(contents)?;
        return file.flush();
    }
    let temporary = temporary_path(path)?;
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(contents)?;
        // Some file systems report a full disk only here.
        file.sync_all()
    });
    let result = written.and_then(|()| fs::rename(&temporary, path));
    if result.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    result
}

/// A name in the same folder that no other process uses, and that does not match `*.json`.
fn temporary_path(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    // `name` may already have the greatest length that the file system allows.
    let start: String = name.to_string_lossy().chars().take(32).collect();
    let thread = format!("{:?}", std::thread::current().id());
    let thread: String = thread.chars().filter(char::is_ascii_digit).collect();
    Ok(path.with_file_name(format!(".{start}.{}-{thread}.new", std::process::id())))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn replacing_leaves_no_other_file() {
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
    fn longest_name_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n".repeat(255));
        replace(&path, b"all").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"all");
    }

    #[test]
    fn unwritable_path_is_an_error() {
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
