//! All mappings of a process, from one pass over smaps: sums by group and by kind, and the largest
//! mappings.

use std::collections::{BTreeMap, HashMap};
use std::io;

use serde::{Deserialize, Serialize};

use super::entries::{Device, MappingHeader, SmapsEntry, read_entries};
use super::fields::{Field, Fields};
use super::mapping_kind::{Classifier, MappingKind};
use super::mapping_sums::MappingSums;
use super::vm_flags::VmFlags;
use crate::units::Bytes;

/// Mappings with the same kind, name, permissions and flags. Addresses do not matter: they differ
/// from run to run, and a leak is many mappings of one sort.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MappingGroup {
    /// The kind of memory.
    pub kind: MappingKind,
    /// Path or name, as the kernel writes it; empty for anonymous memory.
    pub name: String,
    /// Permissions, like `rw-p`.
    pub permissions: String,
    /// The VmFlags that distinguish sorts of memory (`ac`, `nr`, `ht`, `gd`, `pf`, `io`, `lo`).
    pub flags: String,
    /// Sums over the mappings.
    pub sums: MappingSums,
}

/// One mapping.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Mapping {
    /// First address.
    pub start: u64,
    /// The address after its last one.
    pub end: u64,
    /// The kind of memory.
    pub kind: MappingKind,
    /// Path or name, as the kernel writes it; empty for anonymous memory.
    pub name: String,
    /// Permissions, like `rw-p`.
    pub permissions: String,
    /// All known VmFlags, as the kernel writes them.
    pub flags: String,
    /// Its sizes.
    pub sums: MappingSums,
}

/// Everything that smaps says about one process.
#[derive(Clone, Debug, Default)]
pub(crate) struct SmapsSummary {
    /// In the order of kind, name, permissions, flags.
    pub(crate) groups: Vec<MappingGroup>,
    pub(crate) by_kind: BTreeMap<MappingKind, MappingSums>,
    pub(crate) total: MappingSums,
    /// Sums of the raw fields, for kernels that have no smaps_rollup.
    pub(crate) fields: Fields,
    /// The mappings with the largest footprint, the largest first.
    pub(crate) largest: Vec<Mapping>,
    /// The mappings with the most reserved address space, the largest first.
    pub(crate) largest_reserved: Vec<Mapping>,
    /// Committed shared memory, which is not in the mappings with flag `ac`.
    pub(crate) shared_charge: u64,
    /// Whether the kernel prints VmFlags. Without them, committed memory is unknown.
    pub(crate) has_flags: bool,
    pub(crate) notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct GroupKey {
    kind: MappingKind,
    permissions: [u8; 4],
    flags: VmFlags,
    name: Vec<u8>,
}

/// Sums by group, while smaps is read.
#[derive(Debug, Default)]
struct Groups {
    sums: Vec<(GroupKey, MappingSums)>,
    indexes: HashMap<GroupKey, usize>,
    /// The last two groups. If a process has very many mappings, most alternate between two sorts.
    last: [usize; 2],
}

impl Groups {
    fn add(&mut self, entry: &SmapsEntry, kind: MappingKind, sums: &MappingSums) {
        let flags = entry.flags.unwrap_or_default().of_group();
        let is_same = |index: &usize| {
            self.sums.get(*index).is_some_and(|(key, _)| {
                key.kind == kind
                    && key.permissions == entry.permissions
                    && key.flags == flags
                    && key.name == entry.name
            })
        };
        let index = self.last.iter().copied().find(is_same).unwrap_or_else(|| {
            let permissions = entry.permissions;
            let key = GroupKey { kind, permissions, flags, name: entry.name.clone() };
            *self.indexes.entry(key).or_insert_with_key(|key| {
                self.sums.push((key.clone(), MappingSums::default()));
                self.sums.len() - 1
            })
        });
        if self.last[0] != index {
            self.last = [index, self.last[0]];
        }
        self.sums[index].1.add(sums);
    }

    fn finish(self) -> Vec<MappingGroup> {
        let mut groups: Vec<MappingGroup> = self.sums.into_iter().map(group).collect();
        groups.sort_by(|a, b| {
            (a.kind, &a.name, &a.permissions, &a.flags).cmp(&(
                b.kind,
                &b.name,
                &b.permissions,
                &b.flags,
            ))
        });
        groups
    }
}

impl SmapsSummary {
    /// Reads smaps and keeps the `largest` single mappings. Calls `visit` with each entry.
    ///
    /// # Errors
    ///
    /// Fails only if the reader fails.
    pub(crate) fn read<R: io::Read>(
        smaps: R,
        memory_devices: Vec<Device>,
        largest: usize,
        mut visit: impl FnMut(&SmapsEntry),
    ) -> io::Result<SmapsSummary> {
        let mut summary = SmapsSummary::default();
        let mut classifier = Classifier::new(memory_devices);
        let mut groups = Groups::default();
        let mut charges: HashMap<(Device, u64), u64> = HashMap::new();
        let mut features = Features::default();
        let counts =
            read_entries(smaps, |entry: &SmapsEntry, next: Option<&MappingHeader<'_>>| {
                let kind = classifier.kind(entry, next);
                let sums = MappingSums::of(entry, kind);
                visit(entry);
                features.add(entry);
                summary.fields.add(&entry.fields);
                charge_shared(entry, kind, &sums, &mut charges);
                keep(&mut summary.largest, largest, entry, kind, &sums, |sums| sums.footprint());
                keep(&mut summary.largest_reserved, largest, entry, kind, &sums, |sums| {
                    sums.reserved
                });
                groups.add(entry, kind, &sums);
            })?;
        summary.shared_charge = charges.values().fold(0, |sum, charge| sum.saturating_add(*charge));
        summary.groups = groups.finish();
        for group in &summary.groups {
            summary.total.add(&group.sums);
            summary.by_kind.entry(group.kind).or_default().add(&group.sums);
        }
        summary.has_flags = features.flags;
        summary.notes = features.notes(counts.unknown_lines);
        Ok(summary)
    }

