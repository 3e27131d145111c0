//! Checks that there is a manifest. cargo checks it too, but with the exit code of a failed build.

use std::path::Path;

use super::error::CargoError;

/// Checks that the manifest that cargo would use exists.
pub(crate) fn check(manifest: Option<&Path>) -> Result<(), CargoError> {
    match manifest {
        Some(path) => match std::fs::metadata(path) {
            Ok(_) => Ok(()),
            Err(source) => Err(CargoError::ManifestMissing { path: path.to_owned(), source }),
        },
        None => {
            // Without a current directory, cargo has the better message.
            let Ok(directory) = std::env::current_dir() else { return Ok(()) };
            match has_manifest(&directory) {
                true => Ok(()),
                false => Err(CargoError::NoManifest { directory }),
            }
        }
    }
}

/// Whether `directory` or a folder above it has a `Cargo.toml`.
fn has_manifest(directory: &Path) -> bool {
    directory.ancestors().any(|directory| directory.join("Cargo.toml").exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_in_a_folder_above_is_found() {
        let top = tempfile::tempdir().unwrap();
        let below = top.path().join("a/b");
        std::fs::create_dir_all(&below).unwrap();
        assert!(!has_manifest(&below));
        std::fs::write(top.path().join("Cargo.toml"), "").unwrap();
        assert!(has_manifest(&below));
    }
}
