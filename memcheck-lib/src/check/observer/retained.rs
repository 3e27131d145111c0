//! Retained or leaked: before a test is called growing or inconclusive for its footprint alone, its
//! allocators are asked to give memory back and the same number of iterations runs again.

use std::time::Duration;

use super::subject::{Interruption, Subject};
use crate::figure::Figure;
use crate::growth::{Advice, Conclusion, FigureReport, Shape, Verdict};
use crate::report::{Finding, Retention, Warning};
use crate::units::{grouped, scaled};

/// Parts in which the iterations run again, so that a body that became slow is not run past its
/// timeout.
const PARTS: u64 = 8;

/// Looks again at a run that only its footprint makes growing or inconclusive. `spent` is the time of the judged
/// part, `timeout` what the whole check may take; without time for as much again nothing is tried.
pub(super) fn look(
    subject: &mut impl Subject,
    conclusion: &Conclusion,
    spent: Duration,
    timeout: Duration,
) -> Result<Option<Retention>, Interruption> {
    let Some(resident) = at_fault(conclusion) else { return Ok(None) };
    let iterations = conclusion.iterations;
    if subject.elapsed() + spent.mul_f64(1.5) > timeout {
        return Ok(None);
    }
    let Some(grown) = footprint(subject) else { return Ok(None) };
    subject.trim()?;
    let Some(before) = footprint(subject) else { return Ok(None) };
    for part in 0..PARTS {
        let batch = iterations * (part + 1) / PARTS - iterations * part / PARTS;
        if batch == 0 {
            continue;
        }
        subject.run(batch)?;
        if subject.elapsed() + spent / PARTS as u32 > timeout {
            return Ok(None);
        }
    }
    subject.trim()?;
    let Some(after) = footprint(subject) else { return Ok(None) };
    Ok(Some(Retention::new(iterations, resident.growth, grown - before, after - before)))
}

/// The report on the footprint, if that is all that grows; or if nothing does and it is all of which
/// that cannot be told.
fn at_fault(conclusion: &Conclusion) -> Option<&FigureReport> {
    let of = |verdict| conclusion.figures.iter().filter(move |of| of.verdict == verdict);
    let worst = match of(Verdict::Growing).next() {
        Some(_) => Verdict::Growing,
        None if of(Verdict::OverLimit).next().is_some() => return None,
        None => Verdict::Inconclusive,
    };
    let mut worst = of(worst);
    let first = worst.next()?;
    let alone = first.figure == Figure::Resident && worst.next().is_none();
    (alone && first.shape != Shape::TooShort).then_some(first)
}

fn footprint(subject: &mut impl Subject) -> Option<i64> {
    let live = subject.sample().footprint?.live();
    i64::try_from(live).ok()
}

/// Takes retained memory out of the verdict. A limit that the user set is absolute: passed by
/// retained memory it is passed.
///
/// A rise of which it cannot be told whether it goes on need not come again soon. So such a one is
/// retained only if all of it came back.
pub(super) fn apply(conclusion: &mut Conclusion, retention: Option<&Retention>) {
    let Some(retention) = retention.filter(|of| of.finding == Finding::Retained) else { return };
    let all_back = retention.given_back >= retention.growth;
    for of in &mut conclusion.figures {
        if of.figure == Figure::Resident && (of.verdict == Verdict::Growing || all_back) {
            let over = of.limit.is_some_and(|limit| i128::from(of.growth) > i128::from(limit));
            of.verdict = if over { Verdict::OverLimit } else { Verdict::Steady };
        }
    }
    let settled = conclusion
        .figures
        .iter()
        .any(|of| of.figure == Figure::Resident && of.verdict != Verdict::Inconclusive);
    conclusion.advice.retain(|advice| !(settled && is_of_growth(advice)));
    let unread = conclusion.advice.iter().any(|of| matches!(of, Advice::Unreadable { .. }));
    let floor = unread.then_some(Verdict::Inconclusive);
    conclusion.verdict = conclusion.figures.iter().map(|of| of.verdict).max().max(floor);
}

/// Whether advice is about a footprint that grows, or may.
fn is_of_growth(advice: &Advice) -> bool {
    matches!(
        advice,
        Advice::MayStillFill { figure: Figure::Resident, .. }
            | Advice::StillFilling { figure: Figure::Resident, .. }
            | Advice::RoseLate { figure: Figure::Resident, .. }
    )
}

/// What the reader of a test with retained memory must know.
pub(super) fn warning(retention: &Retention, verdict: Option<Verdict>) -> Option<Warning> {
    let Retention { iterations, growth, given_back, again, .. } = *retention;
    let is_so = retention.finding == Finding::Retained && verdict != Some(Verdict::Inconclusive);
    is_so.then(|| Warning {
        code: "retained".to_owned(),
        message: format!(
            "the footprint grew by {} over {} iterations with a steady heap, but is retained by the allocator, not leaked: asked to give memory back it returned {}, and as many iterations again added {}",
            scaled(growth as f64),
            grouped(iterations as i64),
            scaled(given_back.max(0) as f64),
            scaled(again.max(0) as f64),
        ),
    })
}

#[cfg(test)]
mod tests;
