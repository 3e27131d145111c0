//! One executable or shared library: from an offset in its file to functions and lines.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use addr2line::{Loader, demangle_auto};
use memcheck::tool::report::{FileVersion, SourceLocation};
use object::{Object, ObjectSegment, ReadCache};

use super::debug_file::Link;

/// Why a module cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ModuleError {
    #[error(
        "`{}` was replaced or removed during the run, so its functions are unknown: do not build until the run has ended",
        path.display()
    )]
    Replaced { path: PathBuf },
    #[error("cannot open `{}`", path.display())]
    Open { path: PathBuf, source: std::io::Error },
    #[error("`{}` is not a valid ELF file", path.display())]
    Malformed { path: PathBuf, source: object::Error },
    #[error("cannot read the debug information of `{}`", path.display())]
    DebugInformation { path: PathBuf, source: Box<dyn std::error::Error> },
}

/// A part of a file that the program maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Segment {
    offset: u64,
    size: u64,
    address: u64,
}

/// A parsed module and the offsets resolved so far.
pub(super) struct Module {
    segments: Vec<Segment>,
    /// Identifier of the build.
    build: Option<Vec<u8>>,
    loader: Loader,
    known: HashMap<u64, Vec<SourceLocation>>,
}

impl Module {
    /// Opens the file at `path`, and its separate debug file if there is one. `ran` identifies the file
    /// that ran: another build has other functions at the same addresses.
    pub(super) fn open(path: &Path, ran: &[FileVersion]) -> Result<Module, ModuleError> {
        if let Some(path) = deleted(path) {
            return Err(ModuleError::Replaced { path });
        }
        let module = Module::parse(path);
        // The path is opened several times. If the file is the right one now, it was before.
        let build = module.as_ref().ok().and_then(|module| module.build.as_deref());
        if !ran.iter().all(|ran| ran.is_of(path, build)) {
            return Err(ModuleError::Replaced { path: path.to_owned() });
        }
        module
    }

    fn parse(path: &Path) -> Result<Module, ModuleError> {
        let path_of = || path.to_owned();
        let opened =
            File::open(path).map_err(|source| ModuleError::Open { path: path_of(), source })?;
        let cache = ReadCache::new(opened);
        let file = object::File::parse(&cache)
            .map_err(|source| ModuleError::Malformed { path: path_of(), source })?;
        let segments = file.segments().map(|segment| {
            let (offset, size) = segment.file_range();
            Segment { offset, size, address: segment.address() }
        });
        let segments = segments.collect();
        let link = Link::of(&file);
        let apart = match file.section_by_name(".debug_info") {
            Some(_) => None,
            None => link.find(path),
        };
        let load = |path: &Path| {
            Loader::new(path)
                .map_err(|source| ModuleError::DebugInformation { path: path.to_owned(), source })
        };
        let loader = match apart {
            // If the debug file is damaged, the symbols of the program itself still have names.
            Some(apart) => load(&apart).or_else(|_| load(path))?,
            None => load(path)?,
        };
        Ok(Module { segments, build: link.build_id, loader, known: HashMap::new() })
    }

    /// The functions at the call that returns to `offset` of the file, inlined ones first. Files have the
    /// names that the compiler got.
    pub(super) fn functions(&mut self, offset: u64) -> Vec<SourceLocation> {
        if let Some(known) = self.known.get(&offset) {
            return known.clone();
        }
        // A return address points after the call. That instruction may belong to another line, or, after a
        // call that never returns, to another function.
        let address = offset.checked_sub(1).and_then(|offset| address(&self.segments, offset));
        let functions = address.map(|address| self.at(address)).unwrap_or_default();
        self.known.insert(offset, functions.clone());
        functions
    }

