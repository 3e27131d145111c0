//! A process with all its descendants, as data. Shared memory counts once.

use serde::{Deserialize, Serialize};

use crate::process::memory::Footprint;
use crate::units::Bytes;

/// The part of one process in the sums of a tree, with its share of shared memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeShare {
    /// `Pss_Anon`: private memory. Pages that are shared after a fork are divided among their
    /// users.
    pub anonymous: Bytes,
    /// `Pss_Shmem`: shared memory, divided among its users.
    pub shared_memory: Bytes,
    /// `SwapPss`: swapped-out memory, divided among its users. The kernel leaves out shared memory.
    pub swap: Bytes,
    /// `Private_Hugetlb`.
    pub private_hugetlb: Bytes,
    /// `VmPTE`.
    pub page_tables: Bytes,
}

impl TreeShare {
    /// The sum of the parts.
    pub fn total(&self) -> Bytes {
        let parts = [self.shared_memory, self.swap, self.private_hugetlb, self.page_tables];
        Bytes(parts.iter().fold(self.anonymous.0, |sum, part| sum.saturating_add(part.0)))
    }

    fn add(&mut self, other: &TreeShare) {
        for (sum, other) in [
            (&mut self.anonymous, other.anonymous),
            (&mut self.shared_memory, other.shared_memory),
            (&mut self.swap, other.swap),
            (&mut self.private_hugetlb, other.private_hugetlb),
            (&mut self.page_tables, other.page_tables),
        ] {
            sum.0 = sum.0.saturating_add(other.0);
        }
    }
}

/// One process of a tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeProcess {
    /// Process ID.
    pub pid: i32,
    /// Distance from the root of the tree.
    pub depth: u32,
    /// Name of its command.
    pub name: String,
    /// `Rss`, which counts shared memory in full in each process.
    pub resident: Option<Bytes>,
    /// The footprint of the process alone.
    pub footprint: Option<Footprint>,
    /// Its part in the sums of the tree. If it is `None`, see `problem`.
    pub share: Option<TreeShare>,
    /// Why the process could not be read: it is a zombie, belongs to another user, or has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// A process and its descendants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessTree {
    /// Parents before their children.
    pub processes: Vec<TreeProcess>,
    /// Sums of the parts.
    pub share: TreeShare,
    /// Huge pages that several mappings share; each file counts once.
    pub shared_hugetlb: Bytes,
    /// Memory that only descriptors hold; each file counts once.
    pub fd_memory: Option<Bytes>,
    /// What the sums do not contain.
    pub notes: Vec<String>,
}

impl ProcessTree {
    /// What the processes cost together. Memory that they share counts once. Memory that they share
    /// with processes outside the tree counts by share.
    pub fn total(&self) -> Bytes {
        Bytes(self.share.total().0.saturating_add(self.shared_hugetlb.0))
    }

    /// Number of processes in the sums.
    pub fn counted(&self) -> usize {
        self.processes.iter().filter(|process| process.share.is_some()).count()
    }

    pub(super) fn push(&mut self, process: TreeProcess) {
        if let Some(share) = &process.share {
            self.share.add(share);
        }
        self.processes.push(process);
    }

    pub(super) fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_has_each_share_and_huge_page_file_once() {
        let share = TreeShare {
            anonymous: Bytes(10),
            shared_memory: Bytes(32),
            swap: Bytes(1),
            private_hugetlb: Bytes(2),
            page_tables: Bytes(3),
        };
        let mut tree = ProcessTree { shared_hugetlb: Bytes(100), ..ProcessTree::default() };
        for (pid, share) in [(1, Some(share)), (2, Some(share)), (3, None)] {
            tree.push(TreeProcess {
                pid,
                depth: 0,
                name: "p".into(),
                resident: None,
                footprint: None,
                share,
                problem: None,
            });
        }
        assert_eq!(tree.total(), Bytes(196));
        assert_eq!(tree.counted(), 2);
    }
}
