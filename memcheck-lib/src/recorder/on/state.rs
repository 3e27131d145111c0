//! Whether the recorder is on, which tables it writes to, and whether the calling thread is inside
//! it.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering::Acquire, Ordering::Relaxed};

use super::tables::Tables;
use crate::forked;

/// Written twice in the life of a worker: when the recording starts and when it stops.
pub(super) static ON: AtomicBool = AtomicBool::new(false);
/// Null until the first recording starts. The tables stay mapped for the life of the process.
pub(super) static TABLES: AtomicPtr<Tables> = AtomicPtr::new(std::ptr::null_mut());

thread_local! {
    /// Whether this thread is inside the recorder. Then nothing is recorded: neither what the
    /// recorder itself acquires, nor what a signal handler acquires that interrupts it. The
    /// variable has no destructor, so its first use registers nothing.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Whether calls are recorded. This is one load of a word that nothing writes while iterations run.
#[inline(always)]
pub(crate) fn is_on() -> bool {
    ON.load(Relaxed)
}

/// The tables of the recording, once one has started.
#[cfg(all(memcheck_calls, not(miri)))]
pub(super) fn tables() -> Option<&'static Tables> {
    // SAFETY: null, or the tables that `start` leaked, which stay mapped for the life of the
    // process.
    unsafe { TABLES.load(Acquire).as_ref() }
}

/// Runs `call` on the tables, unless this thread is already inside the recorder or this process is
/// a forked child: a child shares the tables with its parent, but its resources are not the
/// worker's.
#[inline(always)]
pub(super) fn with_tables<T>(call: impl FnOnce(&Tables) -> T) -> Option<T> {
    if forked::is_child() || INSIDE.with(|inside| inside.replace(true)) {
        return None;
    }
    // SAFETY: null, or the tables that `start` leaked, which stay mapped for the life of the
    // process.
    let result = unsafe { TABLES.load(Acquire).as_ref() }.map(call);
    INSIDE.with(|inside| inside.set(false));
    result
}
