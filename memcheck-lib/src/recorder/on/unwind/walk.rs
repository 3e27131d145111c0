//! The walk over the call stack of the calling thread.
//!
//! A step from a frame to its caller depends only on the frame (its address, frame pointer and
//! return address) and on the two words of the stack that the step reads. So the walk keeps the
//! frames of the last walk of the same thread. Where it meets a known frame and those words are
//! unchanged, the outer frames are the same too. The outer part of a stack seldom changes from one
//! allocation to the next, and comparing it is cheaper than stepping through it. This is exact: the
//! comparison reads the same words that a full walk would read, in the same order.

use std::cell::{Cell, UnsafeCell};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::eh_frame::{self, EH_FRAME};
use super::rule_cache::RuleCache;
use super::stack_bounds::StackBounds;
use crate::recorder::on::lock::Lock;

/// Limit of frames that are kept of a stack, innermost first.
pub(crate) const MAX_FRAMES: usize = 64;
/// Limit of frames that a walk visits. Frames further out are left out.
const MAX_DEPTH: usize = 256;
/// Limit of threads that have a walker of their own. Further threads share one, which keeps no
/// frames between walks.
const OWN_WALKERS: usize = 1024;

/// The walkers of all threads.
#[repr(C)]
pub(in crate::recorder::on) struct Walkers {
    own: [UnsafeCell<Walker>; OWN_WALKERS],
    shared_lock: Lock,
    shared: UnsafeCell<Walker>,
}

/// One frame: the registers when control returns to `ret`.
#[derive(Clone, Copy)]
#[repr(C)]
struct Frame {
    stack: u64,
    frame: u64,
    ret: u64,
    /// The addresses from which `ret` and `frame` were read (0 if `frame` was still in its
    /// register).
    ret_at: u64,
    frame_at: u64,
    /// Hash of the return addresses from the outermost frame to this one.
    hash: u64,
}

/// The last walk of one thread, outermost frame first.
#[repr(C)]
struct Walker {
    /// The number of the thread; no two threads have the same.
    thread: u64,
    bounds: StackBounds,
    length: usize,
    /// Outer frames were left out.
    truncated: bool,
    frames: [Frame; MAX_DEPTH],
    returns: [u64; MAX_DEPTH],
    /// The frames that this walk stepped through, innermost first.
    new_frames: [Frame; MAX_DEPTH],
}

/// The registers of the function whose call is recorded. The walk starts there.
#[derive(Clone, Copy, Debug)]
pub(in crate::recorder::on) struct Registers {
    pub(in crate::recorder::on) stack: u64,
    pub(in crate::recorder::on) frame: u64,
    pub(in crate::recorder::on) ret: u64,
}

/// A call stack.
pub(in crate::recorder::on) struct Stack<'a> {
    pub(in crate::recorder::on) hash: u64,
    /// Return addresses, outermost first, at most [`MAX_FRAMES`].
    pub(in crate::recorder::on) returns: &'a [u64],
    /// Outer frames were left out.
    pub(in crate::recorder::on) truncated: bool,
}

thread_local! {
    /// The number of this thread, 0 before its first walk. The variable has no destructor, so its
    /// first use registers nothing.
    static THREAD_NUMBER: Cell<u64> = const { Cell::new(0) };
}

fn thread_number() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    THREAD_NUMBER.with(|number| {
        if number.get() == 0 {
            number.set(LAST.fetch_add(1, Relaxed) + 1);
        }
        number.get()
    })
}

impl Walkers {
    /// Walks the stack of the calling thread and passes it to `use_stack`. `slot` is the number of
    /// the thread's slot, which no other living thread has.
    #[inline(always)]
    pub(in crate::recorder::on) fn walk<T>(
        &self,
        slot: Option<usize>,
        rules: &RuleCache,
        start: Registers,
        use_stack: impl FnOnce(Stack<'_>) -> T,
    ) -> T {
        let own = slot.and_then(|slot| self.own.get(slot));
        let (walker, _guard) = match own {
            Some(walker) => (walker, None),
            None => (&self.shared, Some(self.shared_lock.lock())),
        };
        // SAFETY: only the thread that owns the slot uses its walker, and it does not come here
        // again before it returns (`with_tables`). This thread holds the lock of the shared walker.
        let walker = unsafe { &mut *walker.get() };
        let number = THREAD_NUMBER.with(Cell::get);
        if number == 0 || walker.thread != number {
            walker.restart(thread_number());
        }
        walker.update(rules, start);
        let kept = walker.length.min(MAX_FRAMES);
        let innermost = walker.length.wrapping_sub(1);
        use_stack(Stack {
            hash: if walker.length == 0 { 0 } else { walker.frames[innermost].hash },
            returns: &walker.returns[walker.length - kept..walker.length],
            truncated: walker.truncated || kept < walker.length,
        })
    }
}

/// Reads a word of the stack.
#[inline(always)]
fn read(at: u64) -> u64 {
    // SAFETY: callers pass aligned addresses within `StackBounds`, which are readable.
    unsafe { *(at as *const u64) }
}

/// A return address without the bits of its pointer authentication code.
#[inline(always)]
fn without_signature(ret: u64) -> u64 {
    if cfg!(target_arch = "aarch64") { ret & 0xffff_ffff_ffff } else { ret }
}

#[inline(always)]
fn chain(hash: u64, ret: u64) -> u64 {
    (hash.rotate_left(5) ^ ret).wrapping_mul(0x517C_C1B7_2722_0A95)
}

impl Walker {
    #[cold]
    fn restart(&mut self, thread: u64) {
        self.thread = thread;
        self.length = 0;
        self.truncated = false;
        self.bounds = StackBounds::of_thread(stack_end());
    }

