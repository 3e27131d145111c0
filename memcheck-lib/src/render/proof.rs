//! Sentences about planted leaks.

use crate::report::{Plant, PlantKind, Report, TrialResult};
use crate::units::{Bytes, every, grouped};

/// The planted leaks and whether each was detected, for a line below that of the test; `None` without
/// `--prove`.
///
/// ```text
/// proven: Rust block 1/72 iter · page 4 KiB/51 iter · fd 1/72 iter; not provable: C block (…)
/// ```
pub fn proof(report: &Report) -> Option<String> {
    let proof = report.proof.as_ref()?;
    let (mut proven, mut unproven, mut impossible) = (Vec::new(), Vec::new(), Vec::new());
    for trial in &proof.trials {
        let planted = trial.plant.as_ref().map_or_else(|| trial.kind.to_string(), short);
        match &trial.result {
            TrialResult::Proven => proven.push(planted),
            TrialResult::Unproven { .. } => unproven.push(planted),
            TrialResult::NotProvable { reason } => impossible.push(format!("{planted} ({reason})")),
        }
    }
    let parts = [("proven", proven), ("unproven", unproven), ("not provable", impossible)];
    let parts = parts.into_iter().filter(|(_, trials)| !trials.is_empty());
    let parts: Vec<String> =
        parts.map(|(word, trials)| format!("{word}: {}", trials.join(" · "))).collect();
    Some(parts.join("; "))
}

/// A sentence for each planted leak that was missed, or one if none could be planted.
pub(super) fn unproven(report: &Report) -> Vec<String> {
    let Some(proof) = report.proof.as_ref().filter(|proof| !proof.holds()) else {
        return Vec::new();
    };
    let sentences: Vec<String> = proof
        .trials
        .iter()
        .filter_map(|trial| match (&trial.result, &trial.plant) {
            (TrialResult::Unproven { reason }, Some(plant)) => Some(format!(
                "memcheck missed a planted leak of {}, which is within the stated sensitivity: {reason}",
                long(plant)
            )),
            _ => None,
        })
        .collect();
    match sentences.is_empty() {
        true => {
            vec![
                "no leak could be planted, so it is not proven that a leak would be detected"
                    .to_owned(),
            ]
        }
        false => sentences,
    }
}

/// `fd 1/72 iter`, `page 4 KiB/51 iter`
fn short(plant: &Plant) -> String {
    let amount = match plant.kind {
        PlantKind::Page | PlantKind::GrowingVec => Bytes(plant.size).to_string(),
        _ => grouped(plant.count as i64),
    };
    match plant.every {
        1 => format!("{} {amount}/iter", plant.kind),
        every => format!("{} {amount}/{} iter", plant.kind, grouped(every as i64)),
    }
}

/// `1 fd in every 72 iterations`
fn long(plant: &Plant) -> String {
    let plural = if plant.count == 1 { "" } else { "s" };
    let what = match plant.kind {
        PlantKind::GrowingVec => {
            return format!("a `Vec` that grows by {} in every iteration", Bytes(plant.size));
        }
        PlantKind::Page => format!("{} of touched pages", Bytes(plant.size)),
        PlantKind::RustBlock | PlantKind::CBlock => {
            format!(
                "{} {}{plural} of {}",
                grouped(plant.count as i64),
                plant.kind,
                Bytes(plant.size)
            )
        }
        PlantKind::Fd | PlantKind::Thread => {
            format!("{} {}{plural}", grouped(plant.count as i64), plant.kind)
        }
    };
    format!("{what} in {}", every(plant.every as f64))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::detect::Verdict;
    use crate::report::{Outcome, Proof, TestId, Trial};

    fn report(results: &[(PlantKind, TrialResult)]) -> Report {
        let trial = |(kind, result): &(PlantKind, TrialResult)| {
            let size = if *kind == PlantKind::Page { 4096 } else { 1 };
            let planted = !matches!(result, TrialResult::NotProvable { .. });
            Trial {
                kind: *kind,
                metric: kind.metric(),
                plant: planted.then_some(Plant { kind: *kind, every: 72, count: 1, size }),
                result: result.clone(),
                iterations: 4080,
                elapsed: Duration::ZERO,
            }
        };
        let trials = results.iter().map(trial).collect();
        Report {
            verdict: Some(Verdict::Steady),
            proof: Some(Proof { trials, elapsed: Duration::ZERO }),
            ..Report::unobserved(TestId::default(), Outcome::Passed)
        }
    }

    #[test]
    fn line_groups_the_planted_leaks_by_result() {
        let off = TrialResult::NotProvable { reason: "the C heap is not counted".into() };
        let report = report(&[
            (PlantKind::RustBlock, TrialResult::Proven),
            (PlantKind::CBlock, off),
            (PlantKind::Page, TrialResult::Proven),
        ]);
        assert_eq!(
            proof(&report).unwrap(),
            "proven: Rust block 1/72 iter · page 4 KiB/72 iter; not provable: C block (the C heap is not counted)"
        );
        assert!(report.is_success() && unproven(&report).is_empty());
    }

    #[test]
    fn missed_leak_is_reported_with_size_and_reason() {
        let missed = TrialResult::Unproven { reason: "fds was called steady".into() };
        let report = report(&[(PlantKind::Fd, missed), (PlantKind::Page, TrialResult::Proven)]);
        assert!(!report.is_success());
        let text = crate::render::details(&report);
        let expected = "error[unproven]: memcheck missed a planted leak of 1 fd in every 72 iterations, which is within the stated sensitivity: fds was called steady\n";
        assert!(text.starts_with(expected), "{text}");
    }

    #[test]
    fn test_without_planted_leaks_is_unproven() {
        let report = report(&[(PlantKind::Fd, TrialResult::NotProvable { reason: "none".into() })]);
        assert!(report.is_unproven());
        assert_eq!(unproven(&report).len(), 1);
    }
}
