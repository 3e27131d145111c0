//! Sentences about metrics.

use crate::metric::{GrowthPhrase, Heap, Metric};
use crate::report::{
    AllocationLimit, AllocationProfile, ExceededLimit, IterationRange, MetricReport, Outcome,
    Report, Sensitivity, Shape, Verdict,
};
use crate::units::{Bytes, every, grouped, iterations, number, scaled};

/// What was measured, for the line of a test: the growth of heap and footprint, other growth, and the
/// number of iterations.
pub fn measured(report: &Report) -> String {
    let mut parts = Vec::new();
    for of in &report.metrics {
        let row = of.metric.row();
        let blocks = match row.heap {
            Heap::Blocks { .. } => continue,
            Heap::Bytes { blocks } => report.metric(blocks),
            Heap::Contained | Heap::None => None,
        };
        if !(row.always_shown || is_notable(of) || blocks.is_some_and(is_notable)) {
            continue;
        }
        parts.push(match row.heap {
            Heap::Bytes { .. } => heap_rate(of, blocks) + &allowed(of),
            Heap::Blocks { .. } | Heap::Contained | Heap::None => {
                format!("{} {}{}", of.metric, signed(of.metric, of.growth), allowed(of))
            }
        });
    }
    if let Some(profile) = &report.profile {
        parts.push(allocates(profile, report));
    }
    if report.iterations > 0 {
        parts.push(iterations(report.iterations));
    }
    parts.join(" · ")
}

/// Whether the line of a test shows a metric that is not always shown.
fn is_notable(of: &MetricReport) -> bool {
    // In a run that was too short all metrics are inconclusive.
    (of.verdict != Verdict::Steady || of.grows_within_limit()) && of.growth != 0
}

/// The limit that allows a metric to grow, in parentheses after the growth.
fn allowed(of: &MetricReport) -> String {
    match of.limit.filter(|_| of.grows_within_limit()) {
        None => String::new(),
        Some(limit) if of.metric.is_limited_by_rate() => format!(" ({} allowed)", Bytes(limit)),
        Some(limit) if of.metric.is_bytes() => format!(" (limit {})", Bytes(limit)),
        Some(limit) => format!(" (limit {})", grouped(limit as i64)),
    }
}

fn heap_rate(bytes: &MetricReport, blocks: Option<&MetricReport>) -> String {
    // A steady metric has no rate, unless a limit allows it to grow.
    let within = bytes.grows_within_limit();
    let steady = |of: &MetricReport| {
        of.verdict == Verdict::Steady && !(within && of.shape == Shape::Growing)
    };
    let rate = if steady(bytes) { 0.0 } else { bytes.rate };
    let mut text = format!("{} {}/iter", bytes.metric, signed_rate(rate));
    // A container that grows takes a new block now and then, which is not worth showing.
    if let Some(blocks) = blocks.filter(|of| !steady(of) && of.rate >= 0.005) {
        text.push_str(&format!(" in {}", count(blocks.rate, "block")));
    }
    text
}

fn signed_rate(rate: f64) -> String {
    if rate < 0.0 { scaled(rate) } else { format!("+{}", scaled(rate)) }
}

fn signed_bytes(bytes: i64) -> String {
    signed_rate(bytes as f64)
}

/// A change of a metric in its own unit, with its sign.
pub(super) fn signed(metric: Metric, change: i64) -> String {
    match metric.is_bytes() {
        true => signed_bytes(change),
        false if change < 0 => grouped(change),
        false => format!("+{}", grouped(change)),
    }
}

/// `1 block`, `2 blocks`, `0.5 blocks`.
///
/// ```
/// assert_eq!(memcheck::tool::render::count(2.0, "block"), "2 blocks");
/// ```
pub fn count(value: f64, noun: &str) -> String {
    let plural = if noun.ends_with('s') { "es" } else { "s" };
    counted(value, [noun, &format!("{noun}{plural}")])
}

/// A number with the noun for one or for several.
fn counted(value: f64, [one, several]: [&str; 2]) -> String {
    let number = number(value);
    if number == "1" { format!("1 {one}") } else { format!("{number} {several}") }
}

