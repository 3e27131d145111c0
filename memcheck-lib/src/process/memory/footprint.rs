//! The footprint of a process: what it costs in memory, by part.

use serde::{Deserialize, Serialize};

use super::status::StatusFields;
use crate::process::smaps::{Field, Fields};

/// What a process costs in memory, in bytes, by part. It sums pages, not addresses, so reserved
/// address space is never part of it.
///
/// `total()` minus page tables and huge pages is what the memory cgroup counts for the process. For
/// the names of the fields see the kernel's
/// [proc.rst](https://docs.kernel.org/filesystems/proc.html#proc-pid-smaps-rollup).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Footprint {
    /// `Anonymous`: private pages that are not pages of a file.
    pub anonymous: u64,
    /// `Pss_Shmem`: shared memory, each page divided by the number of its mappings.
    pub pss_shmem: u64,
    /// `Swap`: swapped-out memory, with shared memory (unlike `SwapPss` and `VmSwap`).
    pub swap: u64,
    /// `Private_Hugetlb`: huge pages of this process only, which are not in the resident set.
    pub private_hugetlb: u64,
    /// `Shared_Hugetlb`: huge pages that other mappings share, counted in full.
    pub shared_hugetlb: u64,
    /// `LazyFree`: pages freed with `MADV_FREE` that the kernel has not reclaimed yet. They are
    /// still in `anonymous`.
    pub lazy_free: u64,
    /// `VmPTE`: page tables.
    pub page_tables: u64,
}

impl Footprint {
    /// The footprint: the sum of the parts, with lazily freed pages.
    pub fn total(&self) -> u64 {
        [self.pss_shmem, self.swap, self.private_hugetlb, self.shared_hugetlb, self.page_tables]
            .iter()
            .fold(self.anonymous, |sum, part| sum.saturating_add(*part))
    }

    /// The live footprint: the footprint without lazily freed pages. Growth is judged on this.
    pub fn live(&self) -> u64 {
        self.total().saturating_sub(self.lazy_free)
    }
}

/// Says which field the kernel does not have, and what this means for the metrics.
type Note = String;

impl Footprint {
    /// The footprint from `smaps_rollup` (or fields summed over smaps) and `status`. `None` if the
    /// kernel does not have `Anonymous`. For other missing fields the closest available one is
    /// used, with a note.
    pub(crate) fn from_fields(
        rollup: &Fields,
        status: &StatusFields,
        note: &mut dyn FnMut(Note),
    ) -> Option<Footprint> {
        let Some(anonymous) = rollup.get(Field::Anonymous) else {
            note("this kernel has no field Anonymous in smaps: there is no footprint".into());
            return None;
        };
        let pss_shmem = rollup.get(Field::PssShmem).or_else(|| {
            // In Linux 4.14 to 5.2, smaps_rollup does not divide Pss into parts.
            let shmem = status.rss_shmem?;
            if shmem > 0 {
                note(
                    "this kernel has no Pss_Shmem: shared memory counts in full, not by share"
                        .into(),
                );
            }
            Some(shmem)
        });
        let swap = rollup.get(Field::Swap).or_else(|| {
            note("this kernel has no field Swap in smaps: VmSwap is used instead".into());
            status.swap
        });
        let private_hugetlb = rollup.get(Field::PrivateHugetlb).or(status.hugetlb);
        if pss_shmem.is_none() {
            note("this kernel does not report resident shared memory: it counts as 0".into());
        }
        if swap.is_none() {
            note("this kernel does not report swapped-out memory: it counts as 0".into());
        }
        if private_hugetlb.is_none() {
            note("this kernel does not report huge pages by process: they count as 0".into());
        }
        let lazy_free = rollup.get(Field::LazyFree);
        if lazy_free.is_none() {
            note(
                "this kernel has no LazyFree: pages freed with MADV_FREE count as used until the \
                 kernel reclaims them"
                    .into(),
            );
        }
        if status.page_tables.is_none() {
            note("this kernel has no VmPTE in status: page tables count as 0".into());
        }
        Some(Footprint {
            anonymous,
            pss_shmem: pss_shmem.unwrap_or(0),
            swap: swap.unwrap_or(0),
            private_hugetlb: private_hugetlb.unwrap_or(0),
            shared_hugetlb: rollup.get(Field::SharedHugetlb).unwrap_or(0),
            lazy_free: lazy_free.unwrap_or(0),
            page_tables: status.page_tables.unwrap_or(0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notes_of(rollup: &[(Field, u64)], status: &StatusFields) -> (Option<Footprint>, Vec<Note>) {
        let mut fields = Fields::default();
        for (field, value) in rollup {
            fields.set(*field, *value);
        }
        let mut notes = Vec::new();
        let footprint = Footprint::from_fields(&fields, status, &mut |note| notes.push(note));
        (footprint, notes)
    }

    #[test]
    fn the_live_footprint_is_the_sum_without_lazily_freed_pages() {
        let footprint = Footprint {
            anonymous: 100,
            pss_shmem: 20,
            swap: 3,
            private_hugetlb: 4,
            shared_hugetlb: 5,
            lazy_free: 60,
            page_tables: 7,
        };
        assert_eq!(footprint.total(), 139);
        assert_eq!(footprint.live(), 79);
        let huge = Footprint { anonymous: u64::MAX, swap: 1, ..Footprint::default() };
        assert_eq!(huge.total(), u64::MAX);
        let odd = Footprint { anonymous: 1, lazy_free: 2, ..Footprint::default() };
        assert_eq!(odd.live(), 0);
    }

    #[test]
    fn older_kernels_get_a_note() {
        let status = StatusFields {
            rss_shmem: Some(4096),
            swap: Some(8192),
            page_tables: Some(44),
            ..StatusFields::default()
        };
        let (footprint, notes) = notes_of(&[(Field::Anonymous, 100)], &status);
        let footprint = footprint.expect("Anonymous is present");
        assert_eq!((footprint.pss_shmem, footprint.swap), (4096, 8192));
        assert_eq!(footprint.page_tables, 44);
        assert_eq!(notes.len(), 4, "{notes:#?}");

        let (none, notes) = notes_of(&[], &status);
        assert_eq!(none, None);
        assert_eq!(notes.len(), 1);
    }
}
