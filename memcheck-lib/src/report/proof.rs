//! That a passing test would have been called a leak: what was planted beside it, and what came of
//! it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Report;
use crate::metric::Metric;

/// What is leaked on purpose beside the body of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum PlantKind {
    /// A block of Rust's allocator.
    RustBlock,
    /// A block of `malloc`.
    CBlock,
    /// Touched anonymous pages in no allocator's keeping.
    Page,
    /// A file descriptor.
    Fd,
    /// A thread that sleeps for ever.
    Thread,
    /// A `Vec` that is pushed to: its bytes double now and then, its blocks stay one.
    GrowingVec,
}

impl PlantKind {
    /// Every kind, in the order they are planted in.
    pub const ALL: [PlantKind; 6] = [
        PlantKind::RustBlock,
        PlantKind::CBlock,
        PlantKind::Page,
        PlantKind::Fd,
        PlantKind::Thread,
        PlantKind::GrowingVec,
    ];

    /// The metric that must be called growing.
    pub const fn metric(self) -> Metric {
        match self {
            PlantKind::RustBlock => Metric::HeapBlocks,
            PlantKind::CBlock => Metric::NativeBlocks,
            PlantKind::Page => Metric::Resident,
            PlantKind::Fd => Metric::Fds,
            PlantKind::Thread => Metric::Threads,
            PlantKind::GrowingVec => Metric::HeapBytes,
        }
    }

    /// What it is called in sentences: `Rust block`.
    pub const fn name(self) -> &'static str {
        match self {
            PlantKind::RustBlock => "Rust block",
            PlantKind::CBlock => "C block",
            PlantKind::Page => "page",
            PlantKind::Fd => "fd",
            PlantKind::Thread => "thread",
            PlantKind::GrowingVec => "growing Vec",
        }
    }
}

impl fmt::Display for PlantKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A leak of one kind and size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Plant {
    /// What is leaked.
    pub kind: PlantKind,
    /// After every so many iterations.
    pub every: u64,
    /// How many at a time.
    pub count: u64,
    /// Bytes of each; 0 for what has no size.
    pub size: u64,
}

impl Plant {
    /// Bytes or items of the planted metric for each iteration.
    pub fn per_iteration(&self) -> f64 {
        let each = if self.kind.metric().is_bytes() { self.size } else { 1 };
        (self.count * each) as f64 / self.every.max(1) as f64
    }
}

/// What came of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", tag = "result")]
#[non_exhaustive]
pub enum TrialResult {
    /// It was called growing.
    Proven,
    /// It was not, so a leak of the size that the test says it would have seen may pass unseen.
    Unproven {
        /// Why, as far as known.
        reason: String,
    },
    /// It could not be planted here.
    NotProvable {
        /// Why.
        reason: String,
    },
}

/// One kind of leak, planted beside the body of a test that passed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Trial {
    /// What kind.
    pub kind: PlantKind,
    /// The metric that must be called growing.
    #[serde(alias = "figure")]
    pub metric: Metric,
    /// How much was planted; `None` where nothing could be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plant: Option<Plant>,
    /// What came of it.
    #[serde(flatten)]
    pub result: TrialResult,
    /// Iterations judged with it.
    pub iterations: u64,
    /// Wall time of its runs.
    pub elapsed: Duration,
}

/// What `cargo memcheck --prove` found out of a test that passed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Proof {
    /// One for each kind of leak.
    pub trials: Vec<Trial>,
    /// Wall time of all of them.
    pub elapsed: Duration,
}

impl Proof {
    /// Whether every leak that could be planted was called growing, and there was one.
    pub fn holds(&self) -> bool {
        let proven = self.trials.iter().any(|trial| trial.result == TrialResult::Proven);
        proven && self.unproven().next().is_none()
    }

    /// The planted leaks that were not called growing.
    pub fn unproven(&self) -> impl Iterator<Item = &Trial> {
        self.trials.iter().filter(|trial| matches!(trial.result, TrialResult::Unproven { .. }))
    }
}

impl Report {
    /// Whether the test was to be proven and was not.
    pub fn is_unproven(&self) -> bool {
        self.proof.as_ref().is_some_and(|proof| !proof.holds())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof(results: &[TrialResult]) -> Proof {
        let trial = |result: &TrialResult| Trial {
            kind: PlantKind::Fd,
            metric: Metric::Fds,
            plant: Some(Plant { kind: PlantKind::Fd, every: 64, count: 1, size: 0 }),
            result: result.clone(),
            iterations: 4080,
            elapsed: Duration::ZERO,
        };
        Proof { trials: results.iter().map(trial).collect(), elapsed: Duration::ZERO }
    }

    #[test]
    fn holds_when_all_that_could_be_planted_was_seen() {
        let unproven = || TrialResult::Unproven { reason: "flat".into() };
        let not_provable = || TrialResult::NotProvable { reason: "not counted".into() };
        assert!(proof(&[TrialResult::Proven, not_provable()]).holds());
        assert!(!proof(&[TrialResult::Proven, unproven()]).holds());
        assert!(!proof(&[not_provable()]).holds());
        assert!(!proof(&[]).holds());
    }

    #[test]
    fn travels_as_json() {
        for result in [TrialResult::Proven, TrialResult::Unproven { reason: "flat".into() }] {
            let proof = proof(&[result]);
            let json = serde_json::to_string(&proof).unwrap();
            assert_eq!(serde_json::from_str::<Proof>(&json).unwrap(), proof, "{json}");
        }
    }

    #[test]
    fn a_plant_says_its_rate_in_the_unit_of_its_metric() {
        let plant = |kind, every, count, size| Plant { kind, every, count, size }.per_iteration();
        assert_eq!(plant(PlantKind::Page, 8, 1, 4096), 512.0);
        assert_eq!(plant(PlantKind::RustBlock, 4, 2, 100), 0.5);
    }
}
