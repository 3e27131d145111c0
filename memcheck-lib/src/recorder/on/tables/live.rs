//! The live resources: the site and size of each resource that was acquired while recording and is
//! not yet released.
//!
//! A hash table with open addressing and linear probing, in shards with a lock each. Removal shifts
//! the following entries back, so there are no tombstones and the table does not slow down over
//! time.

use std::cell::UnsafeCell;

use crate::metric::SiteKind;
use crate::recorder::on::lock::Lock;

const SHARD_BITS: u32 = 6;
const SLOT_BITS: u32 = 15;
const SHARDS: usize = 1 << SHARD_BITS;
const SLOTS: usize = 1 << SLOT_BITS;
/// Limit of entries in a shard: above a load of three quarters probing becomes slow.
const MAX_LOAD: u32 = (SLOTS as u32) / 4 * 3;

/// Limit of live resources (1.5 million). A shard can be full before this number is reached.
#[cfg(test)]
const CAPACITY: usize = SHARDS * MAX_LOAD as usize;

/// Bits of a key in its word; the kind is in the bits above.
const KEY_BITS: u32 = 61;
const SITE_BITS: u32 = 17;
const OLDER: u64 = 1 << SITE_BITS;
/// The largest size that fits: 64 TiB, half of a 47-bit address space.
const MAX_BYTES: u64 = (1 << (63 - SITE_BITS)) - 1;

#[repr(C)]
pub(in crate::recorder::on) struct LiveTable {
    shards: [Shard; SHARDS],
}

#[repr(C)]
struct Shard {
    lock: Lock,
    used: UnsafeCell<u32>,
    slots: UnsafeCell<[Slot; SLOTS]>,
}

/// An entry; it is free if `key` is 0.
#[derive(Clone, Copy)]
#[repr(C)]
struct Slot {
    key: u64,
    value: u64,
}

/// A live resource: a heap block, a mapping, a thread, a descriptor or a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::recorder::on) struct Resource {
    pub(in crate::recorder::on) site: u32,
    /// The resource is older than the recording; `bytes` is its growth since.
    pub(in crate::recorder::on) older: bool,
    pub(in crate::recorder::on) bytes: u64,
}

impl Resource {
    /// Its number of blocks at its site: 0 if it is older than the recording, else 1.
    #[inline(always)]
    pub(in crate::recorder::on) fn blocks(self) -> i64 {
        i64::from(!self.older)
    }

    fn pack(self) -> u64 {
        let bytes = self.bytes.min(MAX_BYTES) << (SITE_BITS + 1);
        bytes | if self.older { OLDER } else { 0 } | u64::from(self.site)
    }

    fn unpack(value: u64) -> Resource {
        Resource {
            site: (value & (OLDER - 1)) as u32,
            older: value & OLDER != 0,
            bytes: value >> (SITE_BITS + 1),
        }
    }
}

/// The kind of a resource and its address or number, with their hash.
#[derive(Clone, Copy)]
pub(in crate::recorder::on) struct Key {
    word: u64,
    hash: u64,
}

impl Key {
    #[inline(always)]
    pub(in crate::recorder::on) fn new(kind: usize, key: u64) -> Key {
        let word = key & ((1 << KEY_BITS) - 1) | ((kind as u64) + 1) << KEY_BITS;
        let hash = (word ^ word >> 29).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Key { word, hash }
    }
}

// The kind + 1 must fit above the key.
const _: () = assert!(SiteKind::ALL.len() < 1 << (64 - KEY_BITS));

#[inline(always)]
fn home(hash: u64) -> usize {
    (hash >> (64 - SHARD_BITS - SLOT_BITS)) as usize & (SLOTS - 1)
}

impl LiveTable {
    #[inline(always)]
    fn shard(&self, key: Key) -> &Shard {
        &self.shards[(key.hash >> (64 - SHARD_BITS)) as usize]
    }

