//! Behind or leaked: before a test that works with other threads is called growing, those may finish
//! what its iterations handed to them. On a busy machine a thread that drops late has no time to do
//! so between the iterations, and its queue looks like a leak.

use std::time::Duration;

use super::quiet::drained;
use super::subject::{Interruption, Subject};
use crate::check::message::Checkpoint;
use crate::figure::Figure;
use crate::growth::{Advice, Conclusion, Readings, Verdict};

/// Of what a leak leaves behind nothing goes by waiting. What goes by more than this share of the
/// growth was none.
const GONE: f64 = 0.25;

/// Waits for the subject's other threads, at most for `limit`, if anything that they could release
/// grows, and takes out of the verdict what they released. That is not a pass: how much of the
/// growth was a leak beside it cannot be said. `read` makes the readings as at a checkpoint.
pub(super) fn look<S: Subject>(
    subject: &mut S,
    conclusion: &mut Conclusion,
    limit: Duration,
    read: impl FnOnce(&mut S, &Checkpoint) -> Readings,
) -> Result<(), Interruption> {
    let growing: Vec<Figure> = conclusion
        .figures
        .iter()
        // What the allocator keeps of the footprint is another matter.
        .filter(|of| of.verdict == Verdict::Growing && of.figure != Figure::Resident)
        .map(|of| of.figure)
        .collect();
    if growing.is_empty() {
        return Ok(());
    }
    let rested = drained(subject, limit)?;
    let readings = read(subject, &rested);
    for figure in growing {
        let Some((grown, left)) = change(conclusion, figure, &readings) else { continue };
        if (left as f64) < grown as f64 * (1.0 - GONE) {
            // It may be below where it began: threads were behind then, too.
            let advice = Advice::FellBehind { figure, grown, left: left.max(0) };
            conclusion.revise(figure, Verdict::Inconclusive, Some(advice));
        }
    }
    Ok(())
}

/// By how much a figure had grown at the last checkpoint, and by how much it has now.
fn change(conclusion: &Conclusion, figure: Figure, now: &Readings) -> Option<(i64, i64)> {
    let of = conclusion.figures.iter().find(|of| of.figure == figure)?;
    let last = of.windows.last()?.last()?;
    Some((of.growth, of.growth.saturating_sub(last.saturating_sub(now.get(figure)?))))
}
