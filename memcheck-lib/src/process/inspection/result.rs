//! The result of an inspection, as data.

use serde::{Deserialize, Serialize};

use super::tree::ProcessTree;
use crate::process::smaps::{Mapping, MappingKind, MappingSums};
use crate::process::snapshot::ProcessSnapshot;

/// The version of the JSON format of [`Inspection`].
pub(crate) const INSPECTION_VERSION: u32 = 1;

/// The result of an inspection: what a process uses, what is only address space, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Inspection {
    /// The version of the JSON format.
    pub version: u32,
    /// The result in one sentence.
    pub sentence: String,
    /// The command line of the process.
    pub command: Vec<String>,
    /// All metrics of the process.
    pub process: ProcessSnapshot,
    /// Sums over the mappings of each kind, in a fixed order, without kinds
    /// that have no mappings.
    pub kinds: Vec<KindSums>,
    /// The mappings with the largest footprint, the largest first.
    pub largest: Vec<Mapping>,
    /// The mappings with the most reserved address space, the largest first.
    pub largest_reserved: Vec<Mapping>,
    /// The process with its descendants, if requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree: Option<ProcessTree>,
}

/// Sums over all mappings of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindSums {
    /// The kind.
    pub kind: MappingKind,
    /// The sums.
    pub sums: MappingSums,
}
