//! How far the stacks that a thread runs on can be read: its own, and those of coroutines and
//! signal handlers, of which nothing says where they end. Unwind tables that hand-written code got
//! wrong must not lead a walk into memory that is not there.

/// The step in which memory is looked at. Where pages are larger, it is looked at more often.
const PAGE: u64 = 4096;

/// What is looked at in one go.
const MOST: u64 = 8 << 20;

/// Addresses that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
struct Reach {
    low: u64,
    high: u64,
}

impl Reach {
    #[inline(always)]
    fn holds(self, address: u64) -> bool {
        address >= self.low && address < self.high
    }
}

/// The stacks of one thread.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct Stacks {
    /// The thread's own, up to its end; downwards as far as it was seen.
    own: Reach,
    /// The other on which it was last seen.
    other: Reach,
}

impl Stacks {
    /// Those of a thread whose own stack ends at `end`.
    pub(super) fn of_thread(end: u64) -> Stacks {
        Stacks {
            own: Reach { low: end & !(PAGE - 1), high: end },
            other: Reach { low: 0, high: 0 },
        }
    }

    /// Where the stack ends that `here`, a stack pointer, is on.
    #[inline(always)]
    pub(super) fn end(&mut self, here: u64) -> u64 {
        for known in [self.own, self.other] {
            if known.holds(here) {
                return known.high;
            }
        }
        self.look(here, is_readable)
    }

    /// Whether an address is on the thread's own stack: the unwind tables of a coroutine may lead
    /// there, to who resumed it.
    #[inline(always)]
    pub(super) fn is_own(&self, address: u64) -> bool {
        self.own.holds(address)
    }

    /// Looks upwards from `here` page by page, until what is known already or cannot be read.
    #[cold]
    #[inline(never)]
    fn look(&mut self, here: u64, is_readable: fn(u64) -> bool) -> u64 {
        let low = here & !(PAGE - 1);
        let mut at = low + PAGE;
        loop {
            for known in [&mut self.own, &mut self.other] {
                if at == known.low {
                    known.low = low;
                    return known.high;
                }
            }
            if at - low >= MOST || !is_readable(at) {
                self.other = Reach { low, high: at };
                return at;
            }
            at += PAGE;
        }
    }
}

/// Whether the word at an address can be read. The kernel copies the set of signals that it is
/// given before it sees that there is no such way to change a mask (`rt_sigprocmask`,
/// kernel/signal.c): EFAULT where it cannot.
fn is_readable(address: u64) -> bool {
    const NO_SUCH_WAY: libc::c_int = -1;
    // SAFETY: the thread's own errno, at any time; it is left as it was. The kernel only reads, and
    // changes nothing for such a call.
    unsafe {
        let errno = libc::__errno_location();
        let before = *errno;
        let no_set: *mut libc::c_void = std::ptr::null_mut();
        libc::syscall(libc::SYS_rt_sigprocmask, NO_SUCH_WAY, address, no_set, size_of::<u64>());
        let readable = *errno != libc::EFAULT;
        *errno = before;
        readable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOP: u64 = 0x7000_0000_0e80;

    #[test]
    fn an_own_stack_is_looked_at_once() {
        let mut stacks = Stacks::of_thread(TOP);
        assert_eq!(stacks.end(TOP - 0x100), TOP);
        let deep = TOP - 5 * PAGE;
        assert_eq!(stacks.look(deep, |_| true), TOP);
        assert!(stacks.own.holds(deep) && stacks.is_own(TOP - 3 * PAGE));
        assert_eq!(stacks.end(deep), TOP);
        // Deeper still: up to what is known.
        assert_eq!(stacks.look(deep - PAGE, |_| false), TOP);
    }

    #[test]
    fn another_stack_ends_where_nothing_can_be_read() {
        let mut stacks = Stacks::of_thread(TOP);
        let guard = |at| at != 0x5000_0000_4000;
        assert_eq!(stacks.look(0x5000_0000_1010, guard), 0x5000_0000_4000);
        assert_eq!(stacks.end(0x5000_0000_3ff8), 0x5000_0000_4000);
        assert!(!stacks.is_own(0x5000_0000_3ff8));
        assert_eq!(stacks.end(TOP - 8), TOP);
    }

    #[test]
    fn a_stack_without_an_end_is_looked_at_so_far() {
        let mut stacks = Stacks::of_thread(u64::MAX - 7);
        let here = 0x5000_0000_1010;
        assert_eq!(stacks.look(here, |_| true), here - 0x10 + MOST);
    }

    #[test]
    fn the_kernel_says_what_can_be_read() {
        use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};
        let local = 1u64;
        assert!(is_readable((&raw const local) as u64));
        // SAFETY: a new mapping at an address of the kernel's choice, unmapped once.
        unsafe {
            let (flags, none) = (MapFlags::PRIVATE, ProtFlags::empty());
            let guard = mmap_anonymous(std::ptr::null_mut(), 4096, none, flags).unwrap();
            *libc::__errno_location() = libc::EXDEV;
            assert!(!is_readable(guard as u64));
            assert_eq!(*libc::__errno_location(), libc::EXDEV);
            munmap(guard, 4096).unwrap();
        }
        assert!(!is_readable(8));
    }
}