/// What one iteration allocates on the Rust heap.
fn allocates(profile: &AllocationProfile, report: &Report) -> String {
    if profile.allocations.max == 0 {
        let of_c = report.metric(Metric::NativeBytes);
        return match of_c.is_some_and(|of| of.verdict == Verdict::Growing) {
            true => "allocates nothing on the Rust heap".to_owned(),
            false => "allocates nothing".to_owned(),
        };
    }
    let span = |range: IterationRange, text: fn(u64) -> String| {
        let (min, max) = (text(range.min), text(range.max));
        // Two numbers may be printed alike.
        if min == max { min } else { format!("{min} to {max}") }
    };
    let blocks = match (profile.allocations.min, profile.allocations.max) {
        (1, 1) => "1 block".to_owned(),
        _ => format!("{} blocks", span(profile.allocations, |value| grouped(value as i64))),
    };
    format!("allocates {} in {blocks}", span(profile.bytes, |value| Bytes(value).to_string()))
}

/// The sentence for a limit that an iteration exceeded.
pub(super) fn exceeded(of: &ExceededLimit) -> String {
    let iteration = grouped(of.iteration as i64);
    let bytes = |value: u64| Bytes(value).to_string();
    match of.what {
        AllocationLimit::Allocations => {
            let (blocks, limit) = (count(of.value as f64, "block"), grouped(of.limit as i64));
            format!("iteration {iteration} allocates {blocks}, over the limit of {limit}")
        }
        AllocationLimit::Bytes => format!(
            "iteration {iteration} allocates {}, over the limit of {}",
            bytes(of.value),
            bytes(of.limit)
        ),
        AllocationLimit::Peak => format!(
            "the live heap of iteration {iteration} peaks at {}, over the limit of {}",
            bytes(of.value),
            bytes(of.limit)
        ),
    }
}

/// The sentence for a worker that was stopped at its ceiling; `None` for any other.
pub(super) fn over_ceiling(report: &Report, place: &str) -> Option<String> {
    let Outcome::OverCeiling { footprint, ceiling, per_iteration, per_second } = report.outcome
    else {
        return None;
    };
    let rates = [(per_iteration, "an iteration"), (per_second, "a second")];
    let rates: Vec<String> = rates
        .into_iter()
        .filter_map(|(rate, per)| rate.map(|rate| format!("{rate} {per}")))
        .collect();
    let growing = match rates.is_empty() {
        true => String::new(),
        false => format!(", growing by {}", rates.join(", ")),
    };
    let whose = match report.options.ceiling {
        Some(_) => "raise `ceiling = \"…\"` if it needs more",
        None => {
            "80 % of the available memory, divided by the number of tests that run at the same \
             time; set `ceiling = \"…\"` if it needs more"
        }
    };
    Some(format!(
        "the test was stopped{place}: it used {footprint}{growing}, above its ceiling of {ceiling} ({whose})"
    ))
}

/// The metric that explains a report best: the first of those with the most severe verdict. If all are
/// inconclusive, the one that rose most often.
pub(super) fn leading(report: &Report) -> Option<&MetricReport> {
    let gravest = report.metrics.iter().map(|of| of.verdict).max()?;
    let mut equal = report.metrics.iter().filter(|of| of.verdict == gravest);
    match gravest {
        Verdict::Inconclusive => equal.rev().max_by_key(|of| of.rises(1)),
        _ => equal.next(),
    }
}

/// Whether blocks may all be of this size.
fn is_whole(bytes: f64) -> bool {
    (bytes - bytes.round()).abs() < 0.005
}

/// The sentence for a heap of which bytes, blocks or both grow.
pub(super) fn heap_growth(
    heap: &str,
    bytes: Option<&MetricReport>,
    blocks: Option<&MetricReport>,
) -> String {
    match (bytes.map(|of| of.rate), blocks.map(|of| of.rate)) {
        (Some(bytes), Some(blocks)) if blocks >= 1.0 => {
            let verb = if blocks == 1.0 { "survives" } else { "survive" };
            format!("{} in {} {verb} every iteration{heap}", scaled(bytes), count(blocks, "block"))
        }
        (Some(bytes), Some(blocks)) if is_whole(bytes / blocks) => format!(
            "1 block of {} survives in {}{heap}",
            scaled(bytes / blocks),
            every(1.0 / blocks)
        ),
        // A container grows as well, or the blocks differ in size.
        (Some(bytes), Some(blocks)) => format!(
            "{} per iteration survive{heap}, with 1 new block in {}",
            scaled(bytes),
            every(1.0 / blocks)
        ),
        (Some(bytes), None) => format!(
            "{} per iteration survive{heap}, in no new blocks: a container grows",
            scaled(bytes)
        ),
        (None, Some(blocks)) => {
            format!("{} per iteration survive{heap}", count(blocks, "block"))
        }
        (None, None) => format!("memory survives the iterations{heap}"),
    }
}

