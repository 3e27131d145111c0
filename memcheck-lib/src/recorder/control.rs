//! Switching the recorder on and off, in the worker.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed, Ordering::Release};

use super::calls::{ON, TABLES, recording_self};
use super::cfi;
use super::memory::Memory;
use super::walk;

/// Code that was loaded and unloaded when last looked.
static LOADED: AtomicU64 = AtomicU64::new(0);

/// Begins to record into the file of which the first page is mapped at `page`. `false` when the
/// memory cannot be had.
pub(crate) fn start(page: NonNull<u8>) -> bool {
    let Ok(memory) = Memory::beside(page) else { return false };
    record_into(memory);
    true
}

/// Begins to record into tables that stay for good: a thread may be reading them at any time.
fn record_into(memory: Memory) {
    cfi::prepare();
    walk::prepare();
    LOADED.store(cfi::loaded_and_unloaded(), Relaxed);
    let memory: &'static Memory = Box::leak(Box::new(memory));
    let tables = memory.tables();
    #[cfg(all(memcheck_calls, not(miri)))]
    super::hooks::prepare(tables);
    tables.started.store(1, Release);
    TABLES.store(std::ptr::from_ref(tables).cast_mut(), Release);
    ON.store(true, Release);
}

/// Records no more.
pub(crate) fn stop() {
    ON.store(false, Release);
}

/// To be called between two batches: other code may have been loaded to where some was unloaded.
pub(crate) fn look_again() {
    if !super::is_on() {
        return;
    }
    let loaded = cfi::loaded_and_unloaded();
    if LOADED.swap(loaded, Relaxed) != loaded {
        recording_self(|tables| tables.rules.clear());
    }
}
