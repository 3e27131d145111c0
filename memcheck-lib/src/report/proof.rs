//! The result of `--prove`: leaks that were planted next to a passing test, and whether they were
//! detected.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::metric::{Metric, PlantKind};

/// A leak of one kind and size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Plant {
    /// What is leaked.
    pub kind: PlantKind,
    /// Leaks once in this many iterations.
    pub every: u64,
    /// Number of items each time.
    pub count: u64,
    /// Bytes of each item; 0 for items without a size.
    pub size: u64,
}

impl Plant {
    /// Bytes or items of the metric per iteration.
    pub fn per_iteration(&self) -> f64 {
        let each = if self.kind.metric().is_bytes() { self.size } else { 1 };
        (self.count * each) as f64 / self.every.max(1) as f64
    }
}

/// The result of one planted leak.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", tag = "result")]
#[non_exhaustive]
pub enum TrialResult {
    /// It was called growing.
    Proven,
    /// It was not, so the stated sensitivity of the test is wrong.
    Unproven {
        /// Why, as far as it is known.
        reason: String,
    },
    /// It could not be planted here.
    NotProvable {
        /// Why.
        reason: String,
    },
}

/// One kind of leak, planted next to the body of a test that passed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Trial {
    /// What kind.
    pub kind: PlantKind,
    /// The metric that must be called growing.
    #[serde(alias = "figure")]
    pub metric: Metric,
    /// What was planted; `None` if it could not be planted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plant: Option<Plant>,
    /// The result.
    #[serde(flatten)]
    pub result: TrialResult,
    /// Iterations that were judged with it.
    pub iterations: u64,
    /// Wall time of its runs.
    pub elapsed: Duration,
}

/// The result of `cargo memcheck --prove` for a test that passed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Proof {
    /// One for each kind of leak.
    pub trials: Vec<Trial>,
    /// Wall time of all of them.
    pub elapsed: Duration,
}

impl Proof {
    /// Whether at least one leak was planted, and each was called growing.
    pub fn holds(&self) -> bool {
        let proven = self.trials.iter().any(|trial| trial.result == TrialResult::Proven);
        proven && self.unproven().next().is_none()
    }

    /// The planted leaks that were not called growing.
    pub fn unproven(&self) -> impl Iterator<Item = &Trial> {
        self.trials.iter().filter(|trial| matches!(trial.result, TrialResult::Unproven { .. }))
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
    fn proof_holds_if_every_planted_leak_was_detected() {
        let unproven = || TrialResult::Unproven { reason: "flat".into() };
        let not_provable = || TrialResult::NotProvable { reason: "not counted".into() };
        assert!(proof(&[TrialResult::Proven, not_provable()]).holds());
        assert!(!proof(&[TrialResult::Proven, unproven()]).holds());
        assert!(!proof(&[not_provable()]).holds());
        assert!(!proof(&[]).holds());
    }

    #[test]
    fn json_round_trip() {
        for result in [TrialResult::Proven, TrialResult::Unproven { reason: "flat".into() }] {
            let proof = proof(&[result]);
            let json = serde_json::to_string(&proof).unwrap();
            assert_eq!(serde_json::from_str::<Proof>(&json).unwrap(), proof, "{json}");
        }
    }

    #[test]
    fn rate_of_a_plant_is_in_the_unit_of_its_metric() {
        let plant = |kind, every, count, size| Plant { kind, every, count, size }.per_iteration();
        assert_eq!(plant(PlantKind::Page, 8, 1, 4096), 512.0);
        assert_eq!(plant(PlantKind::RustBlock, 4, 2, 100), 0.5);
    }
}
