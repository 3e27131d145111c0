//! Sentences about metrics.

use crate::metric::Metric;
use crate::report::{
    Exceeded, MetricReport, Outcome, Profile, ProfileLimit, Range, Report, Sensitivity, Shape,
    Verdict,
};
use crate::units::{Bytes, every, grouped, iterations, number, scaled};

/// What was measured, for the line of a test: the growth of heap and footprint, what else changed,
/// and over how many iterations.
pub fn measured(report: &Report) -> String {
    let mut parts = Vec::new();
    for (bytes, blocks) in
        [(Metric::HeapBytes, Metric::HeapBlocks), (Metric::NativeBytes, Metric::NativeBlocks)]
    {
        if let Some(of) = report.metric(bytes) {
            let always = bytes == Metric::HeapBytes;
            let blocks = report.metric(blocks);
            if always || is_notable(of) || blocks.is_some_and(is_notable) {
                parts.push(heap_rate(of, blocks) + &allowed(of));
            }
        }
    }
    if let Some(of) = report.metric(Metric::Resident) {
        parts.push(format!("{} {}{}", of.metric, signed_bytes(of.growth), allowed(of)));
    }
    for of in &report.metrics {
        let heap_or_resident = of.metric.is_bytes() && of.metric != Metric::FdMemory
            || matches!(of.metric, Metric::HeapBlocks | Metric::NativeBlocks);
        if !heap_or_resident && is_notable(of) {
            parts.push(format!("{} {}{}", of.metric, signed(of.metric, of.growth), allowed(of)));
        }
    }
    if let Some(profile) = &report.profile {
        parts.push(allocates(profile, report));
    }
    if report.iterations > 0 {
        parts.push(iterations(report.iterations));
    }
    parts.join(" · ")
}

/// Whether a metric has a place in the line of its test although it is not always shown.
fn is_notable(of: &MetricReport) -> bool {
    // In a run that was too short all of them are inconclusive.
    (of.verdict != Verdict::Steady || of.grows_within_limit()) && of.growth != 0
}

/// What a limit of the user lets grow, said beside the growth.
fn allowed(of: &MetricReport) -> String {
    match of.limit.filter(|_| of.grows_within_limit()) {
        None => String::new(),
        Some(limit) if of.metric.is_limited_by_rate() => format!(" ({} allowed)", Bytes(limit)),
        Some(limit) if of.metric.is_bytes() => format!(" (limit {})", Bytes(limit)),
        Some(limit) => format!(" (limit {})", grouped(limit as i64)),
    }
}

