//! What is wrong with a test, in one sentence each.

use super::allocators;
use super::phrases::{self, exceeded, signed};
use crate::metric::{Cause, Heap, Metric};
use crate::report::{Conditions, MetricReport, Outcome, Report, Verdict};
use crate::units::{Bytes, grouped};

/// What is wrong, in one sentence.
pub(super) struct Headline {
    /// Short stable name.
    pub(super) code: &'static str,
    pub(super) message: String,
    /// The metric it is about.
    pub(super) metric: Option<Metric>,
}

impl Headline {
    fn new(code: &'static str, message: String) -> Self {
        Headline { code, message, metric: None }
    }
}

/// First how the process ended, if not well; then one headline for each metric that fails, the cause
/// before its consequences. A metric that only follows others gets no headline.
pub(super) fn headlines(report: &Report) -> Vec<Headline> {
    if let Some((code, message)) = outcome(report) {
        // What grew until then may be the cause.
        let mut headlines = vec![Headline::new(code, message)];
        headlines.extend(growing(report));
        return headlines;
    }
    let inconclusive = |message: &str| vec![Headline::new("inconclusive", message.to_owned())];
    match report.verdict {
        Some(Verdict::Growing) => growing(report),
        Some(Verdict::OverLimit) => over_limit(report),
        // All metrics that were read are steady.
        Some(Verdict::Inconclusive) if is_unmeasured(report) => {
            inconclusive("the Rust heap was not measured, so a leak in it would go undetected")
        }
        Some(Verdict::Inconclusive) => match phrases::leading(report) {
            Some(of) => vec![Headline {
                code: "inconclusive",
                message: format!("the readings do not show whether {} grows", of.metric),
                metric: Some(of.metric),
            }],
            None => inconclusive("the readings do not show whether anything grows"),
        },
        None => inconclusive("no metric could be judged"),
        Some(Verdict::Steady) => match &report.options.known_leak {
            Some(reason) => vec![Headline::new(
                "known-leak-gone",
                format!(
                    "this test no longer leaks; remove `known_leak = {reason:?}` so that the next leak is reported"
                ),
            )],
            None => super::proof::unproven(report)
                .into_iter()
                .map(|message| Headline::new("unproven", message))
                .collect(),
        },
    }
}

/// Whether every measured metric is steady, but the Rust heap was not measured.
fn is_unmeasured(report: &Report) -> bool {
    let uncounted = |of: &Conditions| of.rust_heap_counted == Some(false);
    report.conditions.as_ref().is_some_and(uncounted)
        && report.metrics.iter().all(|of| of.verdict == Verdict::Steady)
}

fn outcome(report: &Report) -> Option<(&'static str, String)> {
    let place = report.failed_iteration.map_or_else(
        || " outside its iterations".to_owned(),
        |iteration| format!(" in iteration {}", grouped(iteration as i64)),
    );
    Some(match &report.outcome {
        Outcome::Passed | Outcome::Skipped { .. } => return None,
        // Often a panic message, which may be coloured.
        Outcome::Failed { message } => ("failed", super::plain::plain(message)),
        Outcome::Crashed { signal } => {
            ("crashed", format!("the process was terminated by {signal}{place}"))
        }
        Outcome::Exited { status } => (
            "exited",
            format!(
                "the process exited with status {status}{place}, before the check was finished; let the test return instead"
            ),
        ),
        Outcome::Lost => (
            "lost",
            format!(
                "the process closed its connection to memcheck{place} but kept running; check whether the test closes file descriptors that it did not open"
            ),
        ),
        Outcome::TimedOut { timeout } => (
            "timed-out",
            format!(
                "the test was still running after {} s{place}; raise `timeout = \"…\"` if it needs longer",
                timeout.as_secs_f64()
            ),
        ),
        Outcome::OverCeiling { .. } => ("ceiling", phrases::over_ceiling(report, &place)?),
        Outcome::Broken { message } => ("not-measured", message.clone()),
    })
}

fn growing(report: &Report) -> Vec<Headline> {
    let ended_well = report.outcome == Outcome::Passed;
    let grows = |of: &&MetricReport| match ended_well {
        true => of.verdict == Verdict::Growing,
        false => of.rose_to_the_end(),
    };
    let growing = |metric: Metric| report.metric(metric).filter(grows);
    let mismatch = report.mismatch();
    let mut headlines: Vec<Headline> = Vec::new();
    for cause in Cause::ALL {
        if cause == Cause::Own {
            headlines.extend(mismatch.as_ref().map(|mismatch| Headline {
                code: "mismatched-free",
                message: allocators::mismatched(mismatch),
                metric: Some(mismatch.allocated_by.blocks()),
            }));
        }
        if cause == Cause::Consequence && !headlines.is_empty() {
            break;
        }
        for metric in Metric::ALL.into_iter().filter(|metric| metric.row().cause == cause) {
            // Bytes and blocks of a heap share a headline. A mismatched free has one of its own.
            let parts = match metric.row().heap {
                Heap::Blocks { .. } => continue,
                Heap::Bytes { blocks }
                    if mismatch.is_some_and(|of| of.allocated_by.blocks() == blocks) =>
                {
                    continue;
                }
                Heap::Bytes { blocks } => [growing(metric), growing(blocks)],
                Heap::Contained | Heap::None => [growing(metric), None],
            };
            if let Some(of) = parts.into_iter().flatten().next() {
                let message = phrases::growth(of.metric, parts);
                let code = of.metric.row().growth_code;
                headlines.push(Headline { code, message, metric: Some(of.metric) });
            }
        }
    }
    headlines
}

fn over_limit(report: &Report) -> Vec<Headline> {
    let exceeded = report.exceeded.iter().map(|of| Headline::new("over-limit", exceeded(of)));
    let over = report.metrics.iter().filter(|of| of.verdict == Verdict::OverLimit);
    let over = over.map(|of| {
        let limit = of.limit.unwrap_or(0);
        let limit = match of.metric.is_bytes() {
            true => Bytes(limit).to_string(),
            false => grouped(limit as i64),
        };
        let growth = signed(of.metric, of.growth);
        let growth = growth.trim_start_matches('+');
        Headline {
            code: "over-limit",
            message: format!("{} grew by {growth}, over the limit of {limit}", of.metric),
            metric: Some(of.metric),
        }
    });
    exceeded.chain(over).collect()
}
