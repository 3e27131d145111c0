//! What each iteration allocates.

use serde::{Deserialize, Serialize};

/// Lowest and highest value of the profiled iterations; equal if all agree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct IterationRange {
    /// Lowest value of an iteration.
    pub min: u64,
    /// Highest value of an iteration.
    pub max: u64,
    /// The first iteration with the highest value, counted from 1 over the whole run, including the
    /// warm-up.
    #[serde(default)]
    pub at: u64,
}

impl IterationRange {
    /// The range of no iteration.
    pub(crate) const UNSEEN: IterationRange = IterationRange { min: u64::MAX, max: 0, at: 0 };

    /// Includes the `value` of iteration `at`.
    pub(crate) fn include(&mut self, value: u64, at: u64) {
        if value > self.max || self.at == 0 {
            (self.max, self.at) = (value, at);
        }
        self.min = self.min.min(value);
    }
}

/// Lowest and highest change of a live heap in one iteration, in bytes; equal if all agree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct HeapChange {
    /// Lowest change of an iteration.
    pub min: i64,
    /// Highest change of an iteration.
    pub max: i64,
}

impl HeapChange {
    /// The range of no iteration.
    pub(crate) const UNSEEN: HeapChange = HeapChange { min: i64::MAX, max: i64::MIN };

    /// Includes a change of `bytes`.
    pub(crate) fn include(&mut self, bytes: i64) {
        (self.min, self.max) = (self.min.min(bytes), self.max.max(bytes));
    }
}

/// Allocations per iteration, from a fixed number of iterations after warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AllocationProfile {
    /// Profiled iterations: 64, unless the body is too slow for that.
    pub iterations: u64,
    /// Calls of the Rust allocator that returned a block, including `realloc`.
    pub allocations: IterationRange,
    /// Bytes that those calls requested.
    pub bytes: IterationRange,
    /// Highest live Rust heap above that at the start of the iteration, if it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak: Option<IterationRange>,
    /// Change of the live Rust heap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heap: Option<HeapChange>,
    /// Change of the live C heap, if it is counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub c_heap: Option<HeapChange>,
    /// Whether one thread made all the allocations and frees. Only then are `peak`, `heap` and
    /// `c_heap` the same in every run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub one_thread: bool,
}

/// A limit on the allocations of one iteration that was exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ExceededLimit {
    /// What the limit holds.
    pub what: AllocationLimit,
    /// The limit that the user set.
    pub limit: u64,
    /// The value of the worst iteration.
    pub value: u64,
    /// That iteration, counted from 1 over the whole run.
    pub iteration: u64,
}

/// What a limit on one iteration can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum AllocationLimit {
    /// Number of allocations.
    Allocations,
    /// Bytes allocated.
    Bytes,
    /// Highest live heap above that at the start of the iteration.
    Peak,
}
