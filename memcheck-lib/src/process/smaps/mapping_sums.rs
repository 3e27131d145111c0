//! The sizes of one mapping, or sums over a group of mappings.

use serde::{Deserialize, Serialize};

use super::entries::SmapsEntry;
use super::fields::Field;
use super::mapping_kind::MappingKind;
use super::vm_flags::VmFlags;
use crate::units::Bytes;

/// The sizes of one mapping, or sums over a group of mappings. The formulas use the names of the
/// kernel's [smaps](https://docs.kernel.org/filesystems/proc.html#proc-pid-smaps).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MappingSums {
    /// Number of mappings.
    pub mappings: u64,
    /// `Size`: address space.
    pub virtual_size: Bytes,
    /// `Rss`: resident pages, with shared pages and page cache.
    pub resident: Bytes,
    /// `Pss`: resident pages, each divided by the number of its mappings.
    pub proportional: Bytes,
    /// `Private_Clean + Private_Dirty`.
    pub unique: Bytes,
    /// `Anonymous`, with lazily freed pages.
    pub anonymous: Bytes,
    /// `LazyFree`: freed with `MADV_FREE`, but not reclaimed yet.
    pub lazily_freed: Bytes,
    /// `Swap`.
    pub swapped: Bytes,
    /// The share of shared memory: `Pss` without anonymous pages.
    pub shared_memory: Bytes,
    /// `Private_Hugetlb + Shared_Hugetlb`, which are not in the resident set.
    pub huge_pages: Bytes,
    /// The share of page cache: `Pss` of a file without anonymous pages.
    pub page_cache: Bytes,
    /// `Locked`.
    pub locked: Bytes,
    /// Reserved address space: `Size − Rss − Swap` of a private mapping without access or with flag
    /// `nr`, and without flags `ac` and `ht`.
    pub reserved: Bytes,
    /// Committed memory: `Size` of a mapping with flag `ac`.
    pub committed: Bytes,
    /// The part of `committed` that was never touched: `Size − Rss − Swap`.
    pub untouched: Bytes,
}

impl MappingSums {
    /// The part of the footprint that is in these mappings.
    pub fn footprint(&self) -> Bytes {
        let parts = [self.shared_memory, self.swapped, self.huge_pages];
        Bytes(parts.iter().fold(self.anonymous.0, |sum, part| sum.saturating_add(part.0)))
    }

    /// The part of the live footprint that is in these mappings.
    pub fn live(&self) -> Bytes {
        Bytes(self.footprint().0.saturating_sub(self.lazily_freed.0))
    }

    /// The sizes of one entry of smaps. Missing fields count as 0; the summary has a note on them.
    pub(crate) fn of(entry: &SmapsEntry, kind: MappingKind) -> MappingSums {
        let field = |field| entry.fields.get(field).unwrap_or(0);
        let flags = entry.flags.unwrap_or_default();
        let size = entry.size();
        let private = entry.permissions[3] != b's';
        let accessible = entry.permissions[..3] != *b"---";
        let huge = field(Field::PrivateHugetlb).saturating_add(field(Field::SharedHugetlb));
        let present = field(Field::Rss).saturating_add(field(Field::Swap)).saturating_add(huge);
        let absent = size.saturating_sub(present);
        let (accounted, hugetlb) = (flags.has(VmFlags::ACCOUNTED), flags.has(VmFlags::HUGE_PAGES));
        let reserved =
            private && !accounted && !hugetlb && (!accessible || flags.has(VmFlags::NO_RESERVE));
        // For a single mapping, the kernel does not divide Pss into parts. The anonymous pages of a
        // mapped file are copies on write, which only this process has, except after a fork.
        let of_object = field(Field::Pss).saturating_sub(field(Field::Anonymous));
        let of = |wanted: bool, bytes: u64| Bytes(if wanted { bytes } else { 0 });
        MappingSums {
            mappings: 1,
            virtual_size: Bytes(size),
            resident: Bytes(field(Field::Rss)),
            proportional: Bytes(field(Field::Pss)),
            unique: Bytes(field(Field::PrivateClean).saturating_add(field(Field::PrivateDirty))),
            anonymous: Bytes(field(Field::Anonymous)),
            lazily_freed: Bytes(field(Field::LazyFree)),
            swapped: Bytes(field(Field::Swap)),
            shared_memory: of(
                matches!(kind, MappingKind::SharedMemory | MappingKind::Memfd),
                of_object,
            ),
            huge_pages: Bytes(huge),
            page_cache: of(matches!(kind, MappingKind::File | MappingKind::Device), of_object),
            locked: Bytes(field(Field::Locked)),
            reserved: of(reserved, absent),
            committed: of(accounted, size),
            untouched: of(accounted, absent),
        }
    }

    /// Adds the sizes of other mappings.
    pub(crate) fn add(&mut self, other: &MappingSums) {
        self.mappings = self.mappings.saturating_add(other.mappings);
        for (sum, other) in [
            (&mut self.virtual_size, other.virtual_size),
            (&mut self.resident, other.resident),
            (&mut self.proportional, other.proportional),
            (&mut self.unique, other.unique),
            (&mut self.anonymous, other.anonymous),
            (&mut self.lazily_freed, other.lazily_freed),
            (&mut self.swapped, other.swapped),
            (&mut self.shared_memory, other.shared_memory),
            (&mut self.huge_pages, other.huge_pages),
            (&mut self.page_cache, other.page_cache),
            (&mut self.locked, other.locked),
            (&mut self.reserved, other.reserved),
            (&mut self.committed, other.committed),
            (&mut self.untouched, other.untouched),
        ] {
            sum.0 = sum.0.saturating_add(other.0);
        }
    }
}
