//! How to step from a frame to its caller, in one word, remembered by return address.
//!
//! Unwind tables are programs; running one takes microseconds (in a debug build of this library
//! some tens). What comes out for compiled code is nearly always one of a few forms with two or
//! three numbers, so it is worked out once for each return address.

use std::sync::atomic::{AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};

const PLACES: usize = 1 << 16;
/// Places looked at before a rule is worked out again each time.
const PROBES: usize = 32;

/// From which register the frame's address (CFA) is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base {
    Stack,
    Frame,
    /// The value at this offset from the frame pointer: functions that realign their stack.
    BehindFrame,
}

/// Where the caller's frame pointer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Saved {
    /// Still in its register.
    Same,
    /// At this offset from the CFA.
    FromCfa(i32),
    /// At this offset from the frame pointer.
    FromFrame(i32),
}

/// How to step from a frame to its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// This is the outermost frame.
    End,
    /// Not known how: code without unwind tables, or with rules beyond these.
    Unknown,
    /// Offsets in bytes.
    Step { base: Base, cfa: i32, frame: Saved, ret: i32 },
}

const END: u64 = 1;
const UNKNOWN: u64 = 2;
const STEP: u64 = 3;

/// A packed [`Rule`]; offsets are in words, of 24, 16 and 16 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packed(u64);

fn words(bytes: i32, bits: u32) -> Option<u64> {
    let value = bytes / 8;
    let limit = 1 << (bits - 1);
    let fits = bytes % 8 == 0 && value >= -limit && value < limit;
    fits.then_some(value as u64 & ((1 << bits) - 1))
}

impl Packed {
    pub(super) fn new(rule: Rule) -> Packed {
        let packed = match rule {
            Rule::End => Some(END),
            Rule::Unknown => None,
            Rule::Step { base, cfa, frame, ret } => (|| {
                let base = match base {
                    Base::Stack => 0,
                    Base::Frame => 1,
                    Base::BehindFrame => 2,
                };
                let (saved, offset) = match frame {
                    Saved::Same => (0, 0),
                    Saved::FromCfa(offset) => (1, offset),
                    Saved::FromFrame(offset) => (2, offset),
                };
                let offsets = words(cfa, 24)? << 8 | words(offset, 16)? << 32;
                Some(STEP | base << 2 | saved << 4 | offsets | words(ret, 16)? << 48)
            })(),
        };
        Packed(packed.unwrap_or(UNKNOWN))
    }

    #[inline(always)]
    pub(super) fn is_step(self) -> bool {
        self.0 & 3 == STEP
    }

    #[inline(always)]
    pub(super) fn is_end(self) -> bool {
        self.0 == END
    }

    /// 0, 1, 2: as in [`Base`].
    #[inline(always)]
    pub(super) fn base(self) -> u64 {
        self.0 >> 2 & 3
    }

    /// 0, 1, 2: as in [`Saved`].
    #[inline(always)]
    pub(super) fn saved(self) -> u64 {
        self.0 >> 4 & 3
    }

    #[inline(always)]
    pub(super) fn cfa(self) -> i64 {
        ((self.0 << 32) as i64 >> 40) << 3
    }

    #[inline(always)]
    pub(super) fn frame(self) -> i64 {
        ((self.0 << 16) as i64 >> 48) << 3
    }

    #[inline(always)]
    pub(super) fn ret(self) -> i64 {
        (self.0 as i64 >> 48) << 3
    }
}

#[repr(C)]
pub(super) struct Rules {
    places: [Place; PLACES],
}

#[repr(C)]
struct Place {
    address: AtomicU64,
    /// 0 while it is being worked out.
    rule: AtomicU64,
}

impl Rules {
    /// The rule for a return address, remembered or worked out by `find`.
    #[inline]
    pub(super) fn of(&self, address: u64, find: fn(u64) -> Rule) -> Packed {
        let home = (address.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48) as usize;
        let mut probe = 0;
        while probe < PROBES {
            let place = &self.places[(home + probe) & (PLACES - 1)];
            let there = place.address.load(Relaxed);
            if there == address {
                let rule = place.rule.load(Acquire);
                return if rule != 0 { Packed(rule) } else { Packed::new(find(address)) };
            }
            if there == 0 {
                break;
            }
            probe += 1;
        }
        self.add(address, home + probe, find)
    }

    #[cold]
    fn add(&self, address: u64, at: usize, find: fn(u64) -> Rule) -> Packed {
        let rule = Packed::new(find(address));
        let place = &self.places[at & (PLACES - 1)];
        // Where another thread was faster there is always a next time.
        if place.address.compare_exchange(0, address, Relaxed, Relaxed).is_ok() {
            place.rule.store(rule.0, Release);
        }
        rule
    }

    /// Forgets all: code was unloaded, and other code may stand there now. To be called while no
    /// iteration runs; a thread that walks at the same time works out a rule anew.
    pub(super) fn clear(&self) {
        for place in &self.places {
            if place.address.load(Relaxed) != 0 {
                place.rule.store(0, Relaxed);
                place.address.store(0, Release);
            }
        }
    }

    /// Forgets those of addresses from `start` to `end`: their code was unloaded, so no thread works
    /// one out. What stands behind them on the way from its home is worked out anew.
    #[cfg(all(memcheck_calls, not(miri)))]
    pub(super) fn forget(&self, start: u64, end: u64) {
        for place in &self.places {
            // The call is in the range; it may return to just behind it.
            if (start..end).contains(&place.address.load(Relaxed).wrapping_sub(1)) {
                place.rule.store(0, Relaxed);
                place.address.store(0, Release);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_come_back_from_one_word() {
        for (base, number) in [(Base::Stack, 0), (Base::Frame, 1), (Base::BehindFrame, 2)] {
            for (frame, saved, at) in
                [(Saved::Same, 0, 0), (Saved::FromCfa(-16), 1, -16), (Saved::FromFrame(0), 2, 0)]
            {
                for cfa in [16, 8, -8, 1 << 20, (1 << 26) - 8] {
                    let packed = Packed::new(Rule::Step { base, cfa, frame, ret: -8 });
                    assert!(packed.is_step() && !packed.is_end());
                    assert_eq!((packed.base(), packed.saved()), (number, saved));
                    assert_eq!(packed.cfa(), i64::from(cfa));
                    assert_eq!((packed.frame(), packed.ret()), (at, -8));
                }
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_unknown() {
        let too_far = Rule::Step { base: Base::Stack, cfa: 1 << 26, frame: Saved::Same, ret: -8 };
        let odd = Rule::Step { base: Base::Stack, cfa: 12, frame: Saved::Same, ret: -8 };
        for rule in [too_far, odd, Rule::Unknown] {
            assert!(!Packed::new(rule).is_step() && !Packed::new(rule).is_end());
        }
        assert!(Packed::new(Rule::End).is_end());
    }
}
