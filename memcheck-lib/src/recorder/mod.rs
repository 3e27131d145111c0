//! Remembers the call stack of everything that is acquired until it is released: what is left over
//! leads to the line that leaks.
//!
//! Off, it costs one load of a flag for each call that could be recorded. On, in a worker whose test
//! was judged already, each call's stack is walked and what it acquired is kept under its address
//! until it is released. The tables lie in memory that the worker shares with its observer, outside
//! every heap that is counted: nothing is sent, and what was recorded outlives the worker.
//!
//! They have room for 1.5 million things that live at a time, 131,072 stacks and 4 million return
//! addresses in them, and take at most 104 MiB for that, all full (see `tables.rs`, which asserts
//! it). What does not fit is counted and reported.
//!
//! No symbol is looked up here: an address becomes a line in the tool that reads the report.

mod kind;

pub use kind::SiteKind;

#[cfg(memcheck_sites)]
mod calls;
#[cfg(memcheck_sites)]
mod cfi;
#[cfg(memcheck_sites)]
mod code;
#[cfg(memcheck_sites)]
mod control;
#[cfg(all(memcheck_calls, not(miri)))]
mod hooks;
#[cfg(memcheck_sites)]
mod live;
#[cfg(memcheck_sites)]
mod memory;
#[cfg(memcheck_sites)]
#[cfg_attr(any(not(memcheck_calls), miri), expect(dead_code, reason = "mappings are not recorded"))]
mod ranges;
#[cfg(memcheck_sites)]
mod room;
#[cfg(memcheck_sites)]
mod rules;
#[cfg(memcheck_sites)]
mod sites;
#[cfg(memcheck_sites)]
mod stacks;
#[cfg(memcheck_sites)]
mod tables;
#[cfg(memcheck_sites)]
mod walk;

#[cfg(memcheck_sites)]
pub(crate) use {
    calls::is_on,
    code::LoadedCode,
    control::{look_again, start, stop},
    memory::{FILE_LENGTH, Memory},
    sites::{Recorded, Rest},
    tables::{FRAMES, Tables},
};

/// Records that the calling function acquired a thing: a block at an address, a descriptor.
#[cfg(memcheck_sites)]
#[inline(always)]
pub(crate) fn acquired(kind: SiteKind, key: u64, bytes: usize) {
    calls::acquired(calls::number(kind), key, bytes);
}

/// Records that a thing is about to be released.
#[cfg(memcheck_sites)]
#[inline(always)]
pub(crate) fn released(kind: SiteKind, key: u64, bytes: usize) {
    calls::released(calls::number(kind), key, bytes);
}

/// Records a resize of a thing around the call that does it: `resize` gives its new key, or `None`
/// when it stays as it was.
#[cfg(memcheck_sites)]
#[inline(always)]
pub(crate) fn resizing<T>(
    kind: SiteKind,
    key: u64,
    old_bytes: usize,
    resize: impl FnOnce() -> (T, Option<(u64, usize)>),
) -> T {
    let taken = calls::taken(calls::number(kind), key);
    let (result, now) = resize();
    let now = calls::Resized {
        key: now.map(|(key, _)| key),
        old_bytes,
        new_bytes: now.map_or(old_bytes, |(_, bytes)| bytes),
    };
    calls::resized(calls::number(kind), &taken, &now);
    result
}

/// Takes a thing out that a call is about to release, whole or not at all. Unlike with
/// [`released`], what is not known is not taken for older than the recording.
#[cfg(all(memcheck_calls, not(miri)))]
pub(crate) fn taking(kind: SiteKind, key: u64) -> Taking {
    Taking { kind, taken: calls::taken(calls::number(kind), key) }
}

/// Says what is left of a mapping.
#[cfg(all(memcheck_calls, not(miri)))]
fn cut<const PARTS: usize>(
    kind: SiteKind,
    whole: ranges::Range,
    left: [Option<ranges::Range>; PARTS],
) {
    calls::cut(calls::number(kind), whole, left);
}

/// Runs `call` on what is mapped, while no other thread changes it.
#[cfg(all(memcheck_calls, not(miri)))]
fn with_ranges<T>(call: impl FnOnce(&mut ranges::Sorted<'_>) -> T) -> Option<T> {
    calls::tables().map(|tables| tables.ranges.hold(call))
}

/// A thing that is about to be released.
#[cfg(all(memcheck_calls, not(miri)))]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taking {
    kind: SiteKind,
    taken: calls::Taken,
}

#[cfg(all(memcheck_calls, not(miri)))]
impl Taking {
    /// Says that it was resized, by the calling function.
    #[inline(always)]
    pub(crate) fn resize(&self, key: u64, old_bytes: usize, new_bytes: usize) {
        let now = calls::Resized { key: Some(key), old_bytes, new_bytes };
        calls::resized(calls::number(self.kind), &self.taken, &now);
    }

    /// Says whether it was released.
    pub(crate) fn settle(&self, released: bool) {
        calls::settle(calls::number(self.kind), &self.taken, released);
    }
}

/// Nothing is recorded on this target, or without the feature `sites`.
#[cfg(not(memcheck_sites))]
mod without {
    use super::SiteKind;

    #[inline(always)]
    pub(crate) fn is_on() -> bool {
        false
    }

    #[inline(always)]
    pub(crate) fn acquired(_kind: SiteKind, _key: u64, _bytes: usize) {}

    #[inline(always)]
    pub(crate) fn released(_kind: SiteKind, _key: u64, _bytes: usize) {}

    #[inline(always)]
    pub(crate) fn resizing<T>(
        _kind: SiteKind,
        _key: u64,
        _old_bytes: usize,
        resize: impl FnOnce() -> (T, Option<(u64, usize)>),
    ) -> T {
        resize().0
    }
}

#[cfg(not(memcheck_sites))]
pub(crate) use without::{acquired, is_on, released, resizing};