    /// The sums as fields of smaps_rollup. smaps does not divide Pss into parts, so they are taken
    /// from the kinds.
    pub(crate) fn as_rollup(&self) -> Fields {
        let mut fields = self.fields;
        fields.set(Field::PssShmem, self.total.shared_memory.0);
        fields.set(Field::PssFile, self.total.page_cache.0);
        fields
    }

    /// Committed memory, with shared memory.
    pub(crate) fn committed(&self) -> Bytes {
        Bytes(self.total.committed.0.saturating_add(self.shared_charge))
    }
}

/// Adds the committed memory of a shared mapping. The kernel commits shared memory without a file
/// once per object, when it is created (except with MAP_NORESERVE), and memfd and tmpfs page by
/// page (`shmem_acct_size` in mm/shmem.c).
fn charge_shared(
    entry: &SmapsEntry,
    kind: MappingKind,
    sums: &MappingSums,
    charges: &mut HashMap<(Device, u64), u64>,
) {
    let flags = entry.flags.unwrap_or_default();
    let of_object = entry.name.starts_with(b"/dev/zero") || entry.name.starts_with(b"/SYSV");
    match kind {
        MappingKind::SharedMemory if of_object && flags.has(VmFlags::NO_RESERVE) => {}
        MappingKind::SharedMemory if of_object => {
            let charge = charges.entry((entry.device, entry.inode)).or_default();
            *charge = (*charge).max(entry.offset.saturating_add(entry.size()));
        }
        MappingKind::SharedMemory | MappingKind::Memfd => {
            let charge = charges.entry((Device::default(), 0)).or_default();
            *charge = charge.saturating_add(sums.shared_memory.0);
        }
        _ => {}
    }
}

fn group((key, sums): (GroupKey, MappingSums)) -> MappingGroup {
    MappingGroup {
        kind: key.kind,
        name: text(&key.name),
        permissions: text(&key.permissions),
        flags: key.flags.to_string(),
        sums,
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Keeps the `count` mappings with the highest values, the highest first.
fn keep(
    list: &mut Vec<Mapping>,
    count: usize,
    entry: &SmapsEntry,
    kind: MappingKind,
    sums: &MappingSums,
    value: impl Fn(&MappingSums) -> Bytes,
) {
    let own = value(sums);
    let full = list.len() >= count;
    if own == Bytes(0) || full && list.last().is_none_or(|last| value(&last.sums) >= own) {
        return;
    }
    let at = list.partition_point(|other| value(&other.sums) >= own);
    list.truncate(count.saturating_sub(1));
    let mapping = Mapping {
        start: entry.start,
        end: entry.end,
        kind,
        name: text(&entry.name),
        permissions: text(&entry.permissions),
        flags: entry.flags.unwrap_or_default().to_string(),
        sums: *sums,
    };
    list.insert(at, mapping);
}

/// The features of the kernel that smaps shows, and unknown flags.
#[derive(Debug, Default)]
struct Features {
    any: bool,
    flags: bool,
    lazy_free: bool,
    anonymous: bool,
    swap: bool,
    unknown_flag: Option<[u8; 2]>,
}

impl Features {
    fn add(&mut self, entry: &SmapsEntry) {
        self.any = true;
        self.lazy_free |= entry.fields.get(Field::LazyFree).is_some();
        self.anonymous |= entry.fields.get(Field::Anonymous).is_some();
        self.swap |= entry.fields.get(Field::Swap).is_some();
        if let Some(flags) = entry.flags {
            self.flags = true;
            self.unknown_flag = self.unknown_flag.or(flags.unknown);
        }
    }

    fn notes(&self, unknown_lines: u64) -> Vec<String> {
        let mut notes = Vec::new();
        let mut require = |is_there: bool, note: &str| {
            if self.any && !is_there {
                notes.push(note.to_owned());
            }
        };
        require(
            self.flags,
            "this kernel prints no VmFlags (Linux before 3.8): committed memory is unknown, and only \
             mappings without access count as reserved",
        );
        require(
            self.anonymous,
            "this kernel prints no field Anonymous in smaps: groups have no private memory",
        );
        require(
            self.swap,
            "this kernel prints no field Swap in smaps: groups have no swapped-out memory",
        );
        require(
            self.lazy_free,
            "this kernel prints no LazyFree (Linux before 4.12): pages freed with MADV_FREE count as used",
        );
        if let Some([first, second]) = self.unknown_flag {
            notes.push(format!(
                "smaps has the VmFlag `{}{}`, which this version of memcheck does not know",
                char::from(first),
                char::from(second)
            ));
        }
        if unknown_lines > 0 {
            notes.push(format!("{unknown_lines} lines of smaps could not be parsed"));
        }
        notes
    }
}

#[cfg(test)]
mod tests;
