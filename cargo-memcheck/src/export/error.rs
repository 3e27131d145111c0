//! Why a result file cannot be written.

use std::io;
use std::path::PathBuf;

/// Why a result file cannot be written. `origin` is the flag, variable or line that names the file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportError {
    #[error("cannot write the results to `{}` ({origin})", path.display())]
    Write { origin: String, path: PathBuf, source: io::Error },
    #[error("cannot write `{}` ({origin}): `{}` is not a folder", path.display(), above.display())]
    NoFolder { origin: String, path: PathBuf, above: PathBuf },
    #[error("cannot write `{}` ({origin}): it is a folder", path.display())]
    IsFolder { origin: String, path: PathBuf },
    #[error("{} and {} write to the same file: `{}`", origins[0], origins[1], path.display())]
    SameFile { path: PathBuf, origins: [String; 2] },
}

impl ExportError {
    /// What the user can do.
    pub(crate) fn help(&self) -> &'static str {
        match self {
            ExportError::Write { .. } => {
                "free disk space, or choose a writable file; the results above are complete"
            }
            ExportError::NoFolder { .. } => {
                "choose a file in a folder; cargo memcheck creates missing folders"
            }
            ExportError::IsFolder { .. } => "choose a file in this folder",
            ExportError::SameFile { .. } => "choose a different file for each",
        }
    }
}
