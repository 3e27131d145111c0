//! Threads, from `pthread_create` to their end, whether they are joined or not.
//!
//! A thread is known by a small record that it carries along under a key of its own: the key's
//! destructor runs however the thread ends (it returns, `pthread_exit`, it is cancelled).

use std::ffi::{c_int, c_void};
use std::mem::transmute;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use super::{aside, real_functions, recording};
use crate::recorder::{self, SiteKind};

real_functions! { pthread_create }

type Start = unsafe extern "C-unwind" fn(*mut c_void) -> *mut c_void;
type Create = unsafe extern "C-unwind" fn(usize, usize, Start, *mut c_void) -> c_int;

unsafe extern "C" {
    // The C library's own allocator: what is taken from it by these names is counted nowhere.
    fn __libc_malloc(size: usize) -> *mut c_void;
    fn __libc_free(block: *mut c_void);
}

/// What a thread that is recorded begins with.
struct Begin {
    start: Start,
    argument: *mut c_void,
}

/// The key under which threads carry their record, and 1; 0 while there is none.
static KEY: AtomicU32 = AtomicU32::new(0);

/// Makes the key. Without one, threads are not recorded.
pub(super) fn prepare() -> bool {
    if KEY.load(Relaxed) == 0 {
        let mut key = 0;
        // SAFETY: `ended` is fit to be a destructor of the key: it takes what threads set.
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
    let real = &real::pthread_create;
    let Some(address) = real.address().or_else(|| real.find()) else { return libc::ENOSYS };
    // SAFETY: the function of this name of the C library.
    let create = unsafe { transmute::<*mut c_void, Create>(address) };
    if recorder::is_on() {
        return creating(start, argument, |start, argument| {
            // SAFETY: the caller's promises, with a start of ours that calls the caller's.
            unsafe { create(thread, attributes, start, argument) }
        });
    }
    // SAFETY: the caller's promises.
    unsafe { create(thread, attributes, start, argument) }
}

#[cold]
#[inline(never)]
fn creating(
    start: Start,
    argument: *mut c_void,
    create: impl FnOnce(Start, *mut c_void) -> c_int,
) -> c_int {
    let key = KEY.load(Relaxed);
    if key == 0 || !recording() {
        return create(start, argument);
    }
    // SAFETY: any size may be asked for.
    let begin = unsafe { __libc_malloc(size_of::<Begin>()) }.cast::<Begin>();
    if begin.is_null() {
        return create(start, argument);
    }
    // SAFETY: the block is large enough, and malloc aligns for every type.
    unsafe { begin.write(Begin { start, argument }) };
    // Before it begins: it may end before the call comes back.
    aside(|| recorder::acquired(SiteKind::Thread, begin.addr() as u64, 0));
    let result = create(begins, begin.cast());
    if result != 0 {
        // SAFETY: no thread began, so none has it.
        unsafe { ended(begin.cast()) };
    }
    result
}

unsafe extern "C-unwind" fn begins(begin: *mut c_void) -> *mut c_void {
    // SAFETY: `creating` gave it, and it is freed when this thread ends.
    let Begin { start, argument } = unsafe { begin.cast::<Begin>().read() };
    // SAFETY: the key was made before the first thread was recorded, and is never deleted.
    if unsafe { libc::pthread_setspecific(KEY.load(Relaxed) - 1, begin) } != 0 {
        // No memory for it: counted as ended, so as one that no site has.
        // SAFETY: nobody else has it.
        unsafe { ended(begin) };
    }
    // SAFETY: the promise of who asked for the thread.
    unsafe { start(argument) }
}

/// The end of a thread that was recorded.
unsafe extern "C" fn ended(begin: *mut c_void) {
    let key = begin.addr() as u64;
    aside(|| {
        if recording() {
            recorder::taking(SiteKind::Thread, key).settle(true);
        }
    });
    // SAFETY: the record was taken from this allocator and nobody else has it any more.
    unsafe { __libc_free(begin) };
}
