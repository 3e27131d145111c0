//! One mapping, or a group of them, in metrics.

use serde::{Deserialize, Serialize};

use super::fields::Field;
use super::kind::Kind;
use super::smaps::Entry;
use super::vm_flags::VmFlags;
use crate::units::Bytes;

/// What one mapping, or a group of them, amounts to. The formulas stand at the fields, with the
/// names of the kernel's
/// [smaps](https://docs.kernel.org/filesystems/proc.html#proc-pid-smaps).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MappingSums {
    /// How many mappings.
    pub mappings: u64,
    /// `Size`: addresses.
    pub virtual_size: Bytes,
    /// `Rss`: pages present, shared ones and page cache included.
    pub resident: Bytes,
    /// `Pss`: pages present, each divided by the number of its mappings.
    pub proportional: Bytes,
    /// `Private_Clean + Private_Dirty`.
    pub unique: Bytes,
    /// `Anonymous`, lazily freed pages included.
    pub anonymous: Bytes,
    /// `LazyFree`: given back with `MADV_FREE`, not collected yet.
    pub lazily_freed: Bytes,
    /// `Swap`.
    pub swapped: Bytes,
    /// Share of memory that can be shared: `Pss` without anonymous pages.
    pub shared_memory: Bytes,
    /// `Private_Hugetlb + Shared_Hugetlb`, in no resident set.
    pub huge_pages: Bytes,
    /// Share of page cache: `Pss` of a file without anonymous pages.
    pub page_cache: Bytes,
    /// `Locked`.
    pub locked: Bytes,
    /// Address space only: `Size − Rss − Swap` of a private mapping without access or with flag
    /// `nr`, and without flags `ac` and `ht`.
    pub reserved: Bytes,
    /// What the kernel promised: `Size` of a mapping with flag `ac`.
    pub committed: Bytes,
    /// The part of `committed` that was never touched: `Size − Rss − Swap`.
    pub untouched: Bytes,
}

impl MappingSums {
    /// The part that these mappings have in the footprint.
    pub fn footprint(&self) -> Bytes {
        let parts = [self.shared_memory, self.swapped, self.huge_pages];
        Bytes(parts.iter().fold(self.anonymous.0, |sum, part| sum.saturating_add(part.0)))
    }

    /// The part that these mappings have in the live footprint.
    pub fn live(&self) -> Bytes {
        Bytes(self.footprint().0.saturating_sub(self.lazily_freed.0))
    }

    /// From one entry of smaps. Missing fields count as 0 here; the survey notes them.
    pub(crate) fn of(entry: &Entry, kind: Kind) -> MappingSums {
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
        // Per mapping the kernel does not say of what Pss consists. Anonymous pages of a mapping
        // with a file are its copies on write; they are this process's alone but after a fork.
        let with_object = field(Field::Pss).saturating_sub(field(Field::Anonymous));
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
            shared_memory: of(matches!(kind, Kind::SharedMemory | Kind::Memfd), with_object),
            huge_pages: Bytes(huge),
            page_cache: of(matches!(kind, Kind::File | Kind::Device), with_object),
            locked: Bytes(field(Field::Locked)),
            reserved: of(reserved, absent),
            committed: of(accounted, size),
            untouched: of(accounted, absent),
        }
    }

    /// Adds another's metrics.
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
