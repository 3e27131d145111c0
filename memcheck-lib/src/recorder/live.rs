//! What lives: for each thing that was acquired while recording and not yet released, its site and
//! its size.
//!
//! Open addressing with linear probing, in shards with a lock each. Removal shifts back what
//! follows, so there are no tombstones and a table that runs for long stays as fast.

use std::cell::UnsafeCell;

use super::SiteKind;
use super::tables::Lock;

const SHARD_BITS: u32 = 6;
const SLOT_BITS: u32 = 15;
const SHARDS: usize = 1 << SHARD_BITS;
const SLOTS: usize = 1 << SLOT_BITS;
/// Places taken in a shard before it takes no more: beyond three quarters probing becomes long.
const FULL: u32 = (SLOTS as u32) / 4 * 3;

/// Things that can live at a time (1.5 million); with more, some shard may be full before.
#[cfg(test)]
pub(super) const CAPACITY: usize = SHARDS * FULL as usize;

/// Bits of a key; the kind stands above.
const KEY_BITS: u32 = 61;
const SITE_BITS: u32 = 17;
const OLDER: u64 = 1 << SITE_BITS;
/// The largest size that fits: 64 TiB, half of what a process can address.
const MOST_BYTES: u64 = (1 << (63 - SITE_BITS)) - 1;

#[repr(C)]
pub(super) struct Live {
    shards: [Shard; SHARDS],
}

#[repr(C)]
struct Shard {
    lock: Lock,
    used: UnsafeCell<u32>,
    slots: UnsafeCell<[Slot; SLOTS]>,
}

/// `key` 0: free.
#[derive(Clone, Copy)]
#[repr(C)]
struct Slot {
    key: u64,
    value: u64,
}

/// What is known of a thing that lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Thing {
    pub(super) site: u32,
    /// The block itself is older than the recording; `bytes` is what it grew by since.
    pub(super) older: bool,
    pub(super) bytes: u64,
}

impl Thing {
    fn pack(self) -> u64 {
        let bytes = self.bytes.min(MOST_BYTES) << (SITE_BITS + 1);
        bytes | if self.older { OLDER } else { 0 } | u64::from(self.site)
    }

    fn unpack(value: u64) -> Thing {
        Thing {
            site: (value & (OLDER - 1)) as u32,
            older: value & OLDER != 0,
            bytes: value >> (SITE_BITS + 1),
        }
    }
}

/// A thing by kind and key.
#[derive(Clone, Copy)]
pub(super) struct Key {
    word: u64,
    hash: u64,
}

impl Key {
    #[inline(always)]
    pub(super) fn new(kind: usize, key: u64) -> Key {
        let word = key & ((1 << KEY_BITS) - 1) | ((kind as u64) + 1) << KEY_BITS;
        let hash = (word ^ word >> 29).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Key { word, hash }
    }
}

// Kind + 1 must fit above the key.
const _: () = assert!(SiteKind::ALL.len() < 1 << (64 - KEY_BITS));

#[inline(always)]
fn home(hash: u64) -> usize {
    (hash >> (64 - SHARD_BITS - SLOT_BITS)) as usize & (SLOTS - 1)
}

impl Live {
    #[inline(always)]
    fn shard(&self, key: Key) -> &Shard {
        &self.shards[(key.hash >> (64 - SHARD_BITS)) as usize]
    }

    /// Puts a thing in; gives back what stood under its key. `Err` when there is no room.
    #[inline]
    pub(super) fn insert(&self, key: Key, thing: Thing) -> Result<Option<Thing>, Full> {
        let shard = self.shard(key);
        let _held = shard.lock.hold();
        let slots = shard.slots.get().cast::<Slot>();
        let mut at = home(key.hash);
        loop {
            // SAFETY: `at` is below SLOTS, and the lock makes this thread the only one in the
            // shard.
            let slot = unsafe { &mut *slots.wrapping_add(at) };
            if slot.key == 0 {
                // SAFETY: as above.
                let used = unsafe { &mut *shard.used.get() };
                if *used >= FULL {
                    return Err(Full);
                }
                *used += 1;
                *slot = Slot { key: key.word, value: thing.pack() };
                return Ok(None);
            }
            if slot.key == key.word {
                let before = Thing::unpack(slot.value);
                slot.value = thing.pack();
                return Ok(Some(before));
            }
            at = (at + 1) & (SLOTS - 1);
        }
    }

