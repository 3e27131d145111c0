//! What changed in a process between two snapshots: data and text.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::process::resources::DescriptorKind;
use crate::process::smaps::MappingKind;
use crate::units::{grouped, scaled};

/// What changed in a process between two snapshots. Sizes are in bytes and signed. A field is
/// `None` if one of the snapshots does not have the metric.
///
/// `Display` prints one line per change, the largest growth first:
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
    /// Footprint without lazily freed pages. This is judged.
    pub live_footprint: Option<i64>,
    /// Footprint.
    pub footprint: Option<i64>,
    /// Memory that only descriptors hold.
    pub fd_memory: Option<i64>,
    /// `Rss`.
    pub resident: Option<i64>,
    /// `Private_Clean + Private_Dirty`.
    pub unique: Option<i64>,
    /// `Pss`.
    pub proportional: Option<i64>,
    /// Reserved address space.
    pub reserved: Option<i64>,
    /// Committed memory.
    pub committed: Option<i64>,
    /// `Pss_File`.
    pub page_cache: Option<i64>,
    /// Highest resident set.
    pub peak: Option<i64>,
    /// Swapped-out memory.
    pub swap: Option<i64>,
    /// Page tables.
    pub page_tables: Option<i64>,
    /// `VmSize`.
    pub virtual_size: Option<i64>,
    /// Mappings.
    pub mappings: Option<i64>,
    /// The groups of mappings that changed, the largest growth of memory first.
    #[doc(hidden)]
    pub groups: Vec<GroupGrowth>,
    /// The changed numbers of threads, by name.
    #[doc(hidden)]
    pub threads: Vec<CountGrowth>,
    /// The changed numbers of children, by name. Zombies have ` (zombie)` after the name.
    #[doc(hidden)]
    pub children: Vec<CountGrowth>,
    /// The changed numbers of descriptors, by kind and target.
    #[doc(hidden)]
    pub descriptors: Vec<DescriptorGrowth>,
}

/// What changed in the mappings with one kind, name, permissions and flags.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct GroupGrowth {
    /// The kind of memory.
    pub kind: MappingKind,
    /// Path or name; empty for anonymous memory.
    pub name: String,
    /// Permissions, like `rw-p`.
    pub permissions: String,
    /// The VmFlags that distinguish sorts of memory.
    pub flags: String,
    /// Change of the live footprint, in bytes.
    pub live: i64,
    /// Change of reserved address space, in bytes.
    pub reserved: i64,
    /// Change of the virtual size, in bytes.
    pub virtual_size: i64,
    /// Change of the number of mappings.
    pub mappings: i64,
}

/// A change of the number of threads or children with a name.
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
    /// What they refer to.
    pub kind: DescriptorKind,
    /// The path, if it is the same in every run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The change.
    pub count: i64,
}

impl fmt::Display for GroupGrowth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.live != 0 {
            write!(f, "{} ", signed_size(self.live))?;
        } else if self.reserved != 0 {
            write!(f, "{} of reserved address space: ", signed_size(self.reserved))?;
        } else if self.virtual_size != 0 {
            write!(f, "{} of untouched address space: ", signed_size(self.virtual_size))?;
        }
        match (self.kind, self.name.is_empty()) {
            // A process has one mapping of these kinds, always with the same permissions.
            (MappingKind::Heap, _) => f.write_str("[heap]")?,
            (MappingKind::MainStack, _) => f.write_str("[stack]")?,
            (kind, true) => write!(f, "{kind} {}", self.permissions)?,
            (_, false) => write!(f, "{} {}", self.name, self.permissions)?,
        }
        // Only these flags tell a reader something about the memory.
        for flag in self.flags.split(' ').filter(|flag| matches!(*flag, "nr" | "ht" | "lo")) {
            write!(f, " {flag}")?;
        }
        match self.mappings {
            0 => Ok(()),
            count if (count > 0) == (self.live > 0 || self.virtual_size > 0) => {
                write!(f, " in {}", counted(count.saturating_abs(), "mapping"))
            }
            count => write!(f, ", {}{}", sign(count), counted(count.saturating_abs(), "mapping")),
        }
    }
}

impl CountGrowth {
    /// The change as text for threads: `+8 threads named worker`.
    pub(crate) fn of_threads(&self) -> String {
        let count = counted(self.count.saturating_abs(), "thread");
        format!("{}{count} named {}", sign(self.count), self.name)
    }

    /// The change as text for children: `+1 child: cat`.
    pub(crate) fn of_children(&self) -> String {
        let word = if self.count.abs() == 1 { "child" } else { "children" };
        let count = grouped(self.count.saturating_abs());
        format!("{}{count} {word}: {}", sign(self.count), self.name)
    }
}

impl fmt::Display for DescriptorGrowth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.count.saturating_abs();
        write!(f, "{}{}: {}", sign(self.count), counted(count, "fd"), self.kind)?;
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

fn counted(count: i64, word: &str) -> String {
    format!("{} {word}{}", grouped(count), if count == 1 { "" } else { "s" })
}
