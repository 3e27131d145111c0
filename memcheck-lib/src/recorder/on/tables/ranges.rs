//! The address ranges that are mapped. One call can unmap or replace a part of a mapping, or
//! several mappings at once.

use std::cell::UnsafeCell;
use std::ops::Deref;

use crate::recorder::on::lock::Lock;

/// Limit of known mappings. The kernel's default limit, `vm.max_map_count`, is 65,530.
const MAX_RANGES: usize = 1 << 16;

/// Addresses from `start` up to `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(in crate::recorder::on) struct AddressRange {
    pub(in crate::recorder::on) start: u64,
    pub(in crate::recorder::on) end: u64,
}

impl AddressRange {
    pub(in crate::recorder::on) fn length(self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// The parts before and behind `cut`.
    pub(in crate::recorder::on) fn without(self, cut: AddressRange) -> [Option<AddressRange>; 2] {
        let before = AddressRange { end: cut.start.min(self.end), ..self };
        let behind = AddressRange { start: cut.end.max(self.start), ..self };
        [before, behind].map(|of| Some(of).filter(|of| of.start < of.end))
    }
}

/// All known mappings.
#[repr(C)]
pub(in crate::recorder::on) struct RangeTable {
    lock: Lock,
    used: UnsafeCell<u32>,
    ranges: UnsafeCell<[AddressRange; MAX_RANGES]>,
}

impl RangeTable {
    /// Runs `call` while no other thread changes the ranges.
    pub(in crate::recorder::on) fn with<T>(
        &self,
        call: impl FnOnce(&mut SortedRanges<'_>) -> T,
    ) -> T {
        let _guard = self.lock.lock();
        // SAFETY: while this thread holds the lock, no other thread uses the ranges.
        let (used, ranges) = unsafe { (&mut *self.used.get(), &mut *self.ranges.get()) };
        call(&mut SortedRanges { used, ranges })
    }
}

/// Ranges in the order of their addresses, without overlaps.
pub(in crate::recorder::on) struct SortedRanges<'a> {
    used: &'a mut u32,
    ranges: &'a mut [AddressRange],
}

impl Deref for SortedRanges<'_> {
    type Target = [AddressRange];

    fn deref(&self) -> &[AddressRange] {
        &self.ranges[..*self.used as usize]
    }
}

impl SortedRanges<'_> {
    /// The first range that overlaps `of`.
    pub(in crate::recorder::on) fn first_overlap(&self, of: AddressRange) -> Option<AddressRange> {
        let at = self.partition_point(|range| range.end <= of.start);
        self.get(at).copied().filter(|range| range.start < of.end)
    }

    /// Inserts a range that overlaps no other. Returns `false` if the table is full or the range is
    /// empty.
    pub(in crate::recorder::on) fn insert(&mut self, new: AddressRange) -> bool {
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

    /// Removes the range that begins at `start`.
    pub(in crate::recorder::on) fn remove(&mut self, start: u64) {
        if let Ok(at) = self.binary_search_by_key(&start, |range| range.start) {
            let used = *self.used as usize;
            self.ranges.copy_within(at + 1..used, at);
            *self.used -= 1;
        }
    }
}

/// Reads the address ranges of `/proc/PID/maps` from pieces of its text, without allocating.
#[derive(Debug, Default)]
pub(in crate::recorder::on) struct MapsReader {
    numbers: [u64; 2],
    field: usize,
}

impl MapsReader {
    /// Reads the next piece and calls `each` with every range in it.
    pub(in crate::recorder::on) fn read(
        &mut self,
        text: &[u8],
        mut each: impl FnMut(AddressRange),
    ) {
        for &byte in text {
            match (self.field, byte) {
                (_, b'\n') => *self = MapsReader::default(),
                (0, b'-') => self.field = 1,
                (1, b' ') => {
                    self.field = 2;
                    each(AddressRange { start: self.numbers[0], end: self.numbers[1] });
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

    fn range(start: u64, end: u64) -> AddressRange {
        AddressRange { start, end }
    }

    #[test]
    fn a_cut_leaves_the_parts_before_and_behind() {
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
    fn ranges_stay_sorted() {
        let mut used = 0;
        let mut slots = [range(0, 0); 4];
        let mut sorted = SortedRanges { used: &mut used, ranges: &mut slots };
        for start in [50, 10, 30, 40] {
            assert!(sorted.insert(range(start, start + 5)));
        }
        assert!(!sorted.insert(range(60, 65)), "the table has 4 slots");
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
            assert_eq!(sorted.first_overlap(of).map(|of| of.start), found, "{of:?}");
        }
        assert!(!sorted.insert(range(20, 20)), "the range is empty");
    }

    #[test]
    fn maps_are_read_in_pieces() {
        let text = b"55d0c0000000-55d0c0010000 r--p 00000000 08:01 11 /a-b c\n\
            7fff00-7fffff rw-p 00000000 00:00 0\n";
        for piece in [1, 7, 100] {
            let (mut maps, mut found) = (MapsReader::default(), Vec::new());
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
