//! What changed in a process between two snapshots.

mod deleted;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::descriptors::DescriptorKind;
use super::kind::Kind;
use super::snapshot::ProcessSnapshot;
use super::survey::MappingGroup;
use crate::units::{Bytes, grouped, scaled};

/// What changed in a process between two snapshots. Sizes in bytes, signed; `None` where one of
/// the snapshots has no metric.
///
/// Prints one line for each thing that changed, the largest growth first:
///
/// ```text
/// +64 MiB anonymous rw-p in 16,384 mappings
/// +2 MiB [heap]
/// +8 threads named worker
/// +5 fds: socket
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ProcessGrowth {
    /// Footprint without what is lazily freed: the metric that is judged.
    pub live_footprint: Option<i64>,
    /// Footprint.
    pub footprint: Option<i64>,
    /// Memory that only a descriptor holds.
    pub fd_memory: Option<i64>,
    /// `Rss`.
    pub resident: Option<i64>,
    /// `Private_Clean + Private_Dirty`.
    pub unique: Option<i64>,
    /// `Pss`.
    pub proportional: Option<i64>,
    /// Address space only.
    pub reserved: Option<i64>,
    /// What the kernel promised.
    pub committed: Option<i64>,
    /// `Pss_File`.
    pub page_cache: Option<i64>,
    /// Highest resident set.
    pub peak: Option<i64>,
    /// Swapped out.
    pub swap: Option<i64>,
    /// Page tables.
    pub page_tables: Option<i64>,
    /// `VmSize`.
    pub virtual_size: Option<i64>,
    /// Mappings.
    pub mappings: Option<i64>,
    /// Mappings by group, those that changed, the largest growth of memory first.
    pub groups: Vec<GroupGrowth>,
    /// Threads by name, those that changed.
    pub threads: Vec<CountGrowth>,
    /// Children by name, those that changed. Zombies have ` (zombie)` after the name.
    pub children: Vec<CountGrowth>,
    /// Descriptors by kind and target, those that changed.
    pub descriptors: Vec<DescriptorGrowth>,
}

/// What changed in the mappings of one kind, name, permissions and flags.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct GroupGrowth {
    /// What sort of memory.
    pub kind: Kind,
    /// Path or name; empty for anonymous memory.
    pub name: String,
    /// `rw-p`.
    pub permissions: String,
    /// VmFlags that tell memory apart.
    pub flags: String,
    /// Change of the live footprint, in bytes.
    pub live: i64,
    /// Change of address space that is only reserved, in bytes.
    pub reserved: i64,
    /// Change of the addresses, in bytes.
    pub virtual_size: i64,
    /// Change of the number of mappings.
    pub mappings: i64,
}

/// A change of the number of things with a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CountGrowth {
    /// The name.
    pub name: String,
    /// The change.
    pub count: i64,
}

/// A change of the number of descriptors of a kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DescriptorGrowth {
    /// What they are open on.
    pub kind: DescriptorKind,
    /// The path, where there is one that lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The change.
    pub count: i64,
}

/// `after − before`, clamped to what a signed number holds.
fn difference(before: u64, after: u64) -> i64 {
    let change = i128::from(after) - i128::from(before);
    i64::try_from(change).unwrap_or(if change < 0 { i64::MIN } else { i64::MAX })
}

fn change(before: Option<Bytes>, after: Option<Bytes>) -> Option<i64> {
    Some(difference(before?.0, after?.0))
}

