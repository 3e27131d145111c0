//! The files that results are written to, and the checks before a run that may take long.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::error::ExportError;
use super::format::Format;

/// A file that results are written to.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    pub(crate) format: &'static Format,
    /// The file; `-` is standard output.
    pub(crate) path: PathBuf,
    /// The flag, variable or line of the configuration file that names it.
    pub(crate) origin: String,
}

/// All files that results are written to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Destinations(pub(crate) Vec<Destination>);

/// Whether a path means standard output.
pub(crate) fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}

impl Destinations {
    /// Whether one of them is standard output. Nothing else is then written there.
    pub(crate) fn take_stdout(&self) -> bool {
        self.0.iter().any(|of| is_stdout(&of.path))
    }

    /// Refuses files that cannot be written. Missing folders are created later.
    pub(crate) fn check(&self) -> Result<(), ExportError> {
        let mut seen: Vec<(&str, PathBuf)> = Vec::new();
        for Destination { path, origin, .. } in &self.0 {
            let file = canonical(path);
            if let Some((other, _)) = seen.iter().find(|(_, seen)| *seen == file) {
                let origins = [(*other).to_owned(), origin.clone()];
                return Err(ExportError::SameFile { path: path.clone(), origins });
            }
            seen.push((origin, file));
            if is_stdout(path) {
                continue;
            }
            if path.is_dir() {
                return Err(ExportError::IsFolder { origin: origin.clone(), path: path.clone() });
            }
            if let Some(above) = path.ancestors().skip(1).find(|above| above.exists())
                && !above.is_dir()
            {
                let (origin, path, above) = (origin.clone(), path.clone(), above.to_owned());
                return Err(ExportError::NoFolder { origin, path, above });
            }
        }
        Ok(())
    }
}

/// One path for all spellings of a file.
fn canonical(path: &Path) -> PathBuf {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    match folder.canonicalize() {
        Ok(folder) if !is_stdout(path) => folder.join(path.file_name().unwrap_or(OsStr::new("."))),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::FORMATS;
    use super::*;

    fn destinations(files: &[(&str, &str)]) -> Destinations {
        let destination = |&(name, path): &(&str, &str)| {
            let format = FORMATS.iter().find(|of| of.name == name).unwrap();
            Destination { format, path: path.into(), origin: format.flag() }
        };
        Destinations(files.iter().map(destination).collect())
    }

    #[test]
    fn one_file_may_be_standard_output() {
        assert!(destinations(&[("junit", "-")]).take_stdout());
        assert!(!destinations(&[("junit", "./-")]).take_stdout());
    }

    #[test]
    fn an_unusable_path_is_refused_before_the_run() {
        let refused = destinations(&[("flamegraph", "/dev/null/a.svg")]).check().unwrap_err();
        assert_eq!(
            refused.to_string(),
            "cannot write `/dev/null/a.svg` (--flamegraph): `/dev/null` is not a folder"
        );
        let mut folder = destinations(&[("report", "/")]);
        folder.0[0].origin = ".config/memcheck.toml:3".into();
        let refused = folder.check().unwrap_err();
        assert_eq!(
            refused.to_string(),
            "cannot write `/` (.config/memcheck.toml:3): it is a folder"
        );
        // Missing folders are created later.
        assert!(destinations(&[("report", "nowhere/at/a.json"), ("junit", "-")]).check().is_ok());
    }

    #[test]
    fn two_formats_cannot_have_the_same_file() {
        let folder = std::env::current_dir().unwrap();
        let folder = folder.file_name().unwrap().to_string_lossy();
        let around = format!("../{folder}/../{folder}/-");
        for (one, other) in
            [("a.json", "a.json"), ("a.json", "./a.json"), ("-", "-"), ("./-", &around)]
        {
            let refused = destinations(&[("junit", one), ("flamegraph", other)]).check();
            assert!(matches!(refused, Err(ExportError::SameFile { .. })), "{one} {refused:?}");
        }
        assert!(
            destinations(&[("report", "a.json"), ("junit", "b.xml"), ("flamegraph", "-")])
                .check()
                .is_ok()
        );
    }
}