    /// Inserts a resource and returns the previous one with its key. Fails if its shard is full.
    #[inline]
    pub(in crate::recorder::on) fn insert(
        &self,
        key: Key,
        resource: Resource,
    ) -> Result<Option<Resource>, Full> {
        let shard = self.shard(key);
        let _guard = shard.lock.lock();
        let slots = shard.slots.get().cast::<Slot>();
        let mut at = home(key.hash);
        loop {
            // SAFETY: `at` is below SLOTS, and no other thread uses the shard while this thread
            // holds its lock.
            let slot = unsafe { &mut *slots.wrapping_add(at) };
            if slot.key == 0 {
                // SAFETY: as above.
                let used = unsafe { &mut *shard.used.get() };
                if *used >= MAX_LOAD {
                    return Err(Full);
                }
                *used += 1;
                *slot = Slot { key: key.word, value: resource.pack() };
                return Ok(None);
            }
            if slot.key == key.word {
                let before = Resource::unpack(slot.value);
                slot.value = resource.pack();
                return Ok(Some(before));
            }
            at = (at + 1) & (SLOTS - 1);
        }
    }

    /// Removes a resource.
    #[inline]
    pub(in crate::recorder::on) fn remove(&self, key: Key) -> Option<Resource> {
        let shard = self.shard(key);
        let _guard = shard.lock.lock();
        let slots = shard.slots.get().cast::<Slot>();
        let mut at = home(key.hash);
        let found = loop {
            // SAFETY: `at` is below SLOTS, and no other thread uses the shard while this thread
            // holds its lock.
            let slot = unsafe { *slots.wrapping_add(at) };
            if slot.key == 0 {
                return None;
            }
            if slot.key == key.word {
                break Resource::unpack(slot.value);
            }
            at = (at + 1) & (SLOTS - 1);
        };
        // An entry behind the gap moves into it if probing from its home would stop at the gap.
        let (mut gap, mut next) = (at, (at + 1) & (SLOTS - 1));
        loop {
            // SAFETY: as above.
            let slot = unsafe { *slots.wrapping_add(next) };
            if slot.key == 0 {
                break;
            }
            let wanted = home(Key::rehash(slot.key));
            // Compare the distance from its home to its slot with that from the gap to its slot.
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

/// The shard has no free entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::recorder::on) struct Full;

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::recorder::on::test_memory::zeroed;

    fn resource(site: u32, bytes: u64) -> Resource {
        Resource { site, older: false, bytes }
    }

    #[test]
    fn packing_keeps_site_age_and_size() {
        for resource in [
            resource(0, 0),
            resource((1 << SITE_BITS) - 1, MAX_BYTES),
            Resource { site: 3, older: true, bytes: 1 << 40 },
        ] {
            assert_eq!(Resource::unpack(resource.pack()), resource);
        }
        assert_eq!(Resource::unpack(resource(1, u64::MAX).pack()).bytes, MAX_BYTES);
    }

    #[test]
    fn the_table_behaves_like_a_hash_map() {
        let live = zeroed::<LiveTable>();
        let mut model = HashMap::new();
        let mut state = 1u64;
        let mut random = move || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            state >> 33
        };
        for step in 0..200_000u64 {
            // Few keys: removals then find entries, and probe sequences are long.
            let (kind, key) = ((random() % 5) as usize, random() % 3000 * 16);
            if random() % 2 == 0 {
                let resource = resource((step % 1000) as u32, random());
                assert_eq!(
                    live.insert(Key::new(kind, key), resource),
                    Ok(model.insert((kind, key), resource))
                );
            } else {
                assert_eq!(live.remove(Key::new(kind, key)), model.remove(&(kind, key)));
            }
        }
        for ((kind, key), resource) in model {
            assert_eq!(live.remove(Key::new(kind, key)), Some(resource));
        }
    }

    #[test]
    fn a_million_resources_fit_and_a_full_table_refuses_more() {
        let live = zeroed::<LiveTable>();
        let mut refused = 0;
        for at in 0..CAPACITY as u64 + 100_000 {
            let result = live.insert(Key::new(0, 0x7f00_0000_0000 + at * 48), resource(1, 48));
            if at < 1_000_000 {
                assert_eq!(result, Ok(None));
            }
            refused += u64::from(result == Err(Full));
        }
        assert!(refused >= 100_000);
        assert_eq!(live.remove(Key::new(0, 0x7f00_0000_0000)), Some(resource(1, 48)));
    }
}
