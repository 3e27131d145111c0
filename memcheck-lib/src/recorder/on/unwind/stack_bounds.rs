//! Which memory a walk may read: the thread's own stack, and the stack of a coroutine or a signal
//! handler, whose end is not known. Wrong unwind tables of hand-written code must not lead a walk
//! to an unmapped address.

/// The step of a search for the end of a stack. It is the smallest page size of Linux; with larger
/// pages the search checks some pages twice.
const PAGE: u64 = 4096;

/// Limit of one search: the default stack size of Linux (`ulimit -s`).
const MAX_SEARCH: u64 = 8 << 20;

/// A range of readable addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
struct ReadableRange {
    low: u64,
    high: u64,
}

impl ReadableRange {
    #[inline(always)]
    fn contains(self, address: u64) -> bool {
        address >= self.low && address < self.high
    }
}

/// The readable parts of the stacks of one thread.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct StackBounds {
    /// The thread's own stack, from the lowest address that was seen to its end.
    own: ReadableRange,
    /// The other stack on which the thread was last seen.
    other: ReadableRange,
}

impl StackBounds {
    /// The bounds for a thread whose own stack ends at `end`.
    pub(super) fn of_thread(end: u64) -> StackBounds {
        StackBounds {
            own: ReadableRange { low: end & !(PAGE - 1), high: end },
            other: ReadableRange { low: 0, high: 0 },
        }
    }

    /// The end of the stack that the stack pointer `here` is on.
    #[inline(always)]
    pub(super) fn end(&mut self, here: u64) -> u64 {
        for known in [self.own, self.other] {
            if known.contains(here) {
                return known.high;
            }
        }
        self.search(here, is_readable)
    }

    /// Whether an address is on the thread's own stack. A walk from a coroutine can lead there: to
    /// the code that resumed it.
    #[inline(always)]
    pub(super) fn is_own(&self, address: u64) -> bool {
        self.own.contains(address)
    }

    /// Searches upwards from `here`, page by page, until a known range or an unreadable page.
    #[cold]
    #[inline(never)]
    fn search(&mut self, here: u64, is_readable: fn(u64) -> bool) -> u64 {
        let low = here & !(PAGE - 1);
        let mut at = low + PAGE;
        loop {
            for known in [&mut self.own, &mut self.other] {
                if at == known.low {
                    known.low = low;
                    return known.high;
                }
            }
            if at - low >= MAX_SEARCH || !is_readable(at) {
                self.other = ReadableRange { low, high: at };
                return at;
            }
            at += PAGE;
        }
    }
}

/// Whether the word at an address can be read. `rt_sigprocmask` (kernel/signal.c) copies the signal
/// set that it is given before it checks how to apply it. So with an invalid `how` it fails with
/// EFAULT if the address cannot be read, and with EINVAL if it can.
fn is_readable(address: u64) -> bool {
    const INVALID_HOW: libc::c_int = -1;
    // SAFETY: errno of this thread is valid at any time, and is restored. The kernel only reads the
    // address and, with an invalid `how`, changes nothing.
    unsafe {
        let errno = libc::__errno_location();
        let before = *errno;
        let no_set: *mut libc::c_void = std::ptr::null_mut();
        libc::syscall(libc::SYS_rt_sigprocmask, INVALID_HOW, address, no_set, size_of::<u64>());
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
    fn an_own_stack_is_searched_once() {
        let mut bounds = StackBounds::of_thread(TOP);
        assert_eq!(bounds.end(TOP - 0x100), TOP);
        let deep = TOP - 5 * PAGE;
        assert_eq!(bounds.search(deep, |_| true), TOP);
        assert!(bounds.own.contains(deep) && bounds.is_own(TOP - 3 * PAGE));
        assert_eq!(bounds.end(deep), TOP);
        // A deeper stack pointer: the search ends at the known range.
        assert_eq!(bounds.search(deep - PAGE, |_| false), TOP);
    }

    #[test]
    fn another_stack_ends_at_the_first_unreadable_page() {
        let mut bounds = StackBounds::of_thread(TOP);
        let guard = |at| at != 0x5000_0000_4000;
        assert_eq!(bounds.search(0x5000_0000_1010, guard), 0x5000_0000_4000);
        assert_eq!(bounds.end(0x5000_0000_3ff8), 0x5000_0000_4000);
        assert!(!bounds.is_own(0x5000_0000_3ff8));
        assert_eq!(bounds.end(TOP - 8), TOP);
    }

    #[test]
    fn a_search_without_an_end_stops_at_its_limit() {
        let mut bounds = StackBounds::of_thread(u64::MAX - 7);
        let here = 0x5000_0000_1010;
        assert_eq!(bounds.search(here, |_| true), here - 0x10 + MAX_SEARCH);
    }

    #[test]
    fn the_kernel_tells_readable_addresses() {
        use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};
        let local = 1u64;
        assert!(is_readable((&raw const local) as u64));
        // SAFETY: a new mapping at an address that the kernel chooses, unmapped once; errno of this
        // thread.
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
