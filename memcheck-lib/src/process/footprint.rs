//! What a process costs in memory, in parts.

use serde::{Deserialize, Serialize};

use super::fields::{Field, Fields};
use super::status::StatusFields;

/// What a process costs in memory, in bytes, by part. It sums pages, not addresses, so no
/// reservation of address space can enter it.
///
/// `total()` less the page tables and huge pages is what the memory cgroup counts for the process.
/// Fields are named in the kernel's
/// [proc.rst](https://docs.kernel.org/filesystems/proc.html#proc-pid-smaps-rollup).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Footprint {
    /// `Anonymous`: private memory that is no longer, or never was, a page of a file.
    pub anonymous: u64,
    /// `Pss_Shmem`: shared memory, each page divided by the number of its mappings.
    pub pss_shmem: u64,
    /// `Swap`: swapped out, shared memory included (unlike `SwapPss` and `VmSwap`).
    pub swap: u64,
    /// `Private_Hugetlb`: huge pages of this process alone (in no resident set).
    pub private_hugetlb: u64,
    /// `Shared_Hugetlb`: huge pages that other mappings share, counted whole.
    pub shared_hugetlb: u64,
    /// `LazyFree`: pages given back with `MADV_FREE` that the kernel has not collected yet. They
    /// are still in `anonymous`.
    pub lazy_free: u64,
    /// `VmPTE`: page tables.
    pub page_tables: u64,
}

impl Footprint {
    /// The footprint: the sum of the parts, lazily freed pages included.
    pub fn total(&self) -> u64 {
        [self.pss_shmem, self.swap, self.private_hugetlb, self.shared_hugetlb, self.page_tables]
            .iter()
            .fold(self.anonymous, |sum, part| sum.saturating_add(*part))
    }

    /// The live footprint: without the lazily freed pages. Growth is judged on this.
    pub fn live(&self) -> u64 {
        self.total().saturating_sub(self.lazy_free)
    }
}

/// A field of the kernel that was missing, and what that means for the metrics.
pub(crate) type Note = String;

impl Footprint {
    /// From `smaps_rollup` (or fields summed over full smaps) and `status`. `None` when the
    /// kernel does not say how much is anonymous: there is no footprint without it. Other missing
    /// fields are replaced by the nearest that the kernel has, with a note.
    pub(crate) fn from_fields(
        rollup: &Fields,
        status: &StatusFields,
        note: &mut dyn FnMut(Note),
    ) -> Option<Footprint> {
        let Some(anonymous) = rollup.get(Field::Anonymous) else {
            note("this kernel's smaps has no field Anonymous: no footprint".into());
            return None;
        };
        let pss_shmem = rollup.get(Field::PssShmem).or_else(|| {
            // Linux 4.14 to 5.2 have smaps_rollup without the parts of Pss.
            let shmem = status.rss_shmem?;
            if shmem > 0 {
                note(
                    "this kernel has no Pss_Shmem: shared memory is counted whole, not by share"
                        .into(),
                );
            }
            Some(shmem)
        });
        let swap = rollup.get(Field::Swap).or_else(|| {
            note("this kernel's smaps has no field Swap: VmSwap is used instead".into());
            status.swap
        });
        let private_hugetlb = rollup.get(Field::PrivateHugetlb).or(status.hugetlb);
        if pss_shmem.is_none() {
            note("this kernel does not say how much shared memory is resident".into());
        }
        if swap.is_none() {
            note("this kernel does not say how much is swapped out".into());
        }
        if private_hugetlb.is_none() {
            note("this kernel does not count huge pages by process".into());
        }
        let lazy_free = rollup.get(Field::LazyFree);
        if lazy_free.is_none() {
            note(
                "this kernel has no LazyFree: pages freed with MADV_FREE count as in use until \
                 the kernel collects them"
                    .into(),
            );
        }
        if status.page_tables.is_none() {
            note("no VmPTE in status: the footprint is without page tables".into());
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
    fn sums_the_parts_and_takes_off_what_is_lazily_freed() {
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
    fn old_kernels_degrade_with_a_note() {
        let status = StatusFields {
            rss_shmem: Some(4096),
            swap: Some(8192),
            page_tables: Some(44),
            ..StatusFields::default()
        };
        let (footprint, notes) = notes_of(&[(Field::Anonymous, 100)], &status);
        let footprint = footprint.expect("Anonymous is there");
        assert_eq!((footprint.pss_shmem, footprint.swap), (4096, 8192));
        assert_eq!(footprint.page_tables, 44);
        assert_eq!(notes.len(), 4, "{notes:#?}");

        let (none, notes) = notes_of(&[], &status);
        assert_eq!(none, None);
        assert_eq!(notes.len(), 1);
    }
}
