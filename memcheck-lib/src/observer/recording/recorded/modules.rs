//! The files that contain the code of return addresses.

use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use crate::process::MappingHeader;
use crate::recorder::LoadedCode;
use crate::report::{FileVersion, Frame, Module};

/// The kernel's suffix for the path of a file that was deleted.
const DELETED: &[u8] = b" (deleted)";

/// A mapping of a file's code.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Region {
    start: u64,
    end: u64,
    /// The place of `start` in the file.
    offset: u64,
    path: Vec<u8>,
    /// The versions that the file may have had.
    versions: Vec<FileVersion>,
}

impl Region {
    /// Whether both are code of one file, which may have been deleted in between.
    fn is_same_code(&self, other: &Region) -> bool {
        let name = |of: &Region| of.path.strip_suffix(DELETED).unwrap_or(&of.path).to_vec();
        let place = |of: &Region| of.start.wrapping_sub(of.offset);
        (name(self), place(self)) == (name(other), place(other))
    }

    fn holds(&self, other: &Region) -> bool {
        self.start <= other.start && other.end <= self.end && self.is_same_code(other)
    }
}

fn add(versions: &mut Vec<FileVersion>, more: impl Iterator<Item = FileVersion>) {
    for version in more {
        if !versions.contains(&version) {
            versions.push(version);
        }
    }
}

/// The code that is or was mapped into a process.
#[derive(Clone, Debug, Default)]
pub(super) struct Regions(Vec<Region>);

impl Regions {
    /// The executable mappings of files in a text of `/proc/PID/maps`.
    pub(super) fn parse(maps: &[u8]) -> Regions {
        let headers = maps.split(|byte| *byte == b'\n').filter_map(MappingHeader::parse);
        let code = headers
            .filter(|header| header.permissions[2] == b'x' && header.name.starts_with(b"/"))
            .map(|header| Region {
                start: header.start,
                end: header.end,
                offset: header.offset,
                path: header.name.to_vec(),
                versions: Vec::new(),
            });
        Regions(code.collect())
    }

    /// The code that a worker noted before it unloaded some. If a file has no build ID only its place is
    /// known.
    pub(super) fn noted(code: Vec<LoadedCode>) -> Regions {
        let regions = code.into_iter().map(|LoadedCode { start, end, offset, path, build }| {
            // The path as the kernel reports it.
            let real = Path::new(OsStr::from_bytes(&path)).canonicalize();
            let path = match (real, &build) {
                (Ok(real), Some(_)) if path.starts_with(b"/") => real.into_os_string().into_vec(),
                _ => Vec::new(),
            };
            let versions = build.map(FileVersion::of_build).into_iter().collect();
            Region { start, end, offset, path, versions }
        });
        Regions(regions.collect())
    }

    /// Adds the code that was loaded since. Call it right after `later` was read, because it also reads
    /// the versions of the files.
    pub(super) fn extend(&mut self, later: Regions) {
        for mut region in later.0 {
            // The kernel rounds to whole pages, the loader does not.
            let known = self.0.iter_mut().find(|known| known.holds(&region));
            if let Some(known) = known {
                // Code at the same place may be another version of the file.
                let others = region.versions.into_iter();
                add(&mut known.versions, others);
                continue;
            }
            if region.versions.is_empty() {
                let version = FileVersion::of(OsStr::from_bytes(&region.path).as_ref());
                region.versions.extend(version);
            }
            self.0.push(region);
        }
    }

    /// The file mapped at the call that returns to an address, and the versions that it may have had.
    /// `None` if no file was mapped there, or different files at different times.
    fn at(&self, address: u64) -> Option<(&Region, Vec<FileVersion>)> {
        let call = address.wrapping_sub(1);
        let there = self.0.iter().rev().filter(|of| (of.start..of.end).contains(&call));
        let latest = there.clone().next().filter(|latest| !latest.path.is_empty())?;
        let mut versions = Vec::new();
        for region in there {
            if !region.is_same_code(latest) {
                return None;
            }
            add(&mut versions, region.versions.iter().cloned());
        }
        Some((latest, versions))
    }

