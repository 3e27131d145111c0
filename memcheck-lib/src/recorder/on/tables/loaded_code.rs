//! The shared libraries that were in memory when a library was unloaded. Afterwards they are in no
//! list of mappings, and other code can be loaded at their addresses.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Acquire, Ordering::Relaxed};

use crate::recorder::on::lock::Lock;

/// Limit of executable segments. In a test that loads more, some functions have no name.
pub(in crate::recorder::on) const SEGMENTS: usize = 1024;
/// Limit of the lengths of all paths together, in bytes: 128 per segment.
pub(in crate::recorder::on) const PATHS: usize = 1 << 17;

/// The executable segments of libraries. Entries are only added.
#[repr(C)]
pub(in crate::recorder::on) struct CodeTable {
    /// Held while segments are added or compared with what is in memory.
    pub(in crate::recorder::on) scan_lock: Lock,
    pub(in crate::recorder::on) used: AtomicU32,
    pub(in crate::recorder::on) paths_used: AtomicU32,
    pub(in crate::recorder::on) segments: [Segment; SEGMENTS],
    pub(in crate::recorder::on) paths: UnsafeCell<[u8; PATHS]>,
}

/// An executable segment of a library. It is written once, before it is published through
/// [`CodeTable::used`]; only `is_loaded` changes later.
#[repr(C)]
pub(in crate::recorder::on) struct Segment {
    pub(in crate::recorder::on) start: AtomicU64,
    pub(in crate::recorder::on) end: AtomicU64,
    /// Offset of `start` in the file.
    pub(in crate::recorder::on) offset: AtomicU64,
    /// Index of its path in `paths`.
    pub(in crate::recorder::on) path: AtomicU32,
    pub(in crate::recorder::on) path_length: AtomicU32,
    /// The build ID and its length; 0 without one.
    pub(in crate::recorder::on) build_id: [AtomicU64; 3],
    pub(in crate::recorder::on) build_id_length: AtomicU32,
    pub(in crate::recorder::on) is_loaded: AtomicBool,
}

/// Code that was mapped at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LoadedCode {
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// Offset of `start` in the file.
    pub(crate) offset: u64,
    /// The path that the loader has for it.
    pub(crate) path: Vec<u8>,
    /// The build ID that the code in memory had.
    pub(crate) build: Option<Vec<u8>>,
}

impl Segment {
    /// Limit of the length of a build ID, in bytes. `ld --build-id=sha1` writes 20.
    pub(in crate::recorder::on) const BUILD_ID: usize = 24;

    pub(in crate::recorder::on) fn build_id(&self) -> ([u8; Self::BUILD_ID], usize) {
        let mut bytes = [0; Self::BUILD_ID];
        for (to, word) in bytes.chunks_exact_mut(8).zip(&self.build_id) {
            to.copy_from_slice(&word.load(Relaxed).to_le_bytes());
        }
        (bytes, (self.build_id_length.load(Relaxed) as usize).min(Self::BUILD_ID))
    }
}

impl CodeTable {
    pub(in crate::recorder::on) fn segments(&self) -> &[Segment] {
        &self.segments[..(self.used.load(Acquire) as usize).min(SEGMENTS)]
    }

    pub(in crate::recorder::on) fn path(&self, segment: &Segment) -> &[u8] {
        let start = (segment.path.load(Relaxed) as usize).min(PATHS);
        let length = (segment.path_length.load(Relaxed) as usize).min(PATHS - start);
        // SAFETY: the range is within the table. The bytes of a published segment were written
        // before it was published and are never written again.
        unsafe { std::slice::from_raw_parts(self.paths.get().cast::<u8>().add(start), length) }
    }

    pub(super) fn to_vec(&self) -> Vec<LoadedCode> {
        let code = |segment: &Segment| {
            let (build_id, length) = segment.build_id();
            LoadedCode {
                start: segment.start.load(Relaxed),
                end: segment.end.load(Relaxed),
                offset: segment.offset.load(Relaxed),
                path: self.path(segment).to_vec(),
                build: (length > 0).then(|| build_id[..length].to_vec()),
            }
        };
        self.segments().iter().map(code).collect()
    }
}
