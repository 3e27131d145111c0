//! A cache of unwind rules: how to step from a frame to its caller, packed into one word, by return
//! address.
//!
//! Unwind tables are programs. Running one takes microseconds, in a debug build of this library
//! some tens of them. For compiled code the result nearly always has one of a few forms with two or
//! three numbers, so it is worked out once for each return address.

use std::sync::atomic::{AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};

use super::alternate_stack::AlternateStack;

const SLOTS: usize = 1 << 16;
/// Slots that a lookup probes. If all are in use by other addresses, the rule is not cached.
const PROBES: usize = 32;

/// The register from which the address of a frame (CFA) is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base {
    Stack,
    Frame,
    /// The CFA is stored at an offset from the frame pointer, in functions that realign their
    /// stack.
    FrameIndirect,
}

/// Where the frame pointer of the caller is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Saved {
    /// It is still in its register.
    Same,
    /// It is stored at this offset from the CFA.
    FromCfa(i32),
    /// It is stored at this offset from the frame pointer.
    FromFrame(i32),
}

/// How to step from a frame to its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// The frame is the outermost one.
    End,
    /// The code has no unwind tables, or rules of another form.
    Unknown,
    /// All offsets are in bytes.
    Step { base: Base, cfa: i32, frame: Saved, ret: i32 },
}

const END: u64 = 1;
const UNKNOWN: u64 = 2;
const STEP: u64 = 3;

/// A packed [`Rule`]. Bits 0-1: form; 2-3: base; 4-5: saved; 8-31, 32-47 and 48-63: the offsets of
/// CFA, frame pointer and return address, in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PackedRule(u64);

fn words(bytes: i32, bits: u32) -> Option<u64> {
    let value = bytes / 8;
    let limit = 1 << (bits - 1);
    let fits = bytes % 8 == 0 && value >= -limit && value < limit;
    fits.then_some(value as u64 & ((1 << bits) - 1))
}

