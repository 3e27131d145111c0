//! All mappings of a process in one pass over smaps: sums by group and by kind, and the largest.

use std::collections::{BTreeMap, HashMap};
use std::io;

use serde::{Deserialize, Serialize};

use super::fields::{Field, Fields};
use super::kind::{Classifier, Kind};
use super::smaps::{Device, Entry, Header, read_entries};
use super::sums::MappingSums;
use super::vm_flags::VmFlags;
use crate::units::Bytes;

/// Mappings that share kind, name, permissions and flags. Addresses are no part of it: they differ
/// from run to run, and a leak is many mappings of one sort.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MappingGroup {
    /// What sort of memory.
    pub kind: Kind,
    /// Path or name as the kernel writes it; empty for anonymous memory.
    pub name: String,
    /// `rw-p`.
    pub permissions: String,
    /// The VmFlags that tell memory apart (`ac`, `nr`, `ht`, `gd`, `pf`, `io`, `lo`).
    pub flags: String,
    /// What the mappings amount to.
    pub sums: MappingSums,
}

/// One mapping.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Mapping {
    /// First address.
    pub start: u64,
    /// First address after it.
    pub end: u64,
    /// What sort of memory.
    pub kind: Kind,
    /// Path or name as the kernel writes it; empty for anonymous memory.
    pub name: String,
    /// `rw-p`.
    pub permissions: String,
    /// All VmFlags as the kernel writes them, without those unknown here.
    pub flags: String,
    /// What it amounts to.
    pub sums: MappingSums,
}

/// Everything smaps says of one process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Survey {
    /// Ordered by kind, name, permissions, flags.
    pub(crate) groups: Vec<MappingGroup>,
    pub(crate) by_kind: BTreeMap<Kind, MappingSums>,
    pub(crate) total: MappingSums,
    /// Sums of the raw fields, for kernels without smaps_rollup.
    pub(crate) fields: Fields,
    /// The mappings with the largest footprint, the largest first.
    pub(crate) largest: Vec<Mapping>,
    /// The mappings with the most reserved address space, the largest first.
    pub(crate) largest_reserved: Vec<Mapping>,
    /// Shared memory that the kernel promised beside the mappings with flag `ac`.
    pub(crate) shared_charge: u64,
    /// Whether the kernel prints VmFlags; without them what it promised is unknown.
    pub(crate) has_flags: bool,
    pub(crate) notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct GroupKey {
    kind: Kind,
    permissions: [u8; 4],
    flags: VmFlags,
    name: Vec<u8>,
}

/// Sums by group while smaps is read.
#[derive(Debug, Default)]
struct Groups {
    sums: Vec<(GroupKey, MappingSums)>,
    places: HashMap<GroupKey, usize>,
    /// The last two groups: of very many mappings most are of two sorts in turn.
    last: [usize; 2],
}

