//! Whether there is a manifest at all: cargo says so too, but with the code of a failed build.

use std::path::Path;

use crate::error::Error;

/// Looks for the manifest that cargo would use.
pub(crate) fn check(manifest: Option<&Path>) -> Result<(), Error> {
    match manifest {
        Some(path) => match std::fs::metadata(path) {
            Ok(_) => Ok(()),
            Err(source) => Err(Error::ManifestMissing { path: path.to_owned(), source }),
        },
        None => {
            // Without a current directory cargo has the better words.
            let Ok(directory) = std::env::current_dir() else { return Ok(()) };
            match has_manifest(&directory) {
                true => Ok(()),
                false => Err(Error::NoManifest { directory }),
            }
        }
    }
}

/// Whether `directory` or one above it holds a `Cargo.toml`.
fn has_manifest(directory: &Path) -> bool {
    directory.ancestors().any(|directory| directory.join("Cargo.toml").exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_above_counts() {
        let top = tempfile::tempdir().unwrap();
        let below = top.path().join("a/b");
        std::fs::create_dir_all(&below).unwrap();
        assert!(!has_manifest(&below));
        std::fs::write(top.path().join("Cargo.toml"), "").unwrap();
        assert!(has_manifest(&below));
    }
}