/// The sentence for a metric that grows: of a heap, its bytes and its blocks as far as they grow.
pub(super) fn growth(metric: Metric, [first, blocks]: [Option<&MetricReport>; 2]) -> String {
    let rate = first.or(blocks).map_or(0.0, |of| of.rate);
    match metric.row().growth {
        GrowthPhrase::Survives(heap) => heap_growth(heap, first, blocks),
        GrowthPhrase::Grows(subject) => {
            format!("{subject} grows by {} in every iteration", scaled(rate))
        }
        GrowthPhrase::Left([one, _], state) if rate == 1.0 => {
            format!("1 {one} {state} by every iteration")
        }
        GrowthPhrase::Left([_, many], state) if rate > 1.0 => {
            format!("{} {many} {state} by every iteration", number(rate))
        }
        GrowthPhrase::Left([one, _], state) => {
            format!("1 {one} {state} in {}", every(1.0 / rate.max(1e-9)))
        }
    }
}

/// The smallest growth that the run would have called growing.
pub fn sensitivity(of: &MetricReport) -> String {
    let noun = of.metric.row().noun;
    match of.sensitivity {
        None => format!("{}: too short to detect growth", of.metric),
        Some(Sensitivity::OneIn { iterations: 1 }) => format!("≥ 1 {} per iteration", noun[0]),
        Some(Sensitivity::OneIn { iterations }) => {
            format!("≥ 1 {} per {} iterations", noun[0], grouped(iterations as i64))
        }
        Some(Sensitivity::PerIteration { amount }) if of.metric.is_bytes() => {
            format!("≥ {}/iteration of {}", scaled(amount), of.metric)
        }
        Some(Sensitivity::PerIteration { amount }) => {
            format!("≥ {}/iteration", counted(amount, noun))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::TestId;

    fn metric(metric: Metric, growth: i64, limit: Option<u64>) -> MetricReport {
        MetricReport {
            metric,
            verdict: Verdict::Steady,
            shape: Shape::Growing,
            growth,
            rate: growth as f64 / 1000.0,
            limit,
            sensitivity: None,
            windows: Vec::new(),
        }
    }

    #[test]
    fn growth_within_a_limit_is_shown_with_the_limit() {
        let mut report = Report::unobserved(TestId::default(), Outcome::Passed);
        report.iterations = 1000;
        report.metrics = vec![
            metric(Metric::HeapBytes, 8000, Some(8)),
            metric(Metric::HeapBlocks, 1000, None),
            metric(Metric::Fds, 4956, Some(100_000)),
        ];
        let line = "heap +8 B/iter in 1 block (8 B allowed) · fds +4,956 (limit 100,000) · 1,000 iterations";
        assert_eq!(measured(&report), line);
        // Without a limit a steady metric has no rate.
        for of in &mut report.metrics {
            of.limit = None;
        }
        assert_eq!(measured(&report), "heap +0 B/iter · 1,000 iterations");
    }

    #[test]
    fn rate_of_nearly_one_is_every_iteration() {
        let mut of = metric(Metric::Fds, 999, None);
        of.rate = 0.9996;
        assert_eq!(
            growth(Metric::Fds, [Some(&of), None]),
            "1 file descriptor is left open in every iteration"
        );
        of.rate = 0.5;
        assert_eq!(
            growth(Metric::Fds, [Some(&of), None]),
            "1 file descriptor is left open in every 2 iterations"
        );
    }

    #[test]
    fn inconclusive_metric_that_rose_most_often_leads() {
        let metric = |metric, verdict, windows: &[i64]| MetricReport {
            metric,
            verdict,
            shape: Shape::TooShort,
            growth: 0,
            rate: 0.0,
            limit: None,
            sensitivity: None,
            windows: vec![windows.to_vec()],
        };
        let led_by = |verdict| {
            let metrics = vec![
                metric(Metric::HeapBytes, verdict, &[5, 5, 5]),
                metric(Metric::Resident, verdict, &[8, 8, 9]),
                metric(Metric::Fds, verdict, &[3, 4, 5]),
                metric(Metric::Threads, verdict, &[1, 2, 3]),
            ];
            let mut report = Report::unobserved(TestId::default(), Outcome::Passed);
            report.metrics = metrics;
            leading(&report).map(|of| of.metric)
        };
        assert_eq!(led_by(Verdict::Inconclusive), Some(Metric::Fds));
        // Growing metrics lead in the order of cause and effect.
        assert_eq!(led_by(Verdict::Growing), Some(Metric::HeapBytes));
    }
}
