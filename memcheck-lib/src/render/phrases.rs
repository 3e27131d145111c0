//! Sentences about figures.

use crate::figure::Figure;
use crate::report::{
    Exceeded, FigureReport, Outcome, Profile, ProfileLimit, Range, Report, Sensitivity, Shape,
    Verdict,
};
use crate::units::{Bytes, every, grouped, iterations, number, scaled};

/// What was measured, for the line of a test: the growth of heap and footprint, what else changed,
/// and over how many iterations.
pub fn measured(report: &Report) -> String {
    let mut parts = Vec::new();
    for (bytes, blocks) in
        [(Figure::HeapBytes, Figure::HeapBlocks), (Figure::NativeBytes, Figure::NativeBlocks)]
    {
        if let Some(of) = report.figure(bytes) {
            let always = bytes == Figure::HeapBytes;
            let blocks = report.figure(blocks);
            if always || is_notable(of) || blocks.is_some_and(is_notable) {
                parts.push(heap_rate(of, blocks) + &allowed(of));
            }
        }
    }
    if let Some(of) = report.figure(Figure::Resident) {
        parts.push(format!("{} {}{}", of.figure, signed_bytes(of.growth), allowed(of)));
    }
    for of in &report.figures {
        let heap_or_resident = of.figure.is_bytes() && of.figure != Figure::FdMemory
            || matches!(of.figure, Figure::HeapBlocks | Figure::NativeBlocks);
        if !heap_or_resident && is_notable(of) {
            parts.push(format!("{} {}{}", of.figure, signed(of.figure, of.growth), allowed(of)));
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

/// Whether a figure has a place in the line of its test although it is not always shown.
fn is_notable(of: &FigureReport) -> bool {
    // In a run that was too short all of them are inconclusive.
    (of.verdict != Verdict::Steady || of.grows_within_limit()) && of.growth != 0
}

/// What a limit of the user lets grow, said beside the growth.
fn allowed(of: &FigureReport) -> String {
    match of.limit.filter(|_| of.grows_within_limit()) {
        None => String::new(),
        Some(limit) if of.figure.is_limited_by_rate() => format!(" ({} allowed)", Bytes(limit)),
        Some(limit) if of.figure.is_bytes() => format!(" (limit {})", Bytes(limit)),
        Some(limit) => format!(" (limit {})", grouped(limit as i64)),
    }
}

fn heap_rate(bytes: &FigureReport, blocks: Option<&FigureReport>) -> String {
    // A steady figure has no rate, whatever the last readings differ by, but one that a limit lets grow.
    let within = bytes.grows_within_limit();
    let steady = |of: &FigureReport| {
        of.verdict == Verdict::Steady && !(within && of.shape == Shape::Growing)
    };
    let rate = if steady(bytes) { 0.0 } else { bytes.rate };
    let mut text = format!("{} {}/iter", bytes.figure, signed_rate(rate));
    // A container that grows takes a new block now and then: not worth a figure.
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

/// A change of a figure in its own unit, with its sign.
pub(super) fn signed(figure: Figure, change: i64) -> String {
    match figure.is_bytes() {
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
        let of_c = report.figure(Figure::NativeBytes);
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

/// The figure that explains a report best: the first of those with the gravest verdict. Where
/// nothing could be told of any, the one that rose most often.
pub(super) fn leading(report: &Report) -> Option<&FigureReport> {
    let gravest = report.figures.iter().map(|of| of.verdict).max()?;
    let mut equal = report.figures.iter().filter(|of| of.verdict == gravest);
    match gravest {
        Verdict::Inconclusive => equal.rev().max_by_key(|of| of.rises(1)),
        _ => equal.next(),
    }
}

/// The short stable name of a growth, as in `error[heap-growth]`.
pub(super) fn growth_code(figure: Figure) -> &'static str {
    match figure {
        Figure::HeapBytes | Figure::HeapBlocks => "heap-growth",
        Figure::NativeBytes | Figure::NativeBlocks => "c-heap-growth",
        Figure::Resident => "resident-growth",
        Figure::FdMemory => "fd-memory-growth",
        Figure::Fds => "fd-growth",
        Figure::Threads => "thread-growth",
        Figure::Tasks => "task-growth",
        Figure::Children => "child-growth",
        Figure::Mappings => "mapping-growth",
    }
}

/// Whether blocks may all be of this size.
fn is_whole(bytes: f64) -> bool {
    (bytes - bytes.round()).abs() < 0.005
}

/// The sentence for a heap of which bytes, blocks or both grow.
pub(super) fn heap_growth(
    heap: &str,
    bytes: Option<&FigureReport>,
    blocks: Option<&FigureReport>,
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

/// The sentence for a figure other than the heap that grows.
pub(super) fn other_growth(of: &FigureReport) -> String {
    let thing = match of.figure {
        Figure::Resident => {
            return format!("the live footprint grows by {} in every iteration", scaled(of.rate));
        }
        Figure::FdMemory => {
            return format!(
                "memory held only by file descriptors grows by {} in every iteration",
                scaled(of.rate)
            );
        }
        Figure::Fds => ("file descriptor is", "file descriptors are", "left open"),
        Figure::Threads => ("thread is", "threads are", "left running"),
        Figure::Tasks => ("task is", "tasks are", "left unfinished"),
        Figure::Children => ("child process is", "child processes are", "left behind"),
        Figure::Mappings => ("mapping is", "mappings are", "left behind"),
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
pub fn sensitivity(of: &FigureReport) -> String {
    let noun = match of.figure {
        Figure::HeapBytes | Figure::HeapBlocks => "block",
        Figure::NativeBytes | Figure::NativeBlocks => "C block",
        Figure::Resident => "byte",
        Figure::FdMemory => "byte of fd memory",
        Figure::Fds => "fd",
        Figure::Threads => "thread",
        Figure::Tasks => "task",
        Figure::Children => "child",
        Figure::Mappings => "mapping",
    };
    match of.sensitivity {
        None => format!("{}: no growth could have been seen", of.figure),
        Some(Sensitivity::OneIn { iterations: 1 }) => format!("≥ 1 {noun} per iteration"),
        Some(Sensitivity::OneIn { iterations }) => {
            format!("≥ 1 {noun} per {} iterations", grouped(iterations as i64))
        }
        Some(Sensitivity::PerIteration { amount }) if of.figure.is_bytes() => {
            format!("≥ {}/iteration of {}", scaled(amount), of.figure)
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

    fn figure(figure: Figure, growth: i64, limit: Option<u64>) -> FigureReport {
        FigureReport {
            figure,
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
        report.figures = vec![
            figure(Figure::HeapBytes, 8000, Some(8)),
            figure(Figure::HeapBlocks, 1000, None),
            figure(Figure::Fds, 4956, Some(100_000)),
        ];
        let line = "heap +8 B/iter in 1 block (8 B allowed) · fds +4,956 (limit 100,000) · 1,000 iterations";
        assert_eq!(measured(&report), line);
        // Without a limit nothing is allowed, and a steady figure has no rate.
        for of in &mut report.figures {
            of.limit = None;
        }
        assert_eq!(measured(&report), "heap +0 B/iter · 1,000 iterations");
    }

    #[test]
    fn what_comes_in_nearly_every_iteration_comes_in_every_one() {
        let mut of = figure(Figure::Fds, 999, None);
        of.rate = 0.9996;
        assert_eq!(other_growth(&of), "1 file descriptor is left open in every iteration");
        of.rate = 0.5;
        assert_eq!(other_growth(&of), "1 file descriptor is left open in every 2 iterations");
    }

    #[test]
    fn of_figures_of_which_nothing_can_be_told_the_one_that_rose_leads() {
        let figure = |figure, verdict, windows: &[i64]| FigureReport {
            figure,
            verdict,
            shape: Shape::TooShort,
            growth: 0,
            rate: 0.0,
            limit: None,
            sensitivity: None,
            windows: vec![windows.to_vec()],
        };
        let led_by = |verdict| {
            let figures = vec![
                figure(Figure::HeapBytes, verdict, &[5, 5, 5]),
                figure(Figure::Resident, verdict, &[8, 8, 9]),
                figure(Figure::Fds, verdict, &[3, 4, 5]),
                figure(Figure::Threads, verdict, &[1, 2, 3]),
            ];
            let mut report = Report::unobserved(TestId::default(), Outcome::Passed);
            report.figures = figures;
            leading(&report).map(|of| of.figure)
        };
        assert_eq!(led_by(Verdict::Inconclusive), Some(Figure::Fds));
        // What grows is told in the order of cause and effect.
        assert_eq!(led_by(Verdict::Growing), Some(Figure::HeapBytes));
    }
}
