//! What is mapped where: a call that unmaps or maps over may mean a part of a mapping, or several.

use std::cell::UnsafeCell;
use std::ops::Deref;

use super::tables::Lock;

/// Mappings that are kept; by default the kernel allows a process one less (vm.max_map_count).
const MOST: usize = 1 << 16;

/// Addresses from `start` up to `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(super) struct Range {
    pub(super) start: u64,
    pub(super) end: u64,
}

impl Range {
    pub(super) fn length(self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// What of it lies outside of `cut`: before and behind.
    pub(super) fn without(self, cut: Range) -> [Option<Range>; 2] {
        let before = Range { end: cut.start.min(self.end), ..self };
        let behind = Range { start: cut.end.max(self.start), ..self };
        [before, behind].map(|of| Some(of).filter(|of| of.start < of.end))
    }
}

/// All that is known to be mapped.
#[repr(C)]
pub(super) struct Ranges {
    lock: Lock,
    used: UnsafeCell<u32>,
    ranges: UnsafeCell<[Range; MOST]>,
}

impl Ranges {
    /// Runs `call` while no other thread changes them.
    pub(super) fn hold<T>(&self, call: impl FnOnce(&mut Sorted<'_>) -> T) -> T {
        let _held = self.lock.hold();
        // SAFETY: the lock makes this thread the only one that uses them.
        let (used, ranges) = unsafe { (&mut *self.used.get(), &mut *self.ranges.get()) };
        call(&mut Sorted { used, ranges })
    }
}

/// Ranges in the order of addresses, none over another.
pub(super) struct Sorted<'a> {
    used: &'a mut u32,
    ranges: &'a mut [Range],
}

impl Deref for Sorted<'_> {
    type Target = [Range];

    fn deref(&self) -> &[Range] {
        &self.ranges[..*self.used as usize]
    }
}

impl Sorted<'_> {
    /// The first one that has a part of `of`.
    pub(super) fn first_over(&self, of: Range) -> Option<Range> {
        let at = self.partition_point(|range| range.end <= of.start);
        self.get(at).copied().filter(|range| range.start < of.end)
    }

    /// Puts one in; nothing else may be there. `false` when there is no room.
    pub(super) fn insert(&mut self, new: Range) -> bool {
        let used = *self.used as usize;
        if used >= self.ranges.len() || new.start >= new.end {
            return false;
        }
        let at = self.partition_point(|range| range.start < new.start);
        self.ranges.copy_within(at..used, at + 1);
        self.ranges[at] = new;
        *self.used += 1;
        true
    }

    /// Takes out the one that begins at `start`.
    pub(super) fn remove(&mut self, start: u64) {
        if let Ok(at) = self.binary_search_by_key(&start, |range| range.start) {
            let used = *self.used as usize;
            self.ranges.copy_within(at + 1..used, at);
            *self.used -= 1;
        }
    }
}

/// The ranges in the text of `/proc/PID/maps`, which comes in pieces.
#[derive(Debug, Default)]
pub(super) struct Maps {
    numbers: [u64; 2],
    field: usize,
}

impl Maps {
    /// Reads on; `each` is told every range.
    pub(super) fn read(&mut self, text: &[u8], mut each: impl FnMut(Range)) {
        for &byte in text {
            match (self.field, byte) {
                (_, b'\n') => *self = Maps::default(),
                (0, b'-') => self.field = 1,
                (1, b' ') => {
                    self.field = 2;
                    each(Range { start: self.numbers[0], end: self.numbers[1] });
                }
                (field @ (0 | 1), digit) => {
                    let digit = char::from(digit).to_digit(16).unwrap_or(0);
                    self.numbers[field] = self.numbers[field] << 4 | u64::from(digit);
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: u64, end: u64) -> Range {
        Range { start, end }
    }

    #[test]
    fn a_cut_leaves_what_is_before_and_behind() {
        let of = range(10, 20);
        for (cut, left) in [
            (range(0, 30), [None, None]),
            (range(10, 20), [None, None]),
            (range(10, 12), [None, Some(range(12, 20))]),
            (range(15, 25), [Some(range(10, 15)), None]),
            (range(12, 13), [Some(range(10, 12)), Some(range(13, 20))]),
        ] {
            assert_eq!(of.without(cut), left, "{cut:?}");
        }
    }

    #[test]
    fn they_stay_in_order() {
        let mut used = 0;
        let mut room = [range(0, 0); 4];
        let mut sorted = Sorted { used: &mut used, ranges: &mut room };
        for start in [50, 10, 30, 40] {
            assert!(sorted.insert(range(start, start + 5)));
        }
        assert!(!sorted.insert(range(60, 65)), "there is no room for a fifth");
        assert_eq!(sorted.iter().map(|of| of.start).collect::<Vec<_>>(), [10, 30, 40, 50]);
        sorted.remove(30);
        sorted.remove(31);
        assert_eq!(sorted.iter().map(|of| of.start).collect::<Vec<_>>(), [10, 40, 50]);
        for (of, found) in [
            (range(0, 10), None),
            (range(0, 11), Some(10)),
            (range(14, 60), Some(10)),
            (range(15, 40), None),
            (range(44, 45), Some(40)),
            (range(55, 99), None),
        ] {
            assert_eq!(sorted.first_over(of).map(|of| of.start), found, "{of:?}");
        }
        assert!(!sorted.insert(range(20, 20)), "nothing is mapped there");
    }

    #[test]
    fn maps_are_read_in_pieces() {
        let text = b"55d0c0000000-55d0c0010000 r--p 00000000 08:01 11 /a-b c\n\
            7fff00-7fffff rw-p 00000000 00:00 0\n";
        for piece in [1, 7, 100] {
            let (mut maps, mut found) = (Maps::default(), Vec::new());
            for part in text.chunks(piece) {
                maps.read(part, |of| found.push(of));
            }
            assert_eq!(
                found,
                [range(0x55d0_c000_0000, 0x55d0_c001_0000), range(0x7f_ff00, 0x7f_ffff)]
            );
        }
    }
}