impl PackedRule {
    pub(super) fn new(rule: Rule) -> PackedRule {
        let packed = match rule {
            Rule::End => Some(END),
            Rule::Unknown => None,
            Rule::Step { base, cfa, frame, ret } => (|| {
                let base = match base {
                    Base::Stack => 0,
                    Base::Frame => 1,
                    Base::FrameIndirect => 2,
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
        PackedRule(packed.unwrap_or(UNKNOWN))
    }

    #[inline(always)]
    pub(super) fn is_step(self) -> bool {
        self.0 & 3 == STEP
    }

    #[inline(always)]
    pub(super) fn is_end(self) -> bool {
        self.0 == END
    }

    /// The number of the [`Base`] variant.
    #[inline(always)]
    pub(super) fn base(self) -> u64 {
        self.0 >> 2 & 3
    }

    /// The number of the [`Saved`] variant.
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
pub(in crate::recorder::on) struct RuleCache {
    slots: [Slot; SLOTS],
    /// One thread at a time works rules out on this stack. Only that thread writes slots.
    alternate: AlternateStack,
}

#[repr(C)]
struct Slot {
    address: AtomicU64,
    rule: AtomicU64,
}

/// How to work out the rule for a return address.
pub(super) struct RuleSource<T> {
    /// Finds the unwind tables. It can take locks of the loader, under which other threads
    /// allocate.
    pub(super) find_tables: fn(u64) -> T,
    /// Reads the tables, on the alternate stack. It takes no lock.
    pub(super) read_rule: fn((T, u64)) -> Rule,
}

impl RuleCache {
    /// The rule for a return address, from the cache or from `source`.
    #[inline]
    pub(super) fn rule<T>(&self, address: u64, source: RuleSource<T>) -> PackedRule {
        let home = (address.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48) as usize;
        let mut probe = 0;
        while probe < PROBES {
            let slot = &self.slots[(home + probe) & (SLOTS - 1)];
            let found = slot.address.load(Relaxed);
            if found == address {
                let rule = slot.rule.load(Acquire);
                // Check again: the slot can have been cleared and reused between the two loads.
                if rule != 0 && slot.address.load(Relaxed) == address {
                    return PackedRule(rule);
                }
                break;
            }
            if found == 0 {
                break;
            }
            probe += 1;
        }
        self.add(address, home + probe, source)
    }

    #[cold]
    fn add<T>(&self, address: u64, at: usize, source: RuleSource<T>) -> PackedRule {
        let tables = (source.find_tables)(address);
        let entered = self.alternate.enter();
        let rule = entered.run(source.read_rule, (tables, address)).unwrap_or(Rule::Unknown);
        let rule = PackedRule::new(rule);
        let slot = &self.slots[at & (SLOTS - 1)];
        // If another thread has taken the slot, this rule is worked out again at its next use.
        if slot.address.load(Relaxed) == 0 {
            slot.rule.store(rule.0, Release);
            slot.address.store(address, Release);
        }
        rule
    }

    /// Removes all rules, because code was unloaded and other code can have its addresses now. Call
    /// it while no iteration runs. A thread that walks at the same time works its rules out again.
    pub(in crate::recorder::on) fn clear(&self) {
        self.forget(0, u64::MAX);
    }

    /// Removes the rules for code from `start` to `end`, which was unloaded: no thread works out a
    /// rule for it now. Rules that were probed past the removed ones are worked out again.
    pub(in crate::recorder::on) fn forget(&self, start: u64, end: u64) {
        let _entered = self.alternate.enter();
        for slot in &self.slots {
            // The range contains the call, whose return address can be one past the range.
            if (start..end).contains(&slot.address.load(Relaxed).wrapping_sub(1)) {
                slot.rule.store(0, Relaxed);
                slot.address.store(0, Release);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::on::test_memory::zeroed;

    fn step(words: i32) -> Rule {
        Rule::Step { base: Base::Stack, cfa: words * 8, frame: Saved::Same, ret: -8 }
    }

    fn step_of(((), address): ((), u64)) -> Rule {
        step(address as i32)
    }

    /// One thread works out a rule while another clears the cache and takes the slot. Both
    /// addresses must get their own rules.
    #[test]
    fn clearing_while_a_rule_is_worked_out_mixes_no_rules() {
        static WORKING: AtomicU64 = AtomicU64::new(0);
        fn slowly(of: ((), u64)) -> Rule {
            WORKING.store(1, Release);
            while WORKING.load(Acquire) == 1 {
                std::thread::yield_now();
            }
            step_of(of)
        }
        let cache = zeroed::<RuleCache>();
        let cfa = |address, read_rule| {
            cache.rule(address, RuleSource { find_tables: |_| (), read_rule }).cfa()
        };
        let home = |address: u64| address.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48;
        let second = (2..).find(|&address| home(address) == home(1)).unwrap();
        std::thread::scope(|scope| {
            let first = scope.spawn(|| cfa(1, slowly));
            while WORKING.load(Acquire) == 0 {
                std::thread::yield_now();
            }
            let other = scope.spawn(|| {
                cache.clear();
                cfa(second, step_of)
            });
            WORKING.store(2, Release);
            assert_eq!(first.join().unwrap(), 8);
            assert_eq!(other.join().unwrap(), second as i64 * 8);
        });
        assert_eq!((cfa(1, step_of), cfa(second, step_of)), (8, second as i64 * 8));
    }

    #[test]
    fn packing_keeps_a_rule() {
        for (base, number) in [(Base::Stack, 0), (Base::Frame, 1), (Base::FrameIndirect, 2)] {
            for (frame, saved, at) in
                [(Saved::Same, 0, 0), (Saved::FromCfa(-16), 1, -16), (Saved::FromFrame(0), 2, 0)]
            {
                for cfa in [16, 8, -8, 1 << 20, (1 << 26) - 8] {
                    let packed = PackedRule::new(Rule::Step { base, cfa, frame, ret: -8 });
                    assert!(packed.is_step() && !packed.is_end());
                    assert_eq!((packed.base(), packed.saved()), (number, saved));
                    assert_eq!(packed.cfa(), i64::from(cfa));
                    assert_eq!((packed.frame(), packed.ret()), (at, -8));
                }
            }
        }
    }

    #[test]
    fn a_rule_that_does_not_fit_is_unknown() {
        let too_far = Rule::Step { base: Base::Stack, cfa: 1 << 26, frame: Saved::Same, ret: -8 };
        let odd = Rule::Step { base: Base::Stack, cfa: 12, frame: Saved::Same, ret: -8 };
        for rule in [too_far, odd, Rule::Unknown] {
            assert!(!PackedRule::new(rule).is_step() && !PackedRule::new(rule).is_end());
        }
        assert!(PackedRule::new(Rule::End).is_end());
    }
}