impl ProcessGrowth {
    pub(crate) fn between(before: &ProcessSnapshot, after: &ProcessSnapshot) -> ProcessGrowth {
        let footprint = |of: fn(&super::Footprint) -> u64| {
            Some(difference(of(before.footprint.as_ref()?), of(after.footprint.as_ref()?)))
        };
        ProcessGrowth {
            live_footprint: footprint(|footprint| footprint.live()),
            footprint: footprint(|footprint| footprint.total()),
            page_tables: footprint(|footprint| footprint.page_tables),
            fd_memory: change(before.fd_memory, after.fd_memory),
            resident: change(before.resident, after.resident),
            unique: change(before.unique, after.unique),
            proportional: change(before.proportional, after.proportional),
            reserved: change(before.reserved, after.reserved),
            committed: change(before.committed, after.committed),
            page_cache: change(before.page_cache, after.page_cache),
            peak: change(before.peak, after.peak),
            swap: change(before.swap, after.swap),
            virtual_size: change(before.virtual_size, after.virtual_size),
            mappings: before.mappings.zip(after.mappings).map(|(b, a)| difference(b, a)),
            groups: group_growth(&before.groups, &after.groups),
            threads: thread_growth(before, after),
            children: child_growth(before, after),
            descriptors: descriptor_growth(before, after),
        }
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
        let none = super::MappingSums::default();
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
    let mut groups = deleted::joined(groups.filter(is_changed).collect());
    groups.retain(is_changed);
    // Stable: groups that grew alike stay in the order of their keys.
    groups.sort_by_key(|group| std::cmp::Reverse((group.live, group.virtual_size)));
    groups
}

/// Differences of counts by key, those that are not 0.
fn counted<K: Ord>(before: Vec<(K, i64)>, after: Vec<(K, i64)>) -> Vec<(K, i64)> {
    let mut counts = BTreeMap::new();
    for (key, count) in before {
        *counts.entry(key).or_insert(0) -= count;
    }
    for (key, count) in after {
        *counts.entry(key).or_insert(0) += count;
    }
    counts.into_iter().filter(|(_, count)| *count != 0).collect()
}

fn named(counts: Vec<(String, i64)>) -> Vec<CountGrowth> {
    counts.into_iter().map(|(name, count)| CountGrowth { name, count }).collect()
}

fn thread_growth(before: &ProcessSnapshot, after: &ProcessSnapshot) -> Vec<CountGrowth> {
    let list = |snapshot: &ProcessSnapshot| -> Option<Vec<(String, i64)>> {
        let threads = snapshot.threads.as_ref()?;
        Some(threads.iter().map(|group| (group.name.clone(), group.count as i64)).collect())
    };
    list(before).zip(list(after)).map(|(b, a)| named(counted(b, a))).unwrap_or_default()
}

fn child_growth(before: &ProcessSnapshot, after: &ProcessSnapshot) -> Vec<CountGrowth> {
    let list = |snapshot: &ProcessSnapshot| -> Option<Vec<(String, i64)>> {
        let name = |child: &super::ChildProcess| match child.zombie {
            true => format!("{} (zombie)", child.name),
            false => child.name.clone(),
        };
        Some(snapshot.children.as_ref()?.iter().map(|child| (name(child), 1)).collect())
    };
    list(before).zip(list(after)).map(|(b, a)| named(counted(b, a))).unwrap_or_default()
}

fn descriptor_growth(before: &ProcessSnapshot, after: &ProcessSnapshot) -> Vec<DescriptorGrowth> {
    type Key = (DescriptorKind, Option<String>);
    let list = |snapshot: &ProcessSnapshot| -> Option<Vec<(Key, i64)>> {
        let descriptors = snapshot.descriptors.as_ref()?.iter();
        Some(descriptors.map(|d| ((d.kind, d.lasting_target().map(str::to_owned)), 1)).collect())
    };
    let counts = list(before).zip(list(after)).map(|(b, a)| counted(b, a)).unwrap_or_default();
    counts
        .into_iter()
        .map(|((kind, target), count)| DescriptorGrowth { kind, target, count })
        .collect()
}

impl fmt::Display for GroupGrowth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.live != 0 {
            write!(f, "{} ", signed_size(self.live))?;
        } else if self.reserved != 0 {
            write!(f, "{} of reserved address space: ", signed_size(self.reserved))?;
        } else if self.virtual_size != 0 {
            write!(f, "{} of untouched addresses: ", signed_size(self.virtual_size))?;
        }
        match (self.kind, self.name.is_empty()) {
            // These have one mapping and one set of permissions.
            (Kind::Heap, _) => f.write_str("[heap]")?,
            (Kind::MainStack, _) => f.write_str("[stack]")?,
            (kind, true) => write!(f, "{kind} {}", self.permissions)?,
            (_, false) => write!(f, "{} {}", self.name, self.permissions)?,
        }
        // Of the flags only these change what the memory is to a reader.
        for flag in self.flags.split(' ').filter(|flag| matches!(*flag, "nr" | "ht" | "lo")) {
            write!(f, " {flag}")?;
        }
        match self.mappings {
            0 => Ok(()),
            count if (count > 0) == (self.live > 0 || self.virtual_size > 0) => {
                write!(f, " in {}", things(count.saturating_abs(), "mapping"))
            }
            count => write!(f, ", {}{}", sign(count), things(count.saturating_abs(), "mapping")),
        }
    }
}

impl CountGrowth {
    /// As of threads: `+8 threads named worker`.
    pub(crate) fn of_threads(&self) -> String {
        let count = things(self.count.saturating_abs(), "thread");
        format!("{}{count} named {}", sign(self.count), self.name)
    }

    /// As of children: `+1 child: cat`.
    pub(crate) fn of_children(&self) -> String {
        let word = if self.count.abs() == 1 { "child" } else { "children" };
        let count = grouped(self.count.saturating_abs());
        format!("{}{count} {word}: {}", sign(self.count), self.name)
    }
}

impl fmt::Display for DescriptorGrowth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.count.saturating_abs();
        write!(f, "{}{}: {}", sign(self.count), things(count, "fd"), self.kind)?;
        match &self.target {
            Some(target) => write!(f, " {target}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for ProcessGrowth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines: Vec<String> = self.groups.iter().map(ToString::to_string).collect();
        if let Some(tables) = self.page_tables.filter(|tables| *tables != 0) {
            lines.push(format!("{} page tables", signed_size(tables)));
        }
        if let Some(memory) = self.fd_memory.filter(|memory| *memory != 0) {
            lines.push(format!("{} held only by descriptors", signed_size(memory)));
        }
        lines.extend(self.threads.iter().map(CountGrowth::of_threads));
        lines.extend(self.children.iter().map(CountGrowth::of_children));
        lines.extend(self.descriptors.iter().map(ToString::to_string));
        match lines.is_empty() {
            true => f.write_str("no change"),
            false => f.write_str(&lines.join("\n")),
        }
    }
}

fn sign(count: i64) -> &'static str {
    if count < 0 { "-" } else { "+" }
}

/// `+64 MiB`, `-4 KiB`.
fn signed_size(bytes: i64) -> String {
    format!("{}{}", if bytes < 0 { "" } else { "+" }, scaled(bytes as f64))
}

fn things(count: i64, word: &str) -> String {
    format!("{} {word}{}", grouped(count), if count == 1 { "" } else { "s" })
}

#[cfg(test)]
pub(crate) mod tests;
