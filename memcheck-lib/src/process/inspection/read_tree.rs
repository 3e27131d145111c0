//! Reads a process and its descendants.

use std::collections::{BTreeMap, HashSet};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use procfs::process::Process;

use super::tree::{ProcessTree, TreeProcess, TreeShare};
use crate::process::access;
use crate::process::error::ProcessError;
use crate::process::memory::{Footprint, from_procfs, read_rollup};
use crate::process::proc_files::ProcFile;
use crate::process::resources::{DescriptorScan, HeldFile, children, held_only_by_descriptors};
use crate::process::smaps::{Device, Field, Fields, MappingHeader, read_entries};
use crate::units::Bytes;

/// Reads a process and its descendants. A descendant that cannot be read is listed with the reason.
pub(super) fn read_tree(root: i32) -> ProcessTree {
    let mut tree = ProcessTree::default();
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
            Err(error) => row.problem = Some(error.with_cause()),
        }
        tree.push(row);
        if let Ok(process) = process
            && let Ok(children) = children(&process)
        {
            // The list is a stack: push the last child first, so that the first child is read
            // first.
            waiting.extend(children.iter().rev().map(|child| (child.pid, depth + 1)));
        }
    }
    sums.finish(&mut tree);
    tree
}

/// What must be known of all processes before it can be summed.
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
        tree: &mut ProcessTree,
    ) -> Result<(Option<Footprint>, Fields, TreeShare), ProcessError> {
        access::check(pid)?;
        let path = |name: &str| PathBuf::from(format!("/proc/{pid}/{name}"));
        let explain = |name: &str, error| access::explain(pid, path(name), error);
        let fields = read_rollup(pid).map_err(|e| explain("smaps_rollup", e))?;
        let status = access::read_status(pid).map_err(|e| explain("status", e))?;
        let status = from_procfs(&status);
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
                "some shared memory is swapped out; the kernel does not report whose it is, so the \
                 sums do not contain it"
                    .into(),
            );
        }
        let anonymous = fields.get(Field::PssAnon).or_else(|| {
            tree.note(
                "this kernel has no Pss_Anon: pages that are shared after a fork count in each process"
                    .into(),
            );
            fields.get(Field::Anonymous)
        });
        self.pids.push(pid);
        let bytes = |field| Bytes(fields.get(field).unwrap_or(0));
        let share = TreeShare {
            anonymous: Bytes(anonymous.unwrap_or(0)),
            // On kernels without the field, the footprint has a replacement.
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

    /// A file that one process holds can be mapped by another, so the mappings of all processes are
    /// read.
    fn finish(mut self, tree: &mut ProcessTree) {
        tree.shared_hugetlb = Bytes(self.hugetlb.values().sum());
        if self.held_unknown {
            tree.note(
                "some processes do not let this user read their descriptors: fd memory is unknown"
                    .into(),
            );
            return;
        }
        if !self.held.is_empty() {
            for pid in &self.pids {
                let Ok(maps) = ProcFile::open(format!("/proc/{pid}/maps").into()) else {
                    continue;
                };
                for line in BufReader::new(maps.text()).split(b'\n').map_while(Result::ok) {
                    if let Some(header) = MappingHeader::parse(&line) {
                        self.held.iter_mut().for_each(|file| file.add_mapping(&header));
                    }
                }
            }
        }
        let in_mappings = tree.share.shared_memory.0.saturating_add(tree.shared_hugetlb.0);
        let bytes = held_only_by_descriptors(&mut self.held, in_mappings);
        tree.fd_memory = Some(Bytes(bytes));
    }
}
