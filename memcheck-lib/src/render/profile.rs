//! A report as a text that comes out the same in every run: for snapshots.

use crate::detect::Verdict;
use crate::metric::Metric;
use crate::report::{Change, Profile, Range, Report, Status};
use crate::units::grouped;

/// The metrics that are counted to the item, in which growth is growth of its own.
const COUNTED: [Metric; 6] = [
    Metric::HeapBytes,
    Metric::NativeBytes,
    Metric::Fds,
    Metric::Threads,
    Metric::Tasks,
    Metric::Children,
];

/// What grows with any of [`COUNTED`], sooner or later by how many iterations the clock allows.
const FOLLOWING: [Metric; 3] = [Metric::Resident, Metric::FdMemory, Metric::Mappings];

/// The profile of a test, one metric to a line: its verdict, and what an iteration allocates.
///
/// ```text
/// verdict        steady
/// allocations    2 blocks per iteration
/// allocated      48 B per iteration
/// peak           32 B
/// heap           steady, +0 B per iteration
/// C heap         steady, +0 B per iteration
/// fds            steady
/// …
/// ```
///
/// Amounts are those of the 64 fixed iterations after the warm-up: exact when all agree, else
/// `varies`; what depends on who of several threads runs when is left out. What the kernel counts is there as a verdict. There are no times, no addresses, no
/// number of iterations that the clock chose and no source lines, so the text is the same under
/// `cargo test`, nextest and `cargo memcheck`, and on another machine with the same C library.
pub fn profile(report: &Report) -> String {
    let mut lines = vec![("verdict", verdict(report))];
    let profile = report.profile.as_ref();
    let told = |text: fn(&Profile) -> String| profile.map_or_else(not_measured, text);
    lines.push(("allocations", told(|profile| blocks(&profile.allocations))));
    lines.push(("allocated", told(|profile| bytes(&profile.bytes, " per iteration"))));
    lines.push(("peak", told(peak)));
    let of = |metric| report.metric(metric).map(|of| of.verdict);
    let grows = COUNTED.iter().any(|&metric| of(metric).is_some_and(|of| of != Verdict::Steady));
    // With several threads it is a matter of who runs when on which side of the end of an iteration a
    // block is freed, and with that whether all iterations agree.
    let alone = profile.filter(|profile| profile.one_thread);
    let amount = |metric| match metric {
        Metric::HeapBytes => Some(alone?.heap),
        Metric::NativeBytes => Some(alone?.c_heap),
        _ => None,
    };
    for metric in COUNTED.into_iter().chain(FOLLOWING) {
        let text = match of(metric) {
            // Only the runtime of an `async` test has any.
            None if metric == Metric::Tasks => continue,
            None => not_measured(),
            Some(_) if grows && FOLLOWING.contains(&metric) => "follows what grows".to_owned(),
            Some(verdict) => match amount(metric).flatten() {
                Some(change) => format!("{}, {}", word(verdict), changed(&change)),
                None => word(verdict).to_owned(),
            },
        };
        lines.push((metric.name(), text));
    }
    lines.iter().map(|(name, text)| format!("{name:<15}{text}\n")).collect()
}

fn not_measured() -> String {
    "not measured".to_owned()
}

fn verdict(report: &Report) -> String {
    match (report.status(), report.verdict) {
        (Status::Known, Some(verdict)) => format!("{}, as known", word(verdict)),
        (Status::Pass | Status::Leak | Status::Limit | Status::Unsure, Some(verdict)) => {
            word(verdict).to_owned()
        }
        (other, _) => other.text().to_owned(),
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Steady => "steady",
        Verdict::Inconclusive => "inconclusive",
        Verdict::OverLimit => "over limit",
        Verdict::Growing => "growing",
    }
}

fn blocks(range: &Range) -> String {
    match range.min == range.max {
        true if range.min == 1 => "1 block per iteration".to_owned(),
        true => format!("{} blocks per iteration", count(range.min)),
        false => "varies".to_owned(),
    }
}

fn bytes(range: &Range, per: &str) -> String {
    match range.min == range.max {
        true => format!("{} B{per}", count(range.min)),
        false => "varies".to_owned(),
    }
}

/// With several threads the highest point is a matter of who ran when.
fn peak(profile: &Profile) -> String {
    match &profile.peak {
        Some(peak) if profile.one_thread => bytes(peak, ""),
        Some(_) => "varies (several threads)".to_owned(),
        None => not_measured(),
    }
}

fn changed(change: &Change) -> String {
    match change.min == change.max {
        true => {
            let sign = if change.min < 0 { "" } else { "+" };
            format!("{sign}{} B per iteration", grouped(change.min))
        }
        false => "varies".to_owned(),
    }
}

fn count(value: u64) -> String {
    grouped(i64::try_from(value).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::{MetricReport, Shape};
    use crate::report::{Outcome, TestId};

    fn metric(metric: Metric, verdict: Verdict) -> MetricReport {
        let windows = vec![vec![1]];
        let (shape, limit, sensitivity) = (Shape::Steady, None, None);
        MetricReport { metric, verdict, shape, growth: 7, rate: 0.3, limit, sensitivity, windows }
    }

    fn report(grows: &[Metric]) -> Report {
        let same = |value| Range { min: value, max: value, at: 17 };
        let mut report = Report::unobserved(TestId::default(), Outcome::Passed);
        report.iterations = 4711;
        report.verdict = Some(if grows.is_empty() { Verdict::Steady } else { Verdict::Growing });
        report.metrics = COUNTED
            .into_iter()
            .chain(FOLLOWING)
            .filter(|of| !matches!(of, Metric::NativeBytes | Metric::Tasks))
            .map(|of| {
                let grows = grows.contains(&of);
                metric(of, if grows { Verdict::Growing } else { Verdict::Steady })
            })
            .collect();
        report.profile = Some(Profile {
            iterations: 64,
            allocations: same(1),
            bytes: same(1024),
            peak: Some(same(1024)),
            heap: Some(Change { min: 0, max: 0 }),
            c_heap: None,
            one_thread: true,
        });
        report
    }

    #[test]
    fn a_steady_test() {
        insta::assert_snapshot!(profile(&report(&[])), @r"
        verdict        steady
        allocations    1 block per iteration
        allocated      1,024 B per iteration
        peak           1,024 B
        heap           steady, +0 B per iteration
        C heap         not measured
        fds            steady
        threads        steady
        children       steady
        resident       steady
        fd memory      steady
        mappings       steady
        ");
    }

    #[test]
    fn a_known_leak_whose_amounts_vary() {
        let mut report = report(&[Metric::HeapBytes, Metric::Resident]);
        report.options = crate::Options::new().known_leak("issue 7");
        if let Some(profile) = &mut report.profile {
            profile.bytes.max = 2048;
            profile.heap = Some(Change { min: 0, max: 16 });
            profile.one_thread = false;
        }
        insta::assert_snapshot!(report, @r"
        verdict        growing, as known
        allocations    1 block per iteration
        allocated      varies
        peak           varies (several threads)
        heap           growing
        C heap         not measured
        fds            steady
        threads        steady
        children       steady
        resident       follows what grows
        fd memory      follows what grows
        mappings       follows what grows
        ");
    }
}
