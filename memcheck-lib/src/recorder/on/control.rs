//! Switches the recorder on and off in the worker.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed, Ordering::Release};

use super::state::{ON, TABLES, is_on, with_tables};
use super::tables::Memory;
use super::unwind;

/// How often code had been loaded and unloaded at the last check.
static CODE_CHANGES: AtomicU64 = AtomicU64::new(0);

/// Starts recording into the shared file whose first page is mapped at `page`. Returns `false` if
/// the file cannot be mapped.
pub(crate) fn start(page: NonNull<u8>) -> bool {
    let Ok(memory) = Memory::next_to_page(page) else { return false };
    record_into(memory);
    true
}

/// Starts recording. The tables are leaked, because any thread may read them at any time.
fn record_into(memory: Memory) {
    unwind::prepare();
    CODE_CHANGES.store(unwind::code_changes(), Relaxed);
    let memory: &'static Memory = Box::leak(Box::new(memory));
    let tables = memory.tables();
    #[cfg(all(memcheck_calls, not(miri)))]
    super::hooks::prepare(tables);
    tables.started.store(1, Release);
    TABLES.store(std::ptr::from_ref(tables).cast_mut(), Release);
    ON.store(true, Release);
}

/// Stops recording.
pub(crate) fn stop() {
    ON.store(false, Release);
}

/// Drops cached unwind rules if code was loaded or unloaded since the last call: other code may now
/// have the addresses of unloaded code. Call it between two batches.
pub(crate) fn forget_unloaded_code() {
    if !is_on() {
        return;
    }
    let changes = unwind::code_changes();
    if CODE_CHANGES.swap(changes, Relaxed) != changes {
        with_tables(|tables| tables.rule_cache.clear());
    }
}
