//! The difference of two snapshots.

use std::collections::BTreeMap;

use super::deleted_files::join_deleted;
use super::growth::{CountGrowth, DescriptorGrowth, GroupGrowth, ProcessGrowth};
use super::process_snapshot::ProcessSnapshot;
use crate::process::memory::Footprint;
use crate::process::resources::{ChildProcess, DescriptorKind};
use crate::process::smaps::{MappingGroup, MappingSums};
use crate::units::Bytes;

impl ProcessSnapshot {
    /// The changes from `before` to this snapshot.
    ///
    /// ```no_run
    /// use memcheck::ProcessSnapshot;
    ///
    /// let before = ProcessSnapshot::own()?;
    /// let block = vec![1u8; 64 << 20];
    /// let growth = ProcessSnapshot::own()?.since(&before);
    /// println!("{growth}");
    /// # drop(block);
    /// # Ok::<(), memcheck::ProcessError>(())
    /// ```
    #[doc(hidden)]
    pub fn since(&self, before: &ProcessSnapshot) -> ProcessGrowth {
        between(before, self)
    }
}

/// `after − before`, clamped to the range of a signed number.
fn difference(before: u64, after: u64) -> i64 {
    let change = i128::from(after) - i128::from(before);
    i64::try_from(change).unwrap_or(if change < 0 { i64::MIN } else { i64::MAX })
}

fn size_change(before: Option<Bytes>, after: Option<Bytes>) -> Option<i64> {
    Some(difference(before?.0, after?.0))
}

fn between(before: &ProcessSnapshot, after: &ProcessSnapshot) -> ProcessGrowth {
    let footprint = |of: fn(&Footprint) -> u64| {
        Some(difference(of(before.footprint.as_ref()?), of(after.footprint.as_ref()?)))
    };
    ProcessGrowth {
        live_footprint: footprint(|footprint| footprint.live()),
        footprint: footprint(|footprint| footprint.total()),
        page_tables: footprint(|footprint| footprint.page_tables),
        fd_memory: size_change(before.fd_memory, after.fd_memory),
        resident: size_change(before.resident, after.resident),
        unique: size_change(before.unique, after.unique),
        proportional: size_change(before.proportional, after.proportional),
        reserved: size_change(before.reserved, after.reserved),
        committed: size_change(before.committed, after.committed),
        page_cache: size_change(before.page_cache, after.page_cache),
        peak: size_change(before.peak, after.peak),
        swap: size_change(before.swap, after.swap),
        virtual_size: size_change(before.virtual_size, after.virtual_size),
        mappings: before.mappings.zip(after.mappings).map(|(b, a)| difference(b, a)),
        groups: group_growth(&before.groups, &after.groups),
        threads: thread_growth(before, after),
        children: child_growth(before, after),
        descriptors: descriptor_growth(before, after),
    }
}

fn group_growth(before: &[MappingGroup], after: &[MappingGroup]) -> Vec<GroupGrowth> {
    type Pair<'a> = (Option<&'a MappingGroup>, Option<&'a MappingGroup>);
    let key = |group: &MappingGroup| {
        (group.kind, group.name.clone(), group.permissions.clone(), group.flags.clone())
    };
    let mut pairs: BTreeMap<_, Pair<'_>> = BTreeMap::new();
    before.iter().for_each(|group| pairs.entry(key(group)).or_default().0 = Some(group));
    after.iter().for_each(|group| pairs.entry(key(group)).or_default().1 = Some(group));
    let groups = pairs.into_iter().map(|((kind, name, permissions, flags), (before, after))| {
        let none = MappingSums::default();
        let before = before.map_or(&none, |group| &group.sums);
        let after = after.map_or(&none, |group| &group.sums);
        GroupGrowth {
            kind,
            name,
            permissions,
            flags,
            live: difference(before.live().0, after.live().0),
            reserved: difference(before.reserved.0, after.reserved.0),
            virtual_size: difference(before.virtual_size.0, after.virtual_size.0),
            mappings: difference(before.mappings, after.mappings),
        }
    });
    let is_changed = |of: &GroupGrowth| of.live != 0 || of.virtual_size != 0 || of.mappings != 0;
    let mut groups = join_deleted(groups.filter(is_changed).collect());
    groups.retain(is_changed);
    // A stable sort: groups with the same growth stay in the order of their keys.
    groups.sort_by_key(|group| std::cmp::Reverse((group.live, group.virtual_size)));
    groups
}

/// The differences of counts by key that are not 0.
fn count_changes<K: Ord>(before: Vec<(K, i64)>, after: Vec<(K, i64)>) -> Vec<(K, i64)> {
    let mut counts = BTreeMap::new();
    for (key, count) in before {
        *counts.entry(key).or_insert(0) -= count;
    }
    for (key, count) in after {
        *counts.entry(key).or_insert(0) += count;
    }
    counts.into_iter().filter(|(_, count)| *count != 0).collect()
}

fn to_count_growth(counts: Vec<(String, i64)>) -> Vec<CountGrowth> {
    counts.into_iter().map(|(name, count)| CountGrowth { name, count }).collect()
}

fn thread_growth(before: &ProcessSnapshot, after: &ProcessSnapshot) -> Vec<CountGrowth> {
    let list = |snapshot: &ProcessSnapshot| -> Option<Vec<(String, i64)>> {
        let threads = snapshot.threads.as_ref()?;
        Some(threads.iter().map(|group| (group.name.clone(), group.count as i64)).collect())
    };
    list(before)
        .zip(list(after))
        .map(|(b, a)| to_count_growth(count_changes(b, a)))
        .unwrap_or_default()
}

fn child_growth(before: &ProcessSnapshot, after: &ProcessSnapshot) -> Vec<CountGrowth> {
    let list = |snapshot: &ProcessSnapshot| -> Option<Vec<(String, i64)>> {
        let name = |child: &ChildProcess| match child.zombie {
            true => format!("{} (zombie)", child.name),
            false => child.name.clone(),
        };
        Some(snapshot.children.as_ref()?.iter().map(|child| (name(child), 1)).collect())
    };
    list(before)
        .zip(list(after))
        .map(|(b, a)| to_count_growth(count_changes(b, a)))
        .unwrap_or_default()
}

fn descriptor_growth(before: &ProcessSnapshot, after: &ProcessSnapshot) -> Vec<DescriptorGrowth> {
    type Key = (DescriptorKind, Option<String>);
    let list = |snapshot: &ProcessSnapshot| -> Option<Vec<(Key, i64)>> {
        let descriptors = snapshot.descriptors.as_ref()?.iter();
        Some(descriptors.map(|d| ((d.kind, d.stable_target().map(str::to_owned)), 1)).collect())
    };
    let counts =
        list(before).zip(list(after)).map(|(b, a)| count_changes(b, a)).unwrap_or_default();
    counts
        .into_iter()
        .map(|((kind, target), count)| DescriptorGrowth { kind, target, count })
        .collect()
}

#[cfg(test)]
pub(in crate::process) mod tests;
