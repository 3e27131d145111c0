//! What single iterations allocate.

use serde::{Deserialize, Serialize};

/// What the iterations of the fixed profile allocated: the value when all agree, else the range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Range {
    /// Lowest value of an iteration.
    pub min: u64,
    /// Highest value of an iteration.
    pub max: u64,
    /// The iteration with the highest value, the first of several; counted from 1 over the whole
    /// run, warm-up included.
    #[serde(default)]
    pub at: u64,
}

impl Range {
    /// Of no iteration yet.
    pub(crate) const UNSEEN: Range = Range { min: u64::MAX, max: 0, at: 0 };

    /// Widens the range so that it holds the `value` of iteration `at`.
    pub(crate) fn include(&mut self, value: u64, at: u64) {
        if value > self.max || self.at == 0 {
            (self.max, self.at) = (value, at);
        }
        self.min = self.min.min(value);
    }
}

/// By how many bytes a live heap changed in an iteration: the value when all agree, else the range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Change {
    /// Lowest change of an iteration.
    pub min: i64,
    /// Highest change of an iteration.
    pub max: i64,
}

impl Change {
    /// Of no iteration yet.
    pub(crate) const UNSEEN: Change = Change { min: i64::MAX, max: i64::MIN };

    /// Widens the range so that it holds `bytes`.
    pub(crate) fn include(&mut self, bytes: i64) {
        (self.min, self.max) = (self.min.min(bytes), self.max.max(bytes));
    }
}

/// Allocations per iteration, from a fixed number of iterations after warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Profile {
    /// Iterations profiled (64 unless the body is too slow for it).
    pub iterations: u64,
    /// Calls of the Rust allocator that returned a block (`realloc` included).
    pub allocations: Range,
    /// Bytes those calls asked for.
    pub bytes: Range,
    /// Highest live Rust heap above the start of the iteration, when it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak: Option<Range>,
    /// Change of the live Rust heap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heap: Option<Change>,
    /// Change of the live C heap, where it is counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub c_heap: Option<Change>,
    /// Whether one thread made all the allocations and frees. Only then are `peak`, `heap` and
    /// `c_heap` the same in every run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub one_thread: bool,
}

/// A limit on what an iteration allocates that an iteration passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Exceeded {
    /// What is limited.
    pub what: ProfileLimit,
    /// The limit that the user set.
    pub limit: u64,
    /// The value of the worst iteration.
    pub value: u64,
    /// That iteration, counted from 1 over the whole run.
    pub iteration: u64,
}

/// What an iteration can be held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ProfileLimit {
    /// Number of allocations.
    Allocations,
    /// Bytes allocated.
    Bytes,
    /// Highest live heap above the start.
    Peak,
}
