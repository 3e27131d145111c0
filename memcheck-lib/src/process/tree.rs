//! A process with all its descendants, shared memory counted once.

use serde::{Deserialize, Serialize};

use super::footprint::Footprint;
use crate::units::Bytes;

/// What one process has in the sums of a tree: its share of what it shares with others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeShare {
    /// `Pss_Anon`: private memory; pages still shared after a fork are divided among their users.
    pub anonymous: Bytes,
    /// `Pss_Shmem`: shared memory, divided among its users.
    pub shared_memory: Bytes,
    /// `SwapPss`: swapped out, divided; without swapped shared memory, which the kernel leaves out.
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
    /// Its pid.
    pub pid: i32,
    /// Steps from the root of the tree, which has 0.
    pub depth: u32,
    /// Name of its command.
    pub name: String,
    /// `Rss`: counts what is shared in full in each process.
    pub resident: Option<Bytes>,
    /// What the process costs when looked at alone.
    pub footprint: Option<Footprint>,
    /// What it has in the sums of the tree. `None`: see `problem`.
    pub share: Option<TreeShare>,
    /// Why the process could not be read: a zombie, another user's, ended meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// A process and its descendants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tree {
    /// Parents before their children.
    pub processes: Vec<TreeProcess>,
    /// Sums of the shares.
    pub share: TreeShare,
    /// Huge pages that several mappings share, each file of them once.
    pub shared_hugetlb: Bytes,
    /// Memory that only descriptors hold, each file once.
    pub fd_memory: Option<Bytes>,
    /// What the sums leave out.
    pub notes: Vec<String>,
}

impl Tree {
    /// What the processes cost together, memory shared between them counted once. Memory shared
    /// with processes outside the tree counts by share.
    pub fn total(&self) -> Bytes {
        Bytes(self.share.total().0.saturating_add(self.shared_hugetlb.0))
    }

    /// Processes that are in the sums.
    pub fn counted(&self) -> usize {
        self.processes.iter().filter(|process| process.share.is_some()).count()
    }

    pub(crate) fn push(&mut self, process: TreeProcess) {
        if let Some(share) = &process.share {
            self.share.add(share);
        }
        self.processes.push(process);
    }

    pub(crate) fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

#[cfg(target_os = "linux")]
pub(crate) use self::linux::read;

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::{BTreeMap, HashSet};
    use std::io::{BufRead, BufReader};
    use std::path::PathBuf;

    use procfs::process::Process;

    use super::{Tree, TreeProcess, TreeShare};
    use crate::process::descriptor_memory::{DescriptorScan, HeldFile, held_only_by_descriptors};
    use crate::process::error::ProcessError;
    use crate::process::fields::{Field, Fields};
    use crate::process::footprint::Footprint;
    use crate::process::proc_files::ProcFile;
    use crate::process::smaps::{Device, Header, read_entries};
    use crate::process::{gather, identify, tasks};
    use crate::units::Bytes;

    /// Reads a process and its descendants. A descendant that cannot be read is listed with why.
    pub(crate) fn read(root: i32) -> Tree {
        let mut tree = Tree::default();
        let mut sums = Sums::default();
        let mut seen = HashSet::new();
        let mut waiting = vec![(root, 0)];
        while let Some((pid, depth)) = waiting.pop() {
            if !seen.insert(pid) {
                continue;
            }
            let process = Process::new(pid);
            let name = process.as_ref().ok().and_then(|process| process.stat().ok());
            let name = name.map_or_else(|| "?".to_owned(), |stat| stat.comm);
            let mut row = TreeProcess {
                pid,
                depth,
                name,
                resident: None,
                footprint: None,
                share: None,
                problem: None,
            };
            match sums.read(pid, &mut tree) {
                Ok((footprint, fields, share)) => {
                    row.footprint = footprint;
                    row.resident = fields.get(Field::Rss).map(Bytes);
                    row.share = Some(share);
                }
                Err(error) => row.problem = Some(error.to_string()),
            }
            tree.push(row);
            if let Ok(process) = process
                && let Ok(children) = tasks::children(&process)
            {
                // A stack: the last child is put first, so that the first is read first.
                waiting.extend(children.iter().rev().map(|child| (child.pid, depth + 1)));
            }
        }
        sums.finish(&mut tree);
        tree
    }

    /// What has to be known of all processes before it can be summed.
    #[derive(Debug, Default)]
    struct Sums {
        pids: Vec<i32>,
        hugetlb: BTreeMap<(Device, u64), u64>,
        held: Vec<HeldFile>,
        held_unknown: bool,
    }