impl Groups {
    fn add(&mut self, entry: &Entry, kind: Kind, sums: &MappingSums) {
        let flags = entry.flags.unwrap_or_default().telling();
        let same = |place: &usize| {
            self.sums.get(*place).is_some_and(|(key, _)| {
                key.kind == kind
                    && key.permissions == entry.permissions
                    && key.flags == flags
                    && key.name == entry.name
            })
        };
        let place = self.last.iter().copied().find(same).unwrap_or_else(|| {
            let permissions = entry.permissions;
            let key = GroupKey { kind, permissions, flags, name: entry.name.clone() };
            *self.places.entry(key).or_insert_with_key(|key| {
                self.sums.push((key.clone(), MappingSums::default()));
                self.sums.len() - 1
            })
        });
        if self.last[0] != place {
            self.last = [place, self.last[0]];
        }
        self.sums[place].1.add(sums);
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

impl Survey {
    /// Reads smaps. `largest` says how many single mappings are kept. `see` is shown the head of
    /// each mapping as well.
    ///
    /// # Errors
    ///
    /// What the reader fails with.
    pub(crate) fn read<R: io::Read>(
        smaps: R,
        memory_devices: Vec<Device>,
        largest: usize,
        mut see: impl FnMut(&Entry),
    ) -> io::Result<Survey> {
        let mut survey = Survey::default();
        let mut classifier = Classifier::new(memory_devices);
        let mut groups = Groups::default();
        let mut charges: HashMap<(Device, u64), u64> = HashMap::new();
        let mut seen = Seen::default();
        let read = read_entries(smaps, |entry: &Entry, next: Option<&Header<'_>>| {
            let kind = classifier.kind(entry, next);
            let sums = MappingSums::of(entry, kind);
            see(entry);
            seen.see(entry);
            survey.fields.add(&entry.fields);
            charge_shared(entry, kind, &sums, &mut charges);
            keep(&mut survey.largest, largest, entry, kind, &sums, |sums| sums.footprint());
            keep(&mut survey.largest_reserved, largest, entry, kind, &sums, |sums| sums.reserved);
            groups.add(entry, kind, &sums);
        })?;
        survey.shared_charge = charges.values().fold(0, |sum, charge| sum.saturating_add(*charge));
        survey.groups = groups.finish();
        for group in &survey.groups {
            survey.total.add(&group.sums);
            survey.by_kind.entry(group.kind).or_default().add(&group.sums);
        }
        survey.has_flags = seen.flags;
        survey.notes = seen.notes(read.strange_lines);
        Ok(survey)
    }

    /// The sums in the place of smaps_rollup. The parts of Pss are those told by kind: smaps does
    /// not have them.
    pub(crate) fn as_rollup(&self) -> Fields {
        let mut fields = self.fields;
        fields.set(Field::PssShmem, self.total.shared_memory.0);
        fields.set(Field::PssFile, self.total.page_cache.0);
        fields
    }

    /// What the kernel promised, shared memory included.
    pub(crate) fn committed(&self) -> Bytes {
        Bytes(self.total.committed.0.saturating_add(self.shared_charge))
    }
}

/// Shared memory without a file is charged by its object, once, when it is made (unless with
/// MAP_NORESERVE); memfd and tmpfs by the pages they get (mm/shmem.c, `shmem_acct_size`).
fn charge_shared(
    entry: &Entry,
    kind: Kind,
    sums: &MappingSums,
    charges: &mut HashMap<(Device, u64), u64>,
) {
    let flags = entry.flags.unwrap_or_default();
    let of_object = entry.name.starts_with(b"/dev/zero") || entry.name.starts_with(b"/SYSV");
    match kind {
        Kind::SharedMemory if of_object && flags.has(VmFlags::NO_RESERVE) => {}
        Kind::SharedMemory if of_object => {
            let charge = charges.entry((entry.device, entry.inode)).or_default();
            *charge = (*charge).max(entry.offset.saturating_add(entry.size()));
        }
        Kind::SharedMemory | Kind::Memfd => {
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

/// Keeps the `count` mappings with the highest value, the highest first.
fn keep(
    list: &mut Vec<Mapping>,
    count: usize,
    entry: &Entry,
    kind: Kind,
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

/// What was missing or unknown.
#[derive(Debug, Default)]
struct Seen {
    any: bool,
    flags: bool,
    lazy_free: bool,
    anonymous: bool,
    swap: bool,
    unknown_flag: Option<[u8; 2]>,
}

impl Seen {
    fn see(&mut self, entry: &Entry) {
        self.any = true;
        self.lazy_free |= entry.fields.get(Field::LazyFree).is_some();
        self.anonymous |= entry.fields.get(Field::Anonymous).is_some();
        self.swap |= entry.fields.get(Field::Swap).is_some();
        if let Some(flags) = entry.flags {
            self.flags = true;
            self.unknown_flag = self.unknown_flag.or(flags.unknown);
        }
    }

    fn notes(&self, strange_lines: u64) -> Vec<String> {
        let mut notes = Vec::new();
        let mut missing = |there: bool, note: &str| {
            if self.any && !there {
                notes.push(note.to_owned());
            }
        };
        missing(
            self.flags,
            "smaps has no VmFlags (Linux before 3.8): committed memory is unknown, and only \
             mappings without access are called reserved",
        );
        missing(self.anonymous, "smaps has no field Anonymous: groups show no private memory");
        missing(self.swap, "smaps has no field Swap: groups are without what is swapped out");
        missing(
            self.lazy_free,
            "smaps has no LazyFree (Linux before 4.12): pages freed with MADV_FREE count as in use",
        );
        if let Some([first, second]) = self.unknown_flag {
            notes.push(format!(
                "smaps has a flag unknown to this version: {}{}",
                char::from(first),
                char::from(second)
            ));
        }
        if strange_lines > 0 {
            notes.push(format!("{strange_lines} lines of smaps were not understood"));
        }
        notes
    }
}

#[cfg(test)]
mod tests;