fn heap_rate(bytes: &MetricReport, blocks: Option<&MetricReport>) -> String {
    // A steady metric has no rate, whatever the last readings differ by, but one that a limit lets grow.
    let within = bytes.grows_within_limit();
    let steady = |of: &MetricReport| {
        of.verdict == Verdict::Steady && !(within && of.shape == Shape::Growing)
    };
    let rate = if steady(bytes) { 0.0 } else { bytes.rate };
    let mut text = format!("{} {}/iter", bytes.metric, signed_rate(rate));
    // A container that grows takes a new block now and then: not worth a metric.
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
/// assert_eq!(memcheck::render::count(2.0, "block"), "2 blocks");
/// ```
pub fn count(value: f64, noun: &str) -> String {
    let number = number(value);
    match noun {
        _ if number == "1" => format!("1 {noun}"),
        _ if noun.ends_with('s') => format!("{number} {noun}es"),
        _ => format!("{number} {noun}s"),
    }
}

/// What one iteration allocates on the Rust heap.
fn allocates(profile: &Profile, report: &Report) -> String {
    if profile.allocations.max == 0 {
        let of_c = report.metric(Metric::NativeBytes);
        return match of_c.is_some_and(|of| of.verdict == Verdict::Growing) {
            true => "allocates nothing on the Rust heap".to_owned(),
            false => "allocates nothing".to_owned(),
        };
    }
    let span = |range: Range, text: fn(u64) -> String| {
        let (min, max) = (text(range.min), text(range.max));
        // Two numbers may read the same.
        if min == max { min } else { format!("{min} to {max}") }
    };
    let blocks = match (profile.allocations.min, profile.allocations.max) {
        (1, 1) => "1 block".to_owned(),
        _ => format!("{} blocks", span(profile.allocations, |value| grouped(value as i64))),
    };
    format!("allocates {} in {blocks}", span(profile.bytes, |value| Bytes(value).to_string()))
}

/// The sentence for a limit that an iteration passed.
pub(super) fn exceeded(of: &Exceeded) -> String {
    let iteration = grouped(of.iteration as i64);
    let bytes = |value: u64| Bytes(value).to_string();
    match of.what {
        ProfileLimit::Allocations => {
            let limit = match of.limit {
                0 => "and must not allocate at all".to_owned(),
                limit => format!("over the limit of {}", grouped(limit as i64)),
            };
            format!("iteration {iteration} allocates {}, {limit}", count(of.value as f64, "block"))
        }
        ProfileLimit::Bytes => format!(
            "iteration {iteration} allocates {}, over the limit of {}",
            bytes(of.value),
            bytes(of.limit)
        ),
        ProfileLimit::Peak => format!(
            "iteration {iteration} has {} of heap live at its peak, over the limit of {}",
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
            "80 % of the memory available divided by the tests that run at a time; set \
             `ceiling = \"…\"` if it needs more"
        }
    };
    Some(format!(
        "stopped{place}: it used {footprint}{growing}, above its ceiling of {ceiling} ({whose})"
    ))
}

/// The metric that explains a report best: the first of those with the gravest verdict. Where
/// nothing could be told of any, the one that rose most often.
pub(super) fn leading(report: &Report) -> Option<&MetricReport> {
    let gravest = report.metrics.iter().map(|of| of.verdict).max()?;
    let mut equal = report.metrics.iter().filter(|of| of.verdict == gravest);
    match gravest {
        Verdict::Inconclusive => equal.rev().max_by_key(|of| of.rises(1)),
        _ => equal.next(),
    }
}

/// The short stable name of a growth, as in `error[heap-growth]`.
pub(super) fn growth_code(metric: Metric) -> &'static str {
    match metric {
        Metric::HeapBytes | Metric::HeapBlocks => "heap-growth",
        Metric::NativeBytes | Metric::NativeBlocks => "c-heap-growth",
        Metric::Resident => "resident-growth",
        Metric::FdMemory => "fd-memory-growth",
        Metric::Fds => "fd-growth",
        Metric::Threads => "thread-growth",
        Metric::Tasks => "task-growth",
        Metric::Children => "child-growth",
        Metric::Mappings => "mapping-growth",
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
        // Beside the blocks a container grows, or they are not all alike.
        (Some(bytes), Some(blocks)) => format!(
            "{} per iteration survive{heap}, 1 block more in {}",
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

/// The sentence for a metric other than the heap that grows.
pub(super) fn other_growth(of: &MetricReport) -> String {
    let thing = match of.metric {
        Metric::Resident => {
            return format!("the live footprint grows by {} in every iteration", scaled(of.rate));
        }
        Metric::FdMemory => {
            return format!(
                "memory held only by file descriptors grows by {} in every iteration",
                scaled(of.rate)
            );
        }
        Metric::Fds => ("file descriptor is", "file descriptors are", "left open"),
        Metric::Threads => ("thread is", "threads are", "left running"),
        Metric::Tasks => ("task is", "tasks are", "left unfinished"),
        Metric::Children => ("child process is", "child processes are", "left behind"),
        Metric::Mappings => ("mapping is", "mappings are", "left behind"),
        _ => ("item is", "items are", "left"),
    };
    let (one, many, state) = thing;
    if of.rate == 1.0 {
        format!("1 {one} {state} by every iteration")
    } else if of.rate >= 1.0 {
        format!("{} {many} {state} by every iteration", number(of.rate))
    } else {
        format!("1 {one} {state} in {}", every(1.0 / of.rate.max(1e-9)))
    }
}

/// How small a growth the run would have called growing.
pub fn sensitivity(of: &MetricReport) -> String {
    let noun = match of.metric {
        Metric::HeapBytes | Metric::HeapBlocks => "block",
        Metric::NativeBytes | Metric::NativeBlocks => "C block",
        Metric::Resident => "byte",
        Metric::FdMemory => "byte of fd memory",
        Metric::Fds => "fd",
        Metric::Threads => "thread",
        Metric::Tasks => "task",
        Metric::Children => "child",
        Metric::Mappings => "mapping",
    };
    match of.sensitivity {
        None => format!("{}: no growth could have been seen", of.metric),
        Some(Sensitivity::OneIn { iterations: 1 }) => format!("≥ 1 {noun} per iteration"),
        Some(Sensitivity::OneIn { iterations }) => {
            format!("≥ 1 {noun} per {} iterations", grouped(iterations as i64))
        }
        Some(Sensitivity::PerIteration { amount }) if of.metric.is_bytes() => {
            format!("≥ {}/iteration of {}", scaled(amount), of.metric)
        }
        Some(Sensitivity::PerIteration { amount }) => {
            format!("≥ {}/iteration", count(amount, noun))
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
    fn what_grows_within_a_limit_is_shown_with_it() {
        let mut report = Report::unobserved(TestId::default(), Outcome::Passed);
        report.iterations = 1000;
        report.metrics = vec![
            metric(Metric::HeapBytes, 8000, Some(8)),
            metric(Metric::HeapBlocks, 1000, None),
            metric(Metric::Fds, 4956, Some(100_000)),
        ];
        let line = "heap +8 B/iter in 1 block (8 B allowed) · fds +4,956 (limit 100,000) · 1,000 iterations";
        assert_eq!(measured(&report), line);
        // Without a limit nothing is allowed, and a steady metric has no rate.
        for of in &mut report.metrics {
            of.limit = None;
        }
        assert_eq!(measured(&report), "heap +0 B/iter · 1,000 iterations");
    }

    #[test]
    fn what_comes_in_nearly_every_iteration_comes_in_every_one() {
        let mut of = metric(Metric::Fds, 999, None);
        of.rate = 0.9996;
        assert_eq!(other_growth(&of), "1 file descriptor is left open in every iteration");
        of.rate = 0.5;
        assert_eq!(other_growth(&of), "1 file descriptor is left open in every 2 iterations");
    }

    #[test]
    fn of_metrics_of_which_nothing_can_be_told_the_one_that_rose_leads() {
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
        // What grows is told in the order of cause and effect.
        assert_eq!(led_by(Verdict::Growing), Some(Metric::HeapBytes));
    }
}
