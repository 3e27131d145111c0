//! The call stack of the calling thread.
//!
//! A step from a frame to its caller depends on nothing but the frame (its address, its frame
//! pointer, its return address) and the two places of the stack that are read for it. So what was
//! found at the last walk of the same thread is found again wherever a frame is the same and those
//! places still hold the same: the outer part of a stack, which seldom changes from one allocation
//! to the next, is compared instead of worked out. Nothing is guessed by this; the places are read
//! in the order in which a walk reads them.

use std::cell::{Cell, UnsafeCell};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::cfi;
use super::rules::Rules;
use super::stacks::Stacks;
use super::tables::{FRAMES, Lock};

/// Frames of a walk. What lies further out is left out.
const DEPTH: usize = 256;
/// Threads that have a walk of their own at a time; more share one and compare with nothing.
const THREADS: usize = 1024;

#[repr(C)]
pub(super) struct Walks {
    own: [UnsafeCell<Walk>; THREADS],
    shared_lock: Lock,
    shared: UnsafeCell<Walk>,
}

/// One frame: the registers as they are when control returns to `ret`.
#[derive(Clone, Copy)]
#[repr(C)]
struct Frame {
    stack: u64,
    frame: u64,
    ret: u64,
    /// Where `ret` was read, and `frame` (0 where it was in its register).
    ret_at: u64,
    frame_at: u64,
    /// Hash of the return addresses from the outermost frame to this one.
    hash: u64,
}

/// The walk of one thread, outermost frame first.
#[repr(C)]
struct Walk {
    /// The thread it is of, by a number that no two threads have.
    thread: u64,
    stacks: Stacks,
    length: usize,
    /// Outer frames were left out.
    cut: bool,
    frames: [Frame; DEPTH],
    returns: [u64; DEPTH],
    /// What was walked anew, innermost frame first.
    fresh: [Frame; DEPTH],
}

/// Where a walk begins: the registers of the function whose call is to be recorded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    pub(super) stack: u64,
    pub(super) frame: u64,
    pub(super) ret: u64,
}

/// A call stack that was found.
pub(super) struct Stack<'a> {
    pub(super) hash: u64,
    /// Return addresses, outermost first, at most [`FRAMES`].
    pub(super) returns: &'a [u64],
    /// Outer frames were left out.
    pub(super) cut: bool,
}

thread_local! {
    /// This thread's number, 0 before it has one. Without a destructor: nothing is registered.
    static THREAD: Cell<u64> = const { Cell::new(0) };
}

fn thread() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    THREAD.with(|thread| {
        if thread.get() == 0 {
            thread.set(LAST.fetch_add(1, Relaxed) + 1);
        }
        thread.get()
    })
}

impl Walks {
    /// Walks the calling thread's stack and hands it to `then`. `slot` is a number that no other
    /// living thread has.
    #[inline(always)]
    pub(super) fn walk<T>(
        &self,
        slot: Option<usize>,
        rules: &Rules,
        start: Start,
        then: impl FnOnce(Stack<'_>) -> T,
    ) -> T {
        let own = slot.and_then(|slot| self.own.get(slot));
        let (walk, _held) = match own {
            Some(walk) => (walk, None),
            None => (&self.shared, Some(self.shared_lock.hold())),
        };
        // SAFETY: a walk of its own is used by its thread alone, which does not come here again
        // before it leaves (`recording_self`); the shared one is held.
        let walk = unsafe { &mut *walk.get() };
        let thread = THREAD.with(Cell::get);
        if thread == 0 || walk.thread != thread {
            walk.begin(self::thread());
        }
        walk.update(rules, start);
        let kept = walk.length.min(FRAMES);
        let innermost = walk.length.wrapping_sub(1);
        then(Stack {
            hash: if walk.length == 0 { 0 } else { walk.frames[innermost].hash },
            returns: &walk.returns[walk.length - kept..walk.length],
            cut: walk.cut || kept < walk.length,
        })
    }
}

/// A word of the stack.
#[inline(always)]
fn read(at: u64) -> u64 {
    // SAFETY: callers give aligned places of the stacks that the calling thread runs on, which can
    // be read up to the ends that are known of them.
    unsafe { *(at as *const u64) }
}

/// A return address without the bits with which it may be signed.
#[inline(always)]
fn plain(ret: u64) -> u64 {
    if cfg!(target_arch = "aarch64") { ret & 0xffff_ffff_ffff } else { ret }
}

#[inline(always)]
fn chain(hash: u64, ret: u64) -> u64 {
    (hash.rotate_left(5) ^ ret).wrapping_mul(0x517C_C1B7_2722_0A95)
}

impl Walk {
    #[cold]
    fn begin(&mut self, thread: u64) {
        self.thread = thread;
        self.length = 0;
        self.cut = false;
        self.stacks = Stacks::of_thread(stack_end());
    }

