//! Separate debug files, as `objcopy --only-keep-debug` and the packages of distributions make them.
//! (`addr2line` itself finds `.dwo` and `.dwp` files.)
//! <https://sourceware.org/gdb/current/onlinedocs/gdb.html/Separate-Debug-Files.html>

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use object::{Object, ReadCache};

/// The folder in which distributions install them.
const GLOBAL: &str = "/usr/lib/debug";

/// How a file refers to its debug file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Link {
    /// Identifies the build.
    pub(super) build_id: Option<Vec<u8>>,
    /// Name and checksum of the debug file.
    pub(super) file: Option<(String, u32)>,
}

impl Link {
    /// The reference in an object file.
    pub(super) fn of<'data>(file: &impl Object<'data>) -> Link {
        let build_id = file.build_id().ok().flatten().map(<[u8]>::to_vec);
        let link = file.gnu_debuglink().ok().flatten();
        let file =
            link.map(|(name, checksum)| (String::from_utf8_lossy(name).into_owned(), checksum));
        Link { build_id, file }
    }

    /// The debug file of the program at `path`, if there is one.
    pub(super) fn find(&self, path: &Path) -> Option<PathBuf> {
        self.candidates(path).into_iter().find(|candidate| {
            candidate.is_file() && candidate != path && self.fits(candidate).unwrap_or(false)
        })
    }

    /// The paths at which it may be.
    fn candidates(&self, path: &Path) -> Vec<PathBuf> {
        let mut candidates = Vec::new();
        if let Some([first, rest @ ..]) = self.build_id.as_deref() {
            let rest: String = rest.iter().map(|byte| format!("{byte:02x}")).collect();
            candidates.push(format!("{GLOBAL}/.build-id/{first:02x}/{rest}.debug").into());
        }
        if let (Some((name, _)), Some(folder)) = (&self.file, path.parent()) {
            candidates.push(folder.join(name));
            candidates.push(folder.join(".debug").join(name));
            let below = folder.strip_prefix("/").unwrap_or(folder);
            candidates.push(Path::new(GLOBAL).join(below).join(name));
        }
        candidates
    }

    /// Whether `candidate` belongs to this build: it has the same id or, without an id, the checksum.
    fn fits(&self, candidate: &Path) -> io::Result<bool> {
        let cache = ReadCache::new(File::open(candidate)?);
        let theirs = object::File::parse(&cache).map(|file| Link::of(&file));
        let theirs = theirs.map_err(io::Error::other)?.build_id;
        match (&self.build_id, theirs, &self.file) {
            (Some(own), Some(theirs), _) => Ok(*own == theirs),
            (_, _, Some((_, checksum))) => Ok(crc32(File::open(candidate)?)? == *checksum),
            _ => Ok(false),
        }
    }
}

/// CRC-32 as in zlib (polynomial 0x04C11DB7, reflected): the checksum of `.gnu_debuglink`.
fn crc32(mut file: impl Read) -> io::Result<u32> {
    let mut table = [0u32; 256];
    for (byte, entry) in table.iter_mut().enumerate() {
        *entry = (0..8).fold(byte as u32, |crc, _| match crc & 1 {
            0 => crc >> 1,
            _ => crc >> 1 ^ 0xedb8_8320,
        });
    }
    let mut crc = u32::MAX;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = file.read(&mut buffer)?;
        if length == 0 {
            return Ok(!crc);
        }
        for &byte in &buffer[..length] {
            crc = table[usize::from(crc as u8 ^ byte)] ^ crc >> 8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_zlib() {
        // The check value of the CRC catalogue, for the digits 1 to 9.
        assert_eq!(crc32(&b"123456789"[..]).unwrap(), 0xcbf4_3926);
        assert_eq!(crc32(&b""[..]).unwrap(), 0);
    }

    #[test]
    fn the_paths_are_those_of_gdb() {
        let link =
            Link { build_id: Some(vec![0xab, 0x01, 0xcd]), file: Some(("a.debug".to_owned(), 0)) };
        let candidates = link.candidates("/opt/x/a".as_ref());
        let candidates: Vec<&str> = candidates.iter().filter_map(|path| path.to_str()).collect();
        assert_eq!(
            candidates,
            [
                "/usr/lib/debug/.build-id/ab/01cd.debug",
                "/opt/x/a.debug",
                "/opt/x/.debug/a.debug",
                "/usr/lib/debug/opt/x/a.debug",
            ]
        );
        assert_eq!(link.find("/opt/x/a".as_ref()), None);
    }

    #[test]
    fn the_debug_file_of_another_build_is_refused() {
        let program = std::env::current_exe().unwrap();
        let bytes = std::fs::read(&program).unwrap();
        let link = Link::of(&object::File::parse(&*bytes).unwrap());
        let folder = tempfile::tempdir().unwrap();
        let candidate = folder.path().join("program.debug");
        std::fs::write(&candidate, &bytes).unwrap();
        let named = |checksum| Some(("program.debug".to_owned(), checksum));
        let find = |link: &Link| link.find(&folder.path().join("program"));
        let checksum = crc32(&*bytes).unwrap();
        // If both have an id, the id decides; else the checksum.
        let own = Link { file: named(!checksum), ..link.clone() };
        assert_eq!(find(&own), link.build_id.as_ref().map(|_| candidate.clone()));
        let other = Link { build_id: Some(vec![1; 20]), file: named(checksum) };
        assert_eq!(find(&other), link.build_id.is_none().then(|| candidate.clone()));
        let plain = Link { build_id: None, file: named(checksum) };
        assert_eq!(find(&plain), Some(candidate));
        assert_eq!(find(&Link { build_id: None, file: named(!checksum) }), None);
    }
}
