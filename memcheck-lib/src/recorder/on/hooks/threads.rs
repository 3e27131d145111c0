//! Intercepts `pthread_create`. A thread is recorded until it ends, whether it is joined or not.
//!
//! Each recorded thread has a small block in thread-specific data. Its address is the key of the
//! thread in the tables. The destructor of the data runs whether the thread returns, calls
//! `pthread_exit` or is cancelled.

use std::ffi::{c_int, c_void};
use std::mem::transmute;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use super::next_definition::next_definitions;
use super::scope::{keeping_errno, records};
use crate::metric::SiteKind;
use crate::recorder::on::events;
use crate::recorder::on::state::is_on;

next_definitions! { pthread_create }

type Start = unsafe extern "C-unwind" fn(*mut c_void) -> *mut c_void;
type Create = unsafe extern "C-unwind" fn(usize, usize, Start, *mut c_void) -> c_int;

unsafe extern "C" {
    // glibc's own allocator. Blocks that are allocated under these names are not counted.
    fn __libc_malloc(size: usize) -> *mut c_void;
    fn __libc_free(block: *mut c_void);
}

/// The start function of a recorded thread, and its argument.
struct ThreadStart {
    start: Start,
    argument: *mut c_void,
}

/// The key of the thread-specific data, plus 1; 0 before it is created.
static KEY: AtomicU32 = AtomicU32::new(0);

/// Creates the key. Without it, threads are not recorded.
pub(super) fn prepare() -> bool {
    if KEY.load(Relaxed) == 0 {
        let mut key = 0;
        // SAFETY: `key` is a valid place for the result. The destructor `ended` accepts the blocks
        // that threads set.
        if unsafe { libc::pthread_key_create(&mut key, Some(ended)) } == 0 {
            KEY.store(key + 1, Relaxed);
        }
    }
    KEY.load(Relaxed) != 0
}

pub(super) unsafe extern "C-unwind" fn pthread_create(
    thread: usize,
    attributes: usize,
    start: Start,
    argument: *mut c_void,
) -> c_int {
    let next = &next::pthread_create;
    let Some(address) = next.address().or_else(|| next.find()) else { return libc::ENOSYS };
    // SAFETY: this is `pthread_create` of the C library, which has this signature.
    let create = unsafe { transmute::<*mut c_void, Create>(address) };
    if is_on() {
        return create_recorded(start, argument, |start, argument| {
            // SAFETY: the caller keeps the preconditions; `start_recorded` calls the caller's start
            // function.
            unsafe { create(thread, attributes, start, argument) }
        });
    }
    // SAFETY: the caller keeps the preconditions of `pthread_create`.
    unsafe { create(thread, attributes, start, argument) }
}

#[cold]
#[inline(never)]
fn create_recorded(
    start: Start,
    argument: *mut c_void,
    create: impl FnOnce(Start, *mut c_void) -> c_int,
) -> c_int {
    let key = KEY.load(Relaxed);
    if key == 0 || !records() {
        return create(start, argument);
    }
    // SAFETY: malloc accepts any size.
    let block = unsafe { __libc_malloc(size_of::<ThreadStart>()) }.cast::<ThreadStart>();
    if block.is_null() {
        return create(start, argument);
    }
    // SAFETY: the block is large enough, and malloc aligns for every type.
    unsafe { block.write(ThreadStart { start, argument }) };
    // Before the call: the thread can end before the call returns.
    keeping_errno(|| events::acquired(SiteKind::Thread, block.addr() as u64, 0));
    let result = create(start_recorded, block.cast());
    if result != 0 {
        // SAFETY: no thread was created, so nothing else uses the block.
        unsafe { ended(block.cast()) };
    }
    result
}

/// The start function of every recorded thread.
///
/// # Safety
///
/// `block` is a `ThreadStart` from `create_recorded`.
unsafe extern "C-unwind" fn start_recorded(block: *mut c_void) -> *mut c_void {
    // SAFETY: the block is a `ThreadStart`, and it is freed only when this thread ends.
    let ThreadStart { start, argument } = unsafe { block.cast::<ThreadStart>().read() };
    // SAFETY: the key was created before the first thread was recorded, and is never deleted.
    if unsafe { libc::pthread_setspecific(KEY.load(Relaxed) - 1, block) } != 0 {
        // Out of memory: record the thread as ended now, because its end will not be seen.
        // SAFETY: nothing else uses the block.
        unsafe { ended(block) };
    }
    // SAFETY: the caller of `pthread_create` keeps the preconditions of its start function.
    unsafe { start(argument) }
}

/// Records the end of a thread and frees its block.
///
/// # Safety
///
/// `block` is from `create_recorded`, and nothing else uses it.
unsafe extern "C" fn ended(block: *mut c_void) {
    let key = block.addr() as u64;
    keeping_errno(|| {
        if records() {
            events::releasing(SiteKind::Thread, key).finish(true);
        }
    });
    // SAFETY: the block is from `__libc_malloc`, and nothing else uses it.
    unsafe { __libc_free(block) };
}