    /// Walks from `start`, and reuses the frames of the last walk.
    #[inline(always)]
    fn update(&mut self, rules: &RuleCache, start: Registers) {
        let here = start.stack;
        let end = self.bounds.end(here);
        let mut at = Frame {
            stack: start.stack,
            frame: start.frame,
            ret: without_signature(start.ret),
            ret_at: 0,
            frame_at: 0,
            hash: 0,
        };
        let mut new = 0;
        // The number of outer frames that are reused from the last walk.
        let mut reused = 0;
        let mut candidate = if self.truncated { 0 } else { self.length };
        let mut truncated = true;
        while new < MAX_DEPTH {
            while candidate > 0 && self.frames[candidate - 1].stack < at.stack {
                candidate -= 1;
            }
            if candidate > 0 {
                let known = &self.frames[candidate - 1];
                if known.stack == at.stack && known.ret == at.ret && known.frame == at.frame {
                    if new + candidate <= MAX_DEPTH && self.is_unchanged(candidate) {
                        reused = candidate;
                        truncated = false;
                        break;
                    }
                    // A frame further out has changed.
                    candidate = 0;
                }
            }
            self.new_frames[new] = at;
            new += 1;
            let rule = rules.rule(at.ret, EH_FRAME);
            if !rule.is_step() {
                truncated = !rule.is_end();
                break;
            }
            let base = match rule.base() {
                0 => at.stack,
                _ => at.frame,
            };
            let mut cfa = base.wrapping_add_signed(rule.cfa());
            let is_readable = |address: u64| {
                address & 7 == 0
                    && (address >= here && address < end || self.bounds.is_own(address))
            };
            if rule.base() == 2 {
                if !is_readable(cfa) {
                    break;
                }
                cfa = read(cfa);
            }
            let ret_at = cfa.wrapping_add_signed(rule.ret());
            if cfa < at.stack || !is_readable(ret_at) {
                break;
            }
            let (frame, frame_at) = match rule.saved() {
                0 => (at.frame, 0),
                saved => {
                    let base = if saved == 1 { cfa } else { at.frame };
                    let address = base.wrapping_add_signed(rule.frame());
                    if !is_readable(address) {
                        break;
                    }
                    (read(address), address)
                }
            };
            let ret = without_signature(read(ret_at));
            if ret == 0 {
                truncated = false;
                break;
            }
            at = Frame { stack: cfa, frame, ret, ret_at, frame_at, hash: 0 };
        }
        self.truncated = truncated;
        self.join(reused, new);
    }

    /// Whether the words from which the outermost `length` frames were read are unchanged, so that
    /// a walk from the innermost of them would find the same frames.
    #[inline(always)]
    fn is_unchanged(&self, length: usize) -> bool {
        let mut at = length - 1;
        while at > 0 {
            at -= 1;
            let known = &self.frames[at];
            if without_signature(read(known.ret_at)) != known.ret
                || (known.frame_at != 0 && read(known.frame_at) != known.frame)
            {
                return false;
            }
        }
        true
    }

    /// Appends the new frames to the reused ones.
    #[inline(always)]
    fn join(&mut self, reused: usize, new: usize) {
        let mut hash = if reused == 0 { 0 } else { self.frames[reused - 1].hash };
        let mut to = reused;
        let mut from = new;
        while from > 0 {
            from -= 1;
            let frame = &self.new_frames[from];
            hash = chain(hash, frame.ret);
            self.returns[to] = frame.ret;
            self.frames[to] = Frame { hash, ..*frame };
            to += 1;
        }
        self.length = to;
    }
}

/// The end of a stack whose end is not known.
const UNKNOWN_END: u64 = u64::MAX - 7;

/// The end of the main thread's stack.
static MAIN_END: AtomicU64 = AtomicU64::new(UNKNOWN_END);

/// Looks up what walks need. Call it before recording, because the lookup takes a lock.
pub(in crate::recorder::on) fn prepare() {
    eh_frame::prepare();
    // SAFETY: the name is a C string.
    let symbol = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"__libc_stack_end".as_ptr()) };
    if !symbol.is_null() {
        // SAFETY: the symbol is a pointer variable of glibc's loader.
        MAIN_END.store(unsafe { *symbol.cast::<u64>() }, Relaxed);
    }
}

/// An address at or slightly above the end of the calling thread's stack. It takes no lock, because
/// the recorded call can hold any lock of the C library: `pthread_getattr_np` calls `realloc` while
/// it holds that of its thread.
fn stack_end() -> u64 {
    if rustix::thread::gettid() == rustix::process::getpid() {
        return MAIN_END.load(Relaxed);
    }
    // The descriptor of a thread is at the upper end of the memory of its stack (`allocate_stack`
    // in nptl/allocatestack.c; musl does the same).
    // SAFETY: the function has no preconditions.
    unsafe { libc::pthread_self() as u64 & !7 }
}
