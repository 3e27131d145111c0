//! A report as text that is the same in every run, for snapshots.

use crate::detect::Verdict;
use crate::metric::{Evidence, Heap, Metric};
use crate::report::{AllocationProfile, HeapChange, IterationRange, Report, Status};
use crate::units::grouped;

/// The metrics that grow on their own, in the order of the lines; then those that grow with any of
/// these, sooner or later, depending on how many iterations the clock allows.
fn metrics() -> impl Iterator<Item = Metric> {
    let told = |follows: bool| {
        Metric::ALL
            .into_iter()
            .filter(move |of| !of.is_blocks() && of.row().cause.follows() == follows)
    };
    told(false).chain(told(true))
}

impl Report {
    /// The report as text that is the same in every run, for snapshots: one line for each metric.
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
    /// Amounts are those of the 64 profiled iterations after the warm-up: exact if all agree, else
    /// `varies`. Amounts that depend on the scheduling of several threads are left out. Metrics of the
    /// kernel have a verdict only. There are no times, no addresses, no number of iterations that the
    /// clock chose and no source lines. So the text is the same under `cargo test`, nextest and
    /// `cargo memcheck`, and on another machine with the same C library.
    ///
    /// ```no_run
    /// let report = memcheck::Check::new("parsing").run(|| drop("1.5".parse::<f64>()));
    /// assert!(report.snapshot_text().starts_with("verdict        steady\n"));
    /// ```
    pub fn snapshot_text(&self) -> String {
        snapshot_text(self)
    }
}

fn snapshot_text(report: &Report) -> String {
    let mut lines = vec![("verdict", verdict(report))];
    let profile = report.profile.as_ref();
    let told = |text: fn(&AllocationProfile) -> String| profile.map_or_else(not_measured, text);
    lines.push(("allocations", told(|profile| blocks(&profile.allocations))));
    lines.push(("allocated", told(|profile| bytes(&profile.bytes, " per iteration"))));
    lines.push(("peak", told(peak)));
    let of = |metric| report.metric(metric).map(|of| of.verdict);
    let grows = metrics()
        .filter(|metric| !metric.row().cause.follows())
        .any(|metric| of(metric).is_some_and(|of| of != Verdict::Steady));
    // With several threads, scheduling decides in which iteration a block is freed, and so whether all
    // iterations agree.
    let alone = profile.filter(|profile| profile.one_thread);
    let amount = |metric: Metric| match (metric.row().heap, metric.row().evidence) {
        (Heap::Bytes { .. }, Evidence::RustHeap) => alone?.heap,
        (Heap::Bytes { .. }, Evidence::CHeap) => alone?.c_heap,
        _ => None,
    };
    for metric in metrics() {
        let text = match of(metric) {
            // Only `async` tests have this metric.
            None if metric.row().evidence == Evidence::Runtime => continue,
            None => not_measured(),
            Some(_) if grows && metric.row().cause.follows() => "follows what grows".to_owned(),
            Some(verdict) => match amount(metric) {
                Some(change) => format!("{}, {}", name(verdict), changed(&change)),
                None => name(verdict).to_owned(),
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
        (Status::Known, Some(verdict)) => format!("{}, as known", name(verdict)),
        (Status::Pass | Status::Leak | Status::Limit | Status::Unsure, Some(verdict)) => {
            name(verdict).to_owned()
        }
        (other, _) => other.text().to_owned(),
    }
}

fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Steady => "steady",
        Verdict::Inconclusive => "inconclusive",
        Verdict::OverLimit => "over limit",
        Verdict::Growing => "growing",
    }
}

fn blocks(range: &IterationRange) -> String {
    match range.min == range.max {
        true if range.min == 1 => "1 block per iteration".to_owned(),
        true => format!("{} blocks per iteration", count(range.min)),
        false => "varies".to_owned(),
    }
}

fn bytes(range: &IterationRange, per: &str) -> String {
    match range.min == range.max {
        true => format!("{} B{per}", count(range.min)),
        false => "varies".to_owned(),
    }
}

/// With several threads the peak depends on scheduling.
fn peak(profile: &AllocationProfile) -> String {
    match &profile.peak {
        Some(peak) if profile.one_thread => bytes(peak, ""),
        Some(_) => "varies (several threads)".to_owned(),
        None => not_measured(),
    }
}

fn changed(change: &HeapChange) -> String {
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
        let same = |value| IterationRange { min: value, max: value, at: 17 };
        let mut report = Report::unobserved(TestId::default(), Outcome::Passed);
        report.iterations = 4711;
        report.verdict = Some(if grows.is_empty() { Verdict::Steady } else { Verdict::Growing });
        report.metrics = metrics()
            .filter(|of| !matches!(of, Metric::NativeBytes | Metric::Tasks))
            .map(|of| {
                let grows = grows.contains(&of);
                metric(of, if grows { Verdict::Growing } else { Verdict::Steady })
            })
            .collect();
        report.profile = Some(AllocationProfile {
            iterations: 64,
            allocations: same(1),
            bytes: same(1024),
            peak: Some(same(1024)),
            heap: Some(HeapChange { min: 0, max: 0 }),
            c_heap: None,
            one_thread: true,
        });
        report
    }

    #[test]
    fn a_steady_test() {
        insta::assert_snapshot!(report(&[]).snapshot_text(), @r"
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
            profile.heap = Some(HeapChange { min: 0, max: 16 });
            profile.one_thread = false;
        }
        insta::assert_snapshot!(report.snapshot_text(), @r"
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
