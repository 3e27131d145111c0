//! Which shared libraries were in memory when one of them was about to be unloaded: later they are
//! in no list of mappings, and other code may stand at their addresses.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Acquire, Ordering::Relaxed};

use super::tables::{Lock, Tables};

/// Executable parts of libraries that are remembered, and bytes of their paths together. Of a test
/// that loads more some functions have no name.
pub(super) const PARTS: usize = 1024;
pub(super) const NAMES: usize = 1 << 17;

#[repr(C)]
pub(super) struct Code {
    /// Taken while parts are added, or looked at whether they are there.
    pub(super) looking: Lock,
    pub(super) used: AtomicU32,
    pub(super) names_used: AtomicU32,
    pub(super) parts: [Part; PARTS],
    pub(super) names: UnsafeCell<[u8; NAMES]>,
}

/// Executable memory of a file. Written once; only `is_there` changes.
#[repr(C)]
pub(super) struct Part {
    pub(super) start: AtomicU64,
    pub(super) end: AtomicU64,
    /// Of `start` in the file.
    pub(super) offset: AtomicU64,
    /// Where the path is in `names`.
    pub(super) name: AtomicU32,
    pub(super) name_length: AtomicU32,
    /// The identifier of the build, and its length; 0 where there is none.
    pub(super) build: [AtomicU64; 3],
    pub(super) build_length: AtomicU32,
    pub(super) is_there: AtomicBool,
}

/// Code that was mapped at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LoadedCode {
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// Of `start` in the file.
    pub(crate) offset: u64,
    /// As the loader knows it.
    pub(crate) path: Vec<u8>,
    /// Identifier of the build, as the code in memory had it.
    pub(crate) build: Option<Vec<u8>>,
}

impl Part {
    /// Bytes of the longest identifier that is kept.
    pub(super) const BUILD: usize = 24;

    pub(super) fn build(&self) -> ([u8; Self::BUILD], usize) {
        let mut bytes = [0; Self::BUILD];
        for (to, word) in bytes.chunks_exact_mut(8).zip(&self.build) {
            to.copy_from_slice(&word.load(Relaxed).to_le_bytes());
        }
        (bytes, (self.build_length.load(Relaxed) as usize).min(Self::BUILD))
    }
}

impl Code {
    pub(super) fn parts(&self) -> &[Part] {
        &self.parts[..(self.used.load(Acquire) as usize).min(PARTS)]
    }

    pub(super) fn name(&self, part: &Part) -> &[u8] {
        let start = (part.name.load(Relaxed) as usize).min(NAMES);
        let length = (part.name_length.load(Relaxed) as usize).min(NAMES - start);
        // SAFETY: within the table; the bytes of a part that is listed were written before it was,
        // and are never written again.
        unsafe { std::slice::from_raw_parts(self.names.get().cast::<u8>().add(start), length) }
    }
}

impl Tables {
    /// The libraries that were loaded when one was unloaded.
    pub(crate) fn loaded_code(&self) -> Vec<LoadedCode> {
        let code = |part: &Part| {
            let (build, length) = part.build();
            LoadedCode {
                start: part.start.load(Relaxed),
                end: part.end.load(Relaxed),
                offset: part.offset.load(Relaxed),
                path: self.code.name(part).to_vec(),
                build: (length > 0).then(|| build[..length].to_vec()),
            }
        };
        self.code.parts().iter().map(code).collect()
    }
}