    /// Frames of return addresses. Adds the modules that are not yet in `modules`.
    pub(super) fn frames(&self, stack: &[u64], modules: &mut Vec<Module>) -> Vec<Frame> {
        let frames = stack.iter().map(|&address| {
            let Some((region, versions)) = self.at(address) else {
                return Frame { address, ..Frame::default() };
            };
            let path = String::from_utf8_lossy(&region.path).into_owned();
            let known = |of: &Module| of.path == path && of.versions == versions;
            let module = modules.iter().position(known).unwrap_or_else(|| {
                modules.push(Module { path, versions });
                modules.len() - 1
            });
            let offset = address - region.start + region.offset;
            Frame { address, module: Some(module), offset, functions: Vec::new() }
        });
        frames.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPS: &[u8] = b"\
55d0c0000000-55d0c0010000 r--p 00000000 08:01 11 /t/target/debug/deps/a-1
55d0c0010000-55d0c0050000 r-xp 0000f000 08:01 11 /t/target/debug/deps/a-1
7f0000000000-7f0000001000 rwxp 00000000 00:00 0
7f0000010000-7f0000020000 r-xp 00002000 08:01 12 /lib/libc.so.6
7ffc00000000-7ffc00002000 r-xp 00000000 00:00 0 [vdso]
";

    #[test]
    fn addresses_become_offsets_in_files() {
        let mut modules = Vec::new();
        let stack = [0x7f00_0001_0010, 0x55d0_c001_0004, 0x55d0_c005_0000, 0x7f00_0000_0008, 16];
        let frames = Regions::parse(MAPS).frames(&stack, &mut modules);
        let places: Vec<_> = frames.iter().map(|of| (of.module, of.offset)).collect();
        // The third returns to the end of the file's code: the call is its last instruction.
        let expected =
            [(Some(0), 0x2010), (Some(1), 0xf004), (Some(1), 0x4f000), (None, 0), (None, 0)];
        assert_eq!(places, expected);
        let paths: Vec<_> = modules.iter().map(|of| of.path.as_str()).collect();
        assert_eq!(paths, ["/lib/libc.so.6", "/t/target/debug/deps/a-1"]);
        assert_eq!(frames[3].address, 0x7f00_0000_0008);
    }

    #[test]
    fn code_that_is_loaded_later_is_added() {
        let mut regions = Regions::parse(MAPS);
        let later = b"7f0000030000-7f0000040000 r-xp 00000000 08:01 13 /t/plugin.so\n";
        let before = regions.0.len();
        regions.extend(Regions::parse(MAPS));
        regions.extend(Regions::parse(later));
        assert_eq!(regions.0.len(), before + 1);
        assert_eq!(regions.at(0x7f00_0003_0001).unwrap().0.path, b"/t/plugin.so");
    }

    #[test]
    fn an_address_of_two_files_has_none() {
        let line = |start: &str, path: &str| {
            format!("{start}-7f0000040000 r-xp 00001000 08:01 13 {path}\n").into_bytes()
        };
        let after = |path: &str| {
            let mut regions = Regions::parse(&line("7f0000030000", "/t/a.so"));
            regions.extend(Regions::parse(&line("7f0000030000", path)));
            let found = regions.at(0x7f00_0003_0001);
            found.map(|(of, _)| String::from_utf8_lossy(&of.path).into_owned())
        };
        assert_eq!(after("/t/a.so").as_deref(), Some("/t/a.so"));
        // The same code, of a file that was deleted.
        assert_eq!(after("/t/a.so (deleted)").as_deref(), Some("/t/a.so"));
        assert_eq!(after("/t/b.so"), None);

        let mut regions = Regions::parse(&line("7f0000030000", "/t/a.so"));
        let noted = |build| LoadedCode {
            start: 0x7f00_0003_0000,
            end: 0x7f00_0003_1000,
            offset: 0x1000,
            path: b"/proc/self/exe".to_vec(),
            build,
        };
        // Without a build ID it may be any file, so it hides the address.
        let mut nothing = Regions::noted(vec![noted(None)]);
        assert_eq!(nothing.at(0x7f00_0003_0001), None);
        nothing.extend(Regions::parse(&line("7f0000030000", "/t/a.so")));
        assert_eq!(nothing.at(0x7f00_0003_0001), None);
        let mut some = Regions::noted(vec![noted(Some(vec![1]))]);
        let program = std::env::current_exe().unwrap();
        some.extend(Regions::parse(&line("7f0000030000", program.to_str().unwrap())));
        // Both versions are possible.
        let (region, versions) = some.at(0x7f00_0003_0001).unwrap();
        assert_eq!(region.path, program.as_os_str().as_bytes());
        let of_now = FileVersion::of(&program).unwrap();
        assert_eq!(versions, [of_now.clone(), FileVersion::of_build(vec![1])]);
        some.extend(Regions::noted(vec![noted(Some(vec![2]))]));
        assert_eq!(some.at(0x7f00_0003_0001).unwrap().1.len(), 3);

        regions.extend(Regions::parse(&line("7f0000031000", "/t/a.so")));
        assert_eq!(regions.at(0x7f00_0003_1001), None);
        assert_eq!(regions.at(0x7f00_0003_0001).unwrap().0.offset, 0x1000);
    }

    #[test]
    fn a_module_has_the_version_of_its_file() {
        let program = std::env::current_exe().unwrap();
        let mut regions = Regions::default();
        regions.extend(Regions::parse(&std::fs::read("/proc/self/maps").unwrap()));
        let mut modules = Vec::new();
        regions
            .frames(&[a_module_has_the_version_of_its_file as *const () as u64 + 1], &mut modules);
        assert_eq!(std::path::Path::new(&modules[0].path), program.canonicalize().unwrap());
        assert_eq!(modules[0].versions, [FileVersion::of(&program).unwrap()]);
    }
}
