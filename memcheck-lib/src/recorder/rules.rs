//! How to step from a frame to its caller, in one word, remembered by return address.
//!
//! Unwind tables are programs; running one takes microseconds (in a debug build of this library
//! some tens). What comes out for compiled code is nearly always one of a few forms with two or
//! three numbers, so it is worked out once for each return address.

use std::sync::atomic::{AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};

use super::room::Room;

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
    /// Where rules are worked out, by one thread at a time: it alone writes places.
    room: Room,
}

#[repr(C)]
struct Place {
    address: AtomicU64,
    rule: AtomicU64,
}

/// How the rule for a return address is found.
pub(super) struct Find<T> {
    /// Finds the tables; may take locks of the loader's, under which others allocate.
    pub(super) tables: fn(u64) -> T,
    /// Reads them, in the room of the recorder: takes no lock.
    pub(super) rule: fn((T, u64)) -> Rule,
}

impl Rules {
    /// The rule for a return address, remembered or worked out by `find`.
    #[inline]
    pub(super) fn of<T>(&self, address: u64, find: Find<T>) -> Packed {
        let home = (address.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48) as usize;
        let mut probe = 0;
        while probe < PROBES {
            let place = &self.places[(home + probe) & (PLACES - 1)];
            let there = place.address.load(Relaxed);
            if there == address {
                let rule = place.rule.load(Acquire);
                // Unless it was forgotten meanwhile, and the rule is of another address.
                if rule != 0 && place.address.load(Relaxed) == address {
                    return Packed(rule);
                }
                break;
            }
            if there == 0 {
                break;
            }
            probe += 1;
        }
        self.add(address, home + probe, find)
    }

    #[cold]
    fn add<T>(&self, address: u64, at: usize, find: Find<T>) -> Packed {
        let tables = (find.tables)(address);
        let room = self.room.enter();
        let rule = room.run(find.rule, (tables, address)).unwrap_or(Rule::Unknown);
        let rule = Packed::new(rule);
        let place = &self.places[at & (PLACES - 1)];
        // Where another thread was faster there is always a next time.
        if place.address.load(Relaxed) == 0 {
            place.rule.store(rule.0, Release);
            place.address.store(address, Release);
        }
        rule
    }

    /// Forgets all: code was unloaded, and other code may stand there now. To be called while no
    /// iteration runs; a thread that walks at the same time works out a rule anew.
    pub(super) fn clear(&self) {
        self.forget(0, u64::MAX);
    }

    /// Forgets those of addresses from `start` to `end`: their code was unloaded, so no thread works
    /// one out. What stands behind them on the way from its home is worked out anew.
    pub(super) fn forget(&self, start: u64, end: u64) {
        let _room = self.room.enter();
        for place in &self.places {
            // The call is in the range; it may return to just behind it.
            if (start..end).contains(&place.address.load(Relaxed).wrapping_sub(1)) {
                place.rule.store(0, Relaxed);
                place.address.store(0, Release);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn room(&self) -> &Room {
        &self.room
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::memory::Memory;

    fn steps(words: i32) -> Rule {
        Rule::Step { base: Base::Stack, cfa: words * 8, frame: Saved::Same, ret: -8 }
    }

    fn steps_of(((), address): ((), u64)) -> Rule {
        steps(address as i32)
    }

    /// Each address has its own rule, also where it gets the place of one that another thread is
    /// just working out while all are forgotten.
    #[test]
    fn a_rule_that_is_forgotten_meanwhile_is_nobody_elses() {
        static WORKING: AtomicU64 = AtomicU64::new(0);
        fn slowly(of: ((), u64)) -> Rule {
            WORKING.store(1, Release);
            while WORKING.load(Acquire) == 1 {
                std::thread::yield_now();
            }
            steps_of(of)
        }
        let memory = Memory::private().unwrap();
        let rules = &memory.tables().rules;
        let of = |address, rule| rules.of(address, Find { tables: |_| (), rule }).cfa();
        let home = |address: u64| address.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48;
        let second = (2..).find(|&address| home(address) == home(1)).unwrap();
        std::thread::scope(|scope| {
            let first = scope.spawn(|| of(1, slowly));
            while WORKING.load(Acquire) == 0 {
                std::thread::yield_now();
            }
            let other = scope.spawn(|| {
                rules.clear();
                of(second, steps_of)
            });
            WORKING.store(2, Release);
            assert_eq!(first.join().unwrap(), 8);
            assert_eq!(other.join().unwrap(), second as i64 * 8);
        });
        assert_eq!((of(1, steps_of), of(second, steps_of)), (8, second as i64 * 8));
    }

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