    /// Takes a thing out.
    #[inline]
    pub(super) fn remove(&self, key: Key) -> Option<Thing> {
        let shard = self.shard(key);
        let _held = shard.lock.hold();
        let slots = shard.slots.get().cast::<Slot>();
        let mut at = home(key.hash);
        let found = loop {
            // SAFETY: `at` is below SLOTS, and the lock makes this thread the only one in the
            // shard.
            let slot = unsafe { *slots.wrapping_add(at) };
            if slot.key == 0 {
                return None;
            }
            if slot.key == key.word {
                break Thing::unpack(slot.value);
            }
            at = (at + 1) & (SLOTS - 1);
        };
        // What follows and would be found no more moves into the gap.
        let (mut gap, mut next) = (at, (at + 1) & (SLOTS - 1));
        loop {
            // SAFETY: as above.
            let slot = unsafe { *slots.wrapping_add(next) };
            if slot.key == 0 {
                break;
            }
            let wanted = home(Key::rehash(slot.key));
            // Distance from its home to where it is, and to the gap.
            if next.wrapping_sub(wanted) & (SLOTS - 1) >= next.wrapping_sub(gap) & (SLOTS - 1) {
                // SAFETY: as above.
                unsafe { *slots.wrapping_add(gap) = slot };
                gap = next;
            }
            next = (next + 1) & (SLOTS - 1);
        }
        // SAFETY: as above.
        unsafe {
            *slots.wrapping_add(gap) = Slot { key: 0, value: 0 };
            *shard.used.get() -= 1;
        }
        Some(found)
    }
}

impl Key {
    #[inline(always)]
    fn rehash(word: u64) -> u64 {
        (word ^ word >> 29).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}

/// No room for another thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::recorder::memory::Memory;

    fn thing(site: u32, bytes: u64) -> Thing {
        Thing { site, older: false, bytes }
    }

    #[test]
    fn things_come_back_as_they_went_in() {
        for thing in [
            thing(0, 0),
            thing((1 << SITE_BITS) - 1, MOST_BYTES),
            Thing { site: 3, older: true, bytes: 1 << 40 },
        ] {
            assert_eq!(Thing::unpack(thing.pack()), thing);
        }
        assert_eq!(Thing::unpack(thing(1, u64::MAX).pack()).bytes, MOST_BYTES);
    }

    #[test]
    fn it_does_what_a_map_does() {
        let memory = Memory::private().unwrap();
        let live = &memory.tables().live;
        let mut model = HashMap::new();
        let mut state = 1u64;
        let mut random = move || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            state >> 33
        };
        for step in 0..200_000u64 {
            // Few keys, so that releases find something and runs of probing are long.
            let (kind, key) = ((random() % 5) as usize, random() % 3000 * 16);
            if random() % 2 == 0 {
                let thing = thing((step % 1000) as u32, random());
                assert_eq!(
                    live.insert(Key::new(kind, key), thing),
                    Ok(model.insert((kind, key), thing))
                );
            } else {
                assert_eq!(live.remove(Key::new(kind, key)), model.remove(&(kind, key)));
            }
        }
        for ((kind, key), thing) in model {
            assert_eq!(live.remove(Key::new(kind, key)), Some(thing));
        }
    }

    #[test]
    fn a_million_fit_and_a_full_table_says_so() {
        let memory = Memory::private().unwrap();
        let live = &memory.tables().live;
        let mut refused = 0;
        for at in 0..CAPACITY as u64 + 100_000 {
            let result = live.insert(Key::new(0, 0x7f00_0000_0000 + at * 48), thing(1, 48));
            if at < 1_000_000 {
                assert_eq!(result, Ok(None));
            }
            refused += u64::from(result == Err(Full));
        }
        assert!(refused >= 100_000);
        assert_eq!(live.remove(Key::new(0, 0x7f00_0000_0000)), Some(thing(1, 48)));
    }
}