    fn at(&self, address: u64) -> Vec<SourceLocation> {
        let mut places = Vec::new();
        // If the debug information is damaged, the symbols are used.
        if let Ok(mut frames) = self.loader.find_frames(address) {
            while let Ok(Some(frame)) = frames.next() {
                let location = frame.location;
                let positive = |number: Option<u32>| number.filter(|&number| number > 0);
                let name = frame.function.as_ref().and_then(|name| {
                    Some(demangle_auto(name.raw_name().ok()?, name.language).into_owned())
                });
                places.push(SourceLocation {
                    function: name.unwrap_or_default(),
                    file: location.as_ref().and_then(|at| at.file).map(str::to_owned),
                    line: location.as_ref().and_then(|at| positive(at.line)),
                    column: location.as_ref().and_then(|at| positive(at.column)),
                });
            }
        }
        let symbol = || {
            let name = self.loader.find_symbol(address)?;
            Some(demangle_auto(name.into(), None).into_owned())
        };
        match places.last_mut() {
            // Assembly has lines and no functions; `debug = "line-tables-only"` has functions without
            // their path.
            Some(outermost) if !outermost.function.contains("::") => {
                if let Some(symbol) = symbol() {
                    outermost.function = symbol;
                }
            }
            Some(_) => {}
            None => places.extend(
                symbol().map(|function| SourceLocation { function, ..SourceLocation::default() }),
            ),
        }
        places
    }
}

/// The path of a file that the kernel reports as deleted.
fn deleted(path: &Path) -> Option<PathBuf> {
    let name = path.as_os_str().as_bytes().strip_suffix(b" (deleted)")?;
    (!path.exists()).then(|| OsStr::from_bytes(name).into())
}

/// The link-time address of an offset in the file.
fn address(segments: &[Segment], offset: u64) -> Option<u64> {
    let inside = |segment: &&Segment| {
        offset.checked_sub(segment.offset).is_some_and(|within| within < segment.size)
    };
    let segment = segments.iter().find(inside)?;
    segment.address.checked_add(offset - segment.offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_translated_by_segment() {
        let segment = |offset, size, address| Segment { offset, size, address };
        let segments = [segment(0, 0x1000, 0), segment(0x1000, 0x800, 0x3000)];
        assert_eq!(address(&segments, 0x10), Some(0x10));
        assert_eq!(address(&segments, 0x1234), Some(0x3234));
        assert_eq!(address(&segments, 0x1800), None);
        assert_eq!(address(&[segment(0, 1, u64::MAX)], 0), Some(u64::MAX));
    }

    #[test]
    fn the_error_for_a_text_file_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        std::fs::write(&path, "text").unwrap();
        let error = Module::open(&path, &[]).err().unwrap();
        assert!(matches!(error, ModuleError::Malformed { .. }), "{error}");
        assert!(error.to_string().contains("text` is not a valid ELF file"));
        assert!(matches!(Module::open("/nowhere".as_ref(), &[]), Err(ModuleError::Open { .. })));
    }

    #[test]
    fn a_replaced_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("program");
        std::fs::copy(std::env::current_exe().unwrap(), &path).unwrap();
        let ran = [FileVersion::of(&path).unwrap()];
        assert!(Module::open(&path, &ran).is_ok());

        let build = Module::open(&path, &[]).unwrap().build;
        let mut other = build.clone().unwrap_or_default();
        other.push(0);
        let other = [ran[0].clone(), FileVersion::of_build(other)];
        assert!(matches!(Module::open(&path, &other), Err(ModuleError::Replaced { .. })));
        if let Some(build) = build {
            assert!(Module::open(&path, &[FileVersion::of_build(build)]).is_ok());
        }

        // A copy: the same content in another file.
        let other = folder.path().join("other");
        std::fs::copy(&path, &other).unwrap();
        std::fs::rename(&other, &path).unwrap();
        let replaced = |error: Option<ModuleError>| match error {
            Some(ModuleError::Replaced { path }) => path,
            other => panic!("{other:?}"),
        };
        assert_eq!(replaced(Module::open(&path, &ran).err()), path);
        let named = folder.path().join("program (deleted)");
        assert_eq!(replaced(Module::open(&named, &[]).err()), path);
    }
}