    impl Sums {
        fn read(
            &mut self,
            pid: i32,
            tree: &mut Tree,
        ) -> Result<(Option<Footprint>, Fields, TreeShare), ProcessError> {
            identify::check(pid)?;
            let path = |name: &str| PathBuf::from(format!("/proc/{pid}/{name}"));
            let explain = |name: &str, error| identify::explain(pid, path(name), error);
            let fields = gather::read_rollup(pid).map_err(|e| explain("smaps_rollup", e))?;
            let status = identify::read_status(pid).map_err(|e| explain("status", e))?;
            let status = gather::status_fields(&status);
            let footprint = Footprint::from_fields(&fields, &status, &mut |note| tree.note(note));
            let mut held = Vec::new();
            match DescriptorScan::open(pid).and_then(|mut scan| scan.scan(&mut held)) {
                Ok(_) => self.hold(held),
                Err(_) => self.held_unknown = true,
            }
            if fields.get(Field::SharedHugetlb).is_some_and(|bytes| bytes > 0) {
                self.read_hugetlb(pid).map_err(|error| explain("smaps", error))?;
            }
            let shared_in_swap =
                fields.get(Field::Swap).unwrap_or(0).saturating_sub(status.swap.unwrap_or(0));
            if shared_in_swap > 0 {
                tree.note(
                    "some shared memory is swapped out; the kernel does not say whose it is, so \
                     the sums are without it"
                        .into(),
                );
            }
            let anonymous = fields.get(Field::PssAnon).or_else(|| {
                tree.note(
                    "this kernel has no Pss_Anon: pages shared after a fork count in each process"
                        .into(),
                );
                fields.get(Field::Anonymous)
            });
            self.pids.push(pid);
            let bytes = |field| Bytes(fields.get(field).unwrap_or(0));
            let share = TreeShare {
                anonymous: Bytes(anonymous.unwrap_or(0)),
                // With what stands in for it on kernels without the field.
                shared_memory: Bytes(footprint.map_or(0, |footprint| footprint.pss_shmem)),
                swap: bytes(Field::SwapPss),
                private_hugetlb: bytes(Field::PrivateHugetlb),
                page_tables: Bytes(status.page_tables.unwrap_or(0)),
            };
            Ok((footprint, fields, share))
        }

        fn hold(&mut self, files: Vec<HeldFile>) {
            for file in files {
                let known = |f: &HeldFile| (f.device, f.inode) == (file.device, file.inode);
                if !self.held.iter().any(known) {
                    self.held.push(file);
                }
            }
        }

        fn read_hugetlb(&mut self, pid: i32) -> std::io::Result<()> {
            let smaps = ProcFile::open(format!("/proc/{pid}/smaps").into())?;
            read_entries(smaps.text(), |entry, _| {
                let shared = entry.fields.get(Field::SharedHugetlb).unwrap_or(0);
                if shared > 0 {
                    let of = self.hugetlb.entry((entry.device, entry.inode)).or_default();
                    *of = (*of).max(shared);
                }
            })?;
            Ok(())
        }

        /// A file held by one process may be mapped by another: all maps are looked at.
        fn finish(mut self, tree: &mut Tree) {
            tree.shared_hugetlb = Bytes(self.hugetlb.values().sum());
            if self.held_unknown {
                tree.note("not every process lets its descriptors be read: no fd memory".into());
                return;
            }
            if !self.held.is_empty() {
                for pid in &self.pids {
                    let Ok(maps) = ProcFile::open(format!("/proc/{pid}/maps").into()) else {
                        continue;
                    };
                    for line in BufReader::new(maps.text()).split(b'\n').map_while(Result::ok) {
                        if let Some(header) = Header::parse(&line) {
                            self.held.iter_mut().for_each(|file| file.see_mapping(&header));
                        }
                    }
                }
            }
            let in_mappings = tree.share.shared_memory.0.saturating_add(tree.shared_hugetlb.0);
            let bytes = held_only_by_descriptors(&mut self.held, in_mappings);
            tree.fd_memory = Some(Bytes(bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_shares_and_each_huge_file_once() {
        let share = TreeShare {
            anonymous: Bytes(10),
            shared_memory: Bytes(32),
            swap: Bytes(1),
            private_hugetlb: Bytes(2),
            page_tables: Bytes(3),
        };
        let mut tree = Tree { shared_hugetlb: Bytes(100), ..Tree::default() };
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