    /// Makes this the walk from `start`.
    #[inline(always)]
    fn update(&mut self, rules: &Rules, start: Start) {
        let here = start.stack;
        let end = self.stacks.end(here);
        let mut at = Frame {
            stack: start.stack,
            frame: start.frame,
            ret: plain(start.ret),
            ret_at: 0,
            frame_at: 0,
            hash: 0,
        };
        let mut fresh = 0;
        // Frames of the last walk that are kept, once a frame is the same.
        let mut kept = 0;
        let mut candidate = if self.cut { 0 } else { self.length };
        let mut cut = true;
        while fresh < DEPTH {
            while candidate > 0 && self.frames[candidate - 1].stack < at.stack {
                candidate -= 1;
            }
            if candidate > 0 {
                let known = &self.frames[candidate - 1];
                if known.stack == at.stack && known.ret == at.ret && known.frame == at.frame {
                    if fresh + candidate <= DEPTH && self.holds(candidate) {
                        kept = candidate;
                        cut = false;
                        break;
                    }
                    // Something further out is different.
                    candidate = 0;
                }
            }
            self.fresh[fresh] = at;
            fresh += 1;
            let rule = rules.of(at.ret, cfi::FIND);
            if !rule.is_step() {
                cut = !rule.is_end();
                break;
            }
            let base = match rule.base() {
                0 => at.stack,
                _ => at.frame,
            };
            let mut cfa = base.wrapping_add_signed(rule.cfa());
            let inside = |place: u64| {
                place & 7 == 0 && (place >= here && place < end || self.stacks.is_own(place))
            };
            if rule.base() == 2 {
                if !inside(cfa) {
                    break;
                }
                cfa = read(cfa);
            }
            let ret_at = cfa.wrapping_add_signed(rule.ret());
            if cfa < at.stack || !inside(ret_at) {
                break;
            }
            let (frame, frame_at) = match rule.saved() {
                0 => (at.frame, 0),
                saved => {
                    let base = if saved == 1 { cfa } else { at.frame };
                    let place = base.wrapping_add_signed(rule.frame());
                    if !inside(place) {
                        break;
                    }
                    (read(place), place)
                }
            };
            let ret = plain(read(ret_at));
            if ret == 0 {
                cut = false;
                break;
            }
            at = Frame { stack: cfa, frame, ret, ret_at, frame_at, hash: 0 };
        }
        self.cut = cut;
        self.join(kept, fresh);
    }

    /// Whether the stack still holds what the outermost `length` frames were read from, so that a
    /// walk from the innermost of them would find the others.
    #[inline(always)]
    fn holds(&self, length: usize) -> bool {
        let mut at = length - 1;
        while at > 0 {
            at -= 1;
            let known = &self.frames[at];
            if plain(read(known.ret_at)) != known.ret
                || (known.frame_at != 0 && read(known.frame_at) != known.frame)
            {
                return false;
            }
        }
        true
    }

    /// Puts what was walked anew on top of what is kept.
    #[inline(always)]
    fn join(&mut self, kept: usize, fresh: usize) {
        let mut hash = if kept == 0 { 0 } else { self.frames[kept - 1].hash };
        let mut to = kept;
        let mut from = fresh;
        while from > 0 {
            from -= 1;
            let frame = &self.fresh[from];
            hash = chain(hash, frame.ret);
            self.returns[to] = frame.ret;
            self.frames[to] = Frame { hash, ..*frame };
            to += 1;
        }
        self.length = to;
    }
}

/// Where nothing is known of the end of a stack.
const NO_END: u64 = u64::MAX - 7;

/// End of the main thread's stack.
static MAIN_END: AtomicU64 = AtomicU64::new(NO_END);

/// Finds out what walks need to know. Before recording.
pub(super) fn prepare() {
    // SAFETY: the name is a C string.
    let place = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"__libc_stack_end".as_ptr()) };
    if !place.is_null() {
        // SAFETY: the symbol is a pointer of glibc's loader.
        MAIN_END.store(unsafe { *place.cast::<u64>() }, Relaxed);
    }
}

/// An address at or a little above the end of the calling thread's stack. Takes no lock: the call
/// that is recorded may hold any of the C library's (`pthread_getattr_np` calls `realloc` while it
/// holds its thread's).
fn stack_end() -> u64 {
    if rustix::thread::gettid() == rustix::process::getpid() {
        return MAIN_END.load(Relaxed);
    }
    // A thread's descriptor stands at the upper end of the memory that its stack is in
    // (`allocate_stack` in nptl/allocatestack.c; musl likewise).
    // SAFETY: always succeeds.
    unsafe { libc::pthread_self() as u64 & !7 }
}
